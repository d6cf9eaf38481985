"""Runs jobs the operator declared in `jobs.yaml`: a fixed address, typed parameters, one call."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

from httpx import AsyncClient
from pydantic import Field, JsonValue

from bot.errors import ConfigError, RemoteError, ToolError
from bot.incident.model import Observation, Value
from bot.shelf import (
    NOTHING_FITS,
    ActionCall,
    Assurance,
    Needs,
    Plan,
    Tool,
    ToolResult,
    of_inventory,
)
from tools import address
from tools.credential import Credential, basic, bearer
from tools.http import Answer, Call, Remote, client
from tools.words import bounded, line
from tools.write.job_file import Job, parse
from tools.write.job_fill import fill, fill_text, pointed
from tools.write.job_param import EXACT, ParamValue, check, closed
from tools.write.job_plan import PREVIEW_CHARS, Wanted, indented, plan

CAPTURED_CHARS = 200
LINKS = ("run_url", "link", "url")


class JobRun(Value):
    """Run one declared job with exactly its declared parameters."""

    job: str = Field(
        min_length=1,
        max_length=64,
        description="A job of jobs.yaml.",
        json_schema_extra=of_inventory("jobs"),
    )
    params: dict[str, ParamValue] = Field(
        default_factory=dict, max_length=20, description="Exactly the job's parameters."
    )


@dataclass(frozen=True, slots=True)
class Running:
    """`job_run`, opened. `jobs.yaml` is read at each use, so a reload counts at once."""

    client: AsyncClient
    needs: Needs

    async def plan(self, args: JobRun) -> Plan:
        """Say what the job would do: captured state, the target's own rehearsal, and the undo."""
        jobs = self._jobs()
        job = _checked(jobs, args)
        before = await self._before(job)
        rehearsed = await self._rehearse(job, args)
        return plan(Wanted(job, args.params, before), jobs, rehearsed)

    def cancellable(self, args: JobRun) -> bool:
        """Tell whether the job's declaration allows to cut its call off."""
        return _named(self._jobs(), args).cancellable

    def idempotent(self, args: JobRun) -> bool:
        """Tell whether the job's declaration allows to make a call again that was never sent."""
        return _named(self._jobs(), args).idempotent

    def declared(self, args: JobRun) -> str:
        """Return the digest of the job's declaration, as `jobs.yaml` says it now."""
        return _named(self._jobs(), args).digest

    async def run(self, args: JobRun, call: ActionCall) -> ToolResult:
        """Call the job once; the target gets the key as `Idempotency-Key`."""
        job = _checked(self._jobs(), args)
        remote = self._remote(job, job.url)
        answer = await remote.send(_call(job, args, headers={"idempotency-key": call.key}))
        if answer.refused:
            raise ToolError(line(f"job {job.name} was refused: {_said(answer)}"))
        if not answer.ok:
            raise answer.refusal(_said(answer))
        body = _body(answer)
        ok = not (isinstance(body, dict) and body.get("ok") is False)
        told = "done" if ok else "answers that it failed"
        return ToolResult(
            summary=line(f"job {job.name} {told} (HTTP {answer.status}): {_said(answer)}"),
            facts=(Observation(name="status", value=answer.status),),
            body=bounded({"asked": args.model_dump(mode="json"), "answer": body}),
            ok=ok,
            link=_link(job, answer, body),
        )

    async def read_back(self, args: JobRun, key: str) -> ToolResult | None:
        """Return success where the job's `read_back` shows it; anything else proves nothing."""
        _ = key
        job = _checked(self._jobs(), args)
        if job.read_back is None:
            return None
        document = await self._read(job, job.read_back.url)
        found = pointed(document, job.read_back.field)
        wanted = fill(job.read_back.equals, dict[str, JsonValue](args.params))
        if type(found) is not type(wanted) or found != wanted:
            return None
        return ToolResult(
            summary=line(f"{job.read_back.field} is {found}: job {job.name} took effect"),
            body=bounded(document),
        )

    def _jobs(self) -> dict[str, Job]:
        try:
            return {job.name: job for job in parse(self.needs.folder("jobs.yaml"))}
        except ConfigError as error:
            raise ToolError(line(str(error))) from None

    def _remote(self, job: Job, url: str) -> Remote:
        """Return what speaks to `url`; the credential goes nowhere but where the job runs."""
        credential = Credential()
        if job.auth != "none" and address.same_origin(url, job.url):
            try:
                credential = _credential(job, self.needs)
            except ConfigError as error:
                raise ToolError(line(str(error))) from None
        return Remote(self.client, f"job {job.name}", url, credential, job.timeout_s)

    async def _read(self, job: Job, url: str) -> JsonValue:
        return (await self._remote(job, url).get(Call("GET"))).json()

    async def _before(self, job: Job) -> dict[str, JsonValue]:
        if job.before is None:
            return {}
        document = await self._read(job, job.before.url)
        captured: dict[str, JsonValue] = {}
        for name, pointer in job.before.take.items():
            value = pointed(document, pointer)
            if not _short(value):
                where = f"{address.shown(job.before.url)} {pointer}"
                raise ToolError(f"job {job.name}: {where} holds no short text or whole number")
            captured[name] = value
        return captured

    async def _rehearse(self, job: Job, args: JobRun) -> str | None:
        if job.preview == "none":
            return None
        query = tuple(job.preview.query.items())
        answer = await self._remote(job, job.url).send(_call(job, args, query=query))
        if answer.refused:
            raise ToolError(line(f"job {job.name} would be refused: {_said(answer)}"))
        if not answer.ok:
            raise answer.refusal(_said(answer))
        try:
            return indented(answer.json())
        except RemoteError:
            return answer.text(PREVIEW_CHARS)


