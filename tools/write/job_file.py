"""What `jobs.yaml` declares: which jobs there are, how each is called, checked and undone."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, ValidationError, model_validator

from bot.errors import ConfigError
from bot.incident.model import Probe, Risk, Value
from tools import address
from tools.write.job_fill import has_float, places
from tools.write.job_param import Param, ParamValue

MEND = {
    "extra_forbidden": "unknown key; correct or remove it",
    "missing": "is missing; add it",
}
SHOWN_PROBLEMS = 5

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
ParamName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")]
Pointer = Annotated[str, Field(pattern=r"^(/[^/]+)+$", max_length=200)]
SecretName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]


def _fixed(url: str) -> str:
    if "{" in url or "}" in url:
        raise ValueError("an address is fixed; give what varies as a parameter")
    return address.checked(url)


Fixed = Annotated[str, AfterValidator(_fixed)]


class Preview(Value):
    """How to ask for a rehearsal: what is added to the address's query."""

    query: dict[str, str] = Field(min_length=1)


class Before(Value):
    """A read that captures what an undo will need: names and JSON pointers into the answer."""

    url: Fixed
    take: dict[ParamName, Pointer] = Field(min_length=1)


class ReadBack(Value):
    """A read that tells whether an interrupted call took effect: `field` then equals `equals`."""

    url: Fixed
    field: Pointer
    equals: ParamValue


class UndoJob(Value):
    """The job that takes it back; its parameters may hold `{param}` and `{before.name}`."""

    job: Word
    params: dict[ParamName, ParamValue] = Field(default_factory=dict)


class Job(Value):
    """One job. `body` None sends the parameters themselves; `timeout_s` bounds one call.

    It has an `undo`, or `ends` says in words how it ends by itself or why nothing needs taking
    back; what has neither says `undo: irreversible`, and is high risk (E-21).
    The kill switch may cut a `cancellable` job's call off in the middle; what became of it is then
    unknown, unless `read_back` tells (E-35). An
    `idempotent` one's call that was never sent is made again (E-12).
    """

    name: Word
    title: str = Field(min_length=1, max_length=200)
    url: Fixed
    method: Literal["POST"] = "POST"
    allow_http: bool = False
    auth: Literal["bearer", "basic", "none"]
    secret: SecretName | Literal[""] = ""
    params: dict[ParamName, Param] = Field(default={}, max_length=20)
    send: Literal["json", "form"] = "json"
    body: JsonValue = None
    service_param: str = ""
    environment: str = ""
    target: str = Field(min_length=1, max_length=200)
    risk: Risk
    preview: Preview | Literal["none"]
    before: Before | None = None
    undo: UndoJob | Literal["irreversible"] | None = None
    ends: str = Field(default="", max_length=200)
    preconditions: tuple[Probe, ...] = ()
    verify: tuple[Probe, ...] = Field(min_length=1)
    verify_after_s: tuple[Annotated[int, Field(ge=1, le=86400)], ...] = Field(
        default=(60, 300, 900), min_length=1, max_length=5
    )
    timeout_s: float = Field(default=10, ge=0.05, le=60)
    idempotent: bool = False
    cancellable: bool = False
    read_back: ReadBack | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Job":
        for wrong in (*_addresses(self), *_credentials(self), *_fills(self), *_after(self)):
            raise ValueError(wrong)
        if list(self.verify_after_s) != sorted(set(self.verify_after_s)):
            raise ValueError("verify_after_s must rise")
        if self.send == "form" and self.body is not None:
            raise ValueError("a form holds the parameters only; take body out, or send json")
        return self

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the whole declaration; the order of its keys does not count."""
        declaration = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)
        return hashlib.sha256(declaration.encode()).hexdigest()


class JobFile(Value):
    """All of `jobs.yaml`."""

    jobs: tuple[Job, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> "JobFile":
        by_name = {job.name: job for job in self.jobs}
        if len(by_name) < len(self.jobs):
            raise ValueError("two jobs have one name; rename one")
        for job in self.jobs:
            if not isinstance(job.undo, UndoJob):
                continue
            inverse = by_name.get(job.undo.job)
            if inverse is None:
                raise ValueError(f"{job.name}: undo names no job of this file")
            if set(job.undo.params) != set(inverse.params):
                takes = ", ".join(inverse.params) or "none"
                raise ValueError(f"{job.name}: undo must give exactly the parameters {takes}")
        return self


def parse(document: JsonValue) -> tuple[Job, ...]:
    """Return the jobs of a parsed `jobs.yaml`, in order; none when the file is empty or absent.

    Raises:
        ConfigError: It cannot be used; the message names each place and its mend.
    """
    try:
        return JobFile.model_validate(document or {}).jobs
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        told = [
            f"{_place(one['loc'], document)}{_mend(one['type'], one['msg'])}"
            for one in found[:SHOWN_PROBLEMS]
        ]
        more = len(found) - len(told)
        raise ConfigError(
            f"jobs.yaml: {'; '.join(told)}{f'; and {more} more' if more else ''}"
        ) from None


def _addresses(job: Job) -> Iterator[str]:
    urls = [job.url]
    urls += [one.url for one in (job.before, job.read_back) if one]
    for url in urls:
        if not job.allow_http and not address.encrypted_or_here(url):
            yield f"{address.shown(url)} is not https; use https, or say allow_http: true"


def _credentials(job: Job) -> Iterator[str]:
    if (job.auth == "none") == bool(job.secret):
        yield "auth and secret belong together: name the variable, or say auth: none"


def _after(job: Job) -> Iterator[str]:
    ends = job.ends.strip()
    if job.undo is None and not ends:
        yield "undo is missing; name the job that takes it back, or say ends, or irreversible"
    if job.undo is not None and ends:
        yield "undo and ends exclude each other; keep the one that is true"


def _fills(job: Job) -> Iterator[str]:
    if job.service_param and job.service_param not in job.params:
        yield f"service_param names no parameter: {job.service_param}"
    params = set(job.params)
    captured = {f"before.{name}" for name in job.before.take} if job.before else set[str]()
    probes: list[JsonValue] = [
        probe.model_dump(mode="json", by_alias=True) for probe in (*job.preconditions, *job.verify)
    ]
    undo: JsonValue = dict(job.undo.params) if isinstance(job.undo, UndoJob) else {}
    equals: JsonValue = job.read_back.equals if job.read_back else None
    plain: list[JsonValue] = [job.title, job.target, job.ends, job.body, equals]
    for name in sorted({*places(plain)} - params):
        yield f"{{{name}}} is no parameter of this job"
    for name in sorted({*places(probes), *places(undo)} - params - captured):
        yield f"{{{name}}} is neither a parameter of this job nor captured by before"
    if has_float([*probes, job.body]):
        yield 'write numbers in probes and body as whole numbers or text, such as "0.05"'


def _mend(kind: str, message: str) -> str:
    return MEND.get(kind, message.removeprefix("Value error, "))


def _place(location: Sequence[int | str], document: JsonValue) -> str:
    """Return where a problem is: the job's name if it has one, then the keys."""
    words: list[str] = []
    here: JsonValue = document
    for part in location:
        if isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            name = here.get("name") if isinstance(here, dict) else None
            words.append(str(name)[:64] if name else f"no. {part + 1}")
        else:
            here = here.get(str(part)) if isinstance(here, dict) else None
            words.append(str(part))
    return f"{', '.join(words)}: " if words else ""
