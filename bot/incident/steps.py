"""The Step union: what a StepModel may choose next, and nothing else."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from bot.incident.model import Finding, Value

MAX_CALLS = 4
"""Independent reads in one CallTools (DESIGN 2)."""

ConclusionKind = Literal["cause_found", "not_enough_evidence", "not_an_incident", "answered"]
"""How a run ended; `answered` is the end of a run that a human's question began."""

QUESTION_MOST_S = 14 * 86400
"""No question stays open longer."""


class ToolCall(Value):
    """One read. `key` is the diagnose step's id, empty when a model chose it."""

    tool: str
    args: dict[str, JsonValue]
    key: str = ""


class CallTools(Value):
    """Look at one to four independent things at once."""

    kind: Literal["call_tools"] = "call_tools"
    calls: tuple[ToolCall, ...] = Field(min_length=1, max_length=MAX_CALLS)


class ProposeAction(Value):
    """Ask humans to allow one action. `template` is the id of the runbook's ActionTemplate."""

    kind: Literal["propose_action"] = "propose_action"
    tool: str
    args: dict[str, JsonValue]
    reason: str
    findings: tuple[Finding, ...] = ()
    template: str = ""


class AskHuman(Value):
    """Put one question to humans and wait, `deadline_s` seconds (0: as the bot's setting says).

    Then `default` is the answer, if there is one.
    """

    kind: Literal["ask_human"] = "ask_human"
    question: str
    answer: Literal["yes_no", "choice", "text"] = "text"
    options: tuple[str, ...] = ()
    default: str = ""
    deadline_s: int = Field(default=0, ge=0, le=QUESTION_MOST_S)
    findings: tuple[Finding, ...] = ()


class Conclude(Value):
    """End the run with findings; not enough evidence, and no incident at all, are ends too."""

    kind: Literal["conclude"] = "conclude"
    summary: str
    findings: tuple[Finding, ...] = ()
    outcome: ConclusionKind = "not_enough_evidence"


Step = Annotated[CallTools | ProposeAction | AskHuman | Conclude, Field(discriminator="kind")]