def args_schema(needs: Needs) -> dict[str, JsonValue]:
    """Return the JSON schema of `JobRun` closed over the declared jobs: one variant a job.

    Raises:
        ConfigError: `jobs.yaml` cannot be used.
    """
    variants: list[JsonValue] = [
        {
            "type": "object",
            "properties": {
                "job": {"type": "string", "enum": [job.name]},
                "params": closed(job.params),
            },
            "required": ["job", "params"],
            "additionalProperties": False,
        }
        for job in parse(needs.folder("jobs.yaml"))
    ]
    return {"anyOf": variants} if variants else NOTHING_FITS


@asynccontextmanager
async def open_jobs(needs: Needs) -> AsyncGenerator[Running]:
    """Yield the action; a job may be declared later, so none yet is no reason to stay away.

    Raises:
        ConfigError: `jobs.yaml` cannot be used, or a job's secret is not set.
    """
    for job in parse(needs.folder("jobs.yaml")):
        _credential(job, needs)

    def reach() -> Iterator[str]:
        for job in parse(needs.folder("jobs.yaml")):
            yield from (job.url, *(one.url for one in (job.before, job.read_back) if one))

    async with client(needs, reach) as http:
        yield Running(http, needs)


def _short(value: JsonValue) -> bool:
    """Return whether a captured value can be part of what is approved."""
    if isinstance(value, int):
        return abs(value) <= EXACT
    return isinstance(value, str) and len(value) <= CAPTURED_CHARS


def _named(jobs: Mapping[str, Job], args: JobRun) -> Job:
    job = jobs.get(args.job)
    if job is None:
        known = ", ".join(jobs) or "none"
        raise ToolError(line(f"there is no job {args.job!r} in jobs.yaml; it has {known}"))
    return job


def _checked(jobs: Mapping[str, Job], args: JobRun) -> Job:
    job = _named(jobs, args)
    check(job.name, job.params, args.params)
    return job


def _credential(job: Job, needs: Needs) -> Credential:
    if job.auth == "none":
        return Credential()
    secret = needs.secret(job.secret)
    if not secret:
        raise ConfigError(f"{job.secret} is not set, and job {job.name} needs it; set it")
    if job.auth == "bearer":
        return bearer(secret, job.secret)
    if ":" not in secret:
        raise ConfigError(f"{job.secret} must be user:password, as job {job.name} says auth: basic")
    return basic(secret, job.secret)


def _call(
    job: Job,
    args: JobRun,
    query: tuple[tuple[str, str], ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Call:
    params = dict[str, JsonValue](args.params)
    if job.send == "form":
        form = {name: fill_text(f"{{{name}}}", params) for name in params}
        return Call(job.method, query=query, form=form, headers=headers or {})
    body = params if job.body is None else fill(job.body, params)
    return Call(job.method, query=query, body=body, headers=headers or {})


def _body(answer: Answer) -> JsonValue:
    try:
        return answer.json()
    except RemoteError:
        return answer.text(PREVIEW_CHARS)


def _said(answer: Answer) -> str:
    """Return the target's own words, from the usual fields of its JSON, or its text."""
    body = _body(answer)
    if isinstance(body, dict):
        for name in ("message", "error", "detail", "would", "status"):
            if isinstance(said := body.get(name), str) and said:
                return line(said, 300)
    return line(answer.text(), 300) or f"HTTP {answer.status}"


def _link(job: Job, answer: Answer, body: JsonValue) -> str:
    found = [body.get(name) for name in LINKS] if isinstance(body, dict) else []
    location = answer.credential.scrub(answer.headers.get("location", ""))
    found.append(urljoin(job.url, location) if location else "")
    return next((link for one in found if (link := address.link(one))), "")


job_run = Tool(
    name="job_run",
    kind="action",
    version="1",
    description=(
        "Run a job the operator declared, with exactly its declared parameters. It can be "
        "rehearsed, verified and undone as far as its declaration says. Facts: status."
    ),
    args=JobRun,
    open=open_jobs,
    facts=("status",),
    timeout_s=65.0,
    cancellable=True,
    idempotent=True,
    schema=args_schema,
    assurance=Assurance(preview="declared", verify="declared", undo="declared"),
)
