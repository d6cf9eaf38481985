"""What a job would do with given parameters, as humans see it; nothing here speaks to a system."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter

from bot.errors import ToolError
from bot.incident.model import Probe
from bot.incident.proposal import Undo
from bot.shelf import Plan
from tools import address
from tools.words import line
from tools.write.job_file import Job, UndoJob
from tools.write.job_fill import fill, fill_text
from tools.write.job_param import ParamValue, check

PARAMS: TypeAdapter[dict[str, ParamValue]] = TypeAdapter(dict[str, ParamValue])
PREVIEW_CHARS = 2000
NO_PREVIEW = "no preview available: this job declares none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job, checked parameters, and the state captured before it ("" names: none)."""

    job: Job
    params: Mapping[str, ParamValue]
    before: Mapping[str, JsonValue]

    @property
    def known(self) -> dict[str, JsonValue]:
        """What places can be filled with."""
        captured = {f"before.{name}": value for name, value in self.before.items()}
        return {**self.params, **captured}


def plan(wanted: Wanted, jobs: Mapping[str, Job], rehearsed: str | None) -> Plan:
    """Return the plan; `rehearsed` is what the target said it would do, None without a rehearsal.

    Raises:
        ToolError: The captured state does not fit the undo job.
    """
    job, known = wanted.job, wanted.known
    service = str(wanted.params.get(job.service_param, ""))
    return Plan(
        action=f"job_run:{job.name}",
        title=line(fill_text(job.title, known), 200),
        target=line(fill_text(job.target, known), 200),
        environment=job.environment,
        service=service,
        risk=job.risk,
        preview=_preview(job, rehearsed),
        previewed=rehearsed is not None,
        undo=_undo(wanted, jobs),
        preconditions=_probes(job.preconditions, known),
        verify=_probes(job.verify, known),
        verify_after_s=job.verify_after_s,
        ends=line(fill_text(job.ends, known), 200) if job.ends else "",
        before=json.dumps(dict(wanted.before), sort_keys=True) if wanted.before else "",
    )


def indented(value: JsonValue) -> str:
    """Return JSON as humans read it, at most `PREVIEW_CHARS`; a cut says so."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if len(text) <= PREVIEW_CHARS:
        return text
    return f"{text[:PREVIEW_CHARS]}\n… ({len(text) - PREVIEW_CHARS} more characters)"


def _preview(job: Job, rehearsed: str | None) -> str:
    """Return the call and its rehearsal."""
    called = f"{job.method} {address.shown(job.url)} (job {job.name})"
    answer = (
        NO_PREVIEW if rehearsed is None else f"asked what it would do, it answers:\n{rehearsed}"
    )
    return f"{called}\n{answer}"


def _undo(wanted: Wanted, jobs: Mapping[str, Job]) -> Undo | None:
    undo = wanted.job.undo
    if not isinstance(undo, UndoJob):
        return None
    inverse = jobs[undo.job]
    try:
        params = PARAMS.validate_python(fill(dict[str, JsonValue](undo.params), wanted.known))
        check(inverse.name, inverse.params, params)
    except (ToolError, ValueError) as error:
        told = str(error) if isinstance(error, ToolError) else "a value is no text or whole number"
        raise ToolError(f"job {wanted.job.name} could not be undone: {told}") from None
    title = line(fill_text(inverse.title, dict[str, JsonValue](params)), 200)
    args: dict[str, JsonValue] = {"job": inverse.name, "params": dict[str, JsonValue](params)}
    return Undo(tool="job_run", args=args, title=title)


def _probes(probes: tuple[Probe, ...], known: Mapping[str, JsonValue]) -> tuple[Probe, ...]:
    return tuple(
        Probe.model_validate(fill(probe.model_dump(mode="json", by_alias=True), known))
        for probe in probes
    )
