"""The closed world: the JSON schema of one incident's next Step, and its reader. Pure."""

from collections.abc import Mapping
from functools import cached_property
from typing import cast

from pydantic import JsonValue, ValidationError

from bot.agent.fitting import parsed, unfit
from bot.agent.permitted import permits
from bot.agent.strict import BRANCHES, an_object, one_of, pruned, published, strict
from bot.errors import ToolError
from bot.incident.context import Context, ToolOffer
from bot.incident.model import Finding
from bot.incident.steps import (
    MAX_CALLS,
    AskHuman,
    CallTools,
    Conclude,
    ProposeAction,
    Step,
    ToolCall,
)
from bot.knowledge import fills, known

WHY_CHARS = 400
CLAIM_CHARS = 400
REASON_CHARS = 600
SUMMARY_CHARS = 1200
QUESTION_CHARS = 400
OPTION_CHARS = 80
CLAIMS = 5
CITED = 6
OPTIONS = 6
EVIDENCE_SHOWN = 40
"""So many of the newest evidence ids can be cited."""
EVIDENCE = "evidence"
"""The kind of the inventory that is this thread's own evidence."""


class InvalidStep(ToolError):  # noqa: N818 - it names what the reply is
    """A reply is no Step of this incident's closed world.

    The message says what is wrong in at most 400 characters, of which at most 60 come from the
    reply; it is meant for whoever chose, and for the log.
    """


class ClosedWorld:
    """What can be chosen next in one incident, as a schema and as a reader of replies.

    Attributes:
        schema: An object `{"step": …}` with one variant a kind: only the tools that are offered,
            arguments closed over the inventory, evidence ids of this thread only, and a proposal
            only where the matched runbook has a template for it. Every key is required, nothing
            else is allowed; null stands for what is left out.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        ids = [result.evidence for result in reversed(context.results) if result.evidence]
        self._evidence = tuple(dict.fromkeys(ids))[:EVIDENCE_SHOWN]
        names = {**context.inventory, EVIDENCE: self._evidence}
        self._reads = _reads(context, names)
        self._checks = _checks(context)
        self._permits = {one.template.id: one for one in permits(context, names)}
        self._whole = self._root()

    @cached_property
    def schema(self) -> dict[str, JsonValue]:
        """The schema as a model is sent it; lengths are only checked here."""
        return published(self._whole)

    def read(self, text: str) -> Step:
        """Return the Step that a reply is.

        Raises:
            InvalidStep: It is none of this world, or not JSON at all.
        """
        try:
            value = parsed(text)
        except ValueError as error:
            raise InvalidStep(str(error)[:WHY_CHARS]) from None
        if wrong := unfit(value, self._whole):
            raise InvalidStep("; ".join(wrong)[:WHY_CHARS])
        step = cast("dict[str, JsonValue]", cast("dict[str, JsonValue]", value)["step"])
        try:
            return self._step(step)
        except ValidationError:
            raise InvalidStep("step: is none of the kinds there are") from None

    def _root(self) -> dict[str, JsonValue]:
        kinds: list[JsonValue] = []
        if calls := self._calls():
            kinds.append(_kind("call_tools", calls=calls))
        findings: dict[str, JsonValue] = {}
        if self._evidence:
            findings = {"findings": {"$ref": "#/$defs/findings"}}
        kinds += [
            _kind(
                "propose_action",
                template=one_of([permit.template.id]),
                args=permit.args,
                reason=_prose(REASON_CHARS),
                **findings,
            )
            for permit in self._permits.values()
        ]
        options: JsonValue = {"type": "array", "items": _prose(OPTION_CHARS), "maxItems": OPTIONS}
        kinds.append(
            _kind(
                "ask_human",
                question=_prose(QUESTION_CHARS),
                options=options,
            )
        )
        summary = _prose(SUMMARY_CHARS)
        kinds.append(
            _kind("conclude", outcome=one_of(self._outcomes()), summary=summary, **findings)
        )
        whole = an_object({"step": {"anyOf": kinds}})
        return {**whole, "$defs": {"findings": self._findings()}} if findings else whole

    def _calls(self) -> dict[str, JsonValue] | None:
        if self._context.remaining <= 1:  # whatever they bring, nobody could choose after it
            return None
        items: list[JsonValue] = []
        if self._checks:
            items.append(an_object({"diagnose": one_of(list(self._checks))}))
        items += [
            an_object({"tool": one_of([name]), "args": args}) for name, args in self._reads.items()
        ]
        if not items:
            return None
        inner: JsonValue = {"anyOf": items}
        return {"type": "array", "items": inner, "minItems": 1, "maxItems": MAX_CALLS}

    def _outcomes(self) -> list[JsonValue]:
        """Return how the run may end; without evidence nothing is found."""
        found: list[JsonValue] = ["not_enough_evidence"]
        if self._evidence:
            found = ["cause_found", *found, "not_an_incident"]
        return found if self._context.question is None else ["answered", *found]

    def _findings(self) -> dict[str, JsonValue]:
        cited = one_of(list[JsonValue](self._evidence))
        finding = an_object({
            "claim": _prose(CLAIM_CHARS),
            "evidence": {"type": "array", "items": cited, "maxItems": CITED},
            "confidence": one_of(["low", "medium", "high"]),
        })  # fmt: skip
        return {"type": "array", "items": finding, "maxItems": CLAIMS}

    def _step(self, step: Mapping[str, JsonValue]) -> Step:
        findings = tuple(Finding.model_validate(one) for one in _list(step.get("findings")))
        match step["kind"]:
            case "call_tools":
                return CallTools(calls=self._called(_list(step["calls"])))
            case "propose_action":
                permit = self._permits[str(step["template"])]
                return ProposeAction(
                    tool=permit.template.tool,
                    args=permit.complete(step["args"]),
                    reason=str(step["reason"]).strip(),
                    findings=findings,
                    template=permit.template.id,
                )
            case "ask_human":
                return _question(step)
            case _:
                return Conclude.model_validate(
                    {
                        "summary": str(step["summary"]).strip(),
                        "outcome": step["outcome"],
                        "findings": findings,
                    }
                )

    def _called(self, items: list[JsonValue]) -> tuple[ToolCall, ...]:
        calls: list[ToolCall] = []
        for item in items:
            one = cast("dict[str, JsonValue]", item)
            if "diagnose" in one:
                call = self._checks[str(one["diagnose"])]
            else:
                name = str(one["tool"])
                args = cast("dict[str, JsonValue]", pruned(one["args"], self._reads[name]))
                call = self._named(ToolCall(tool=name, args=args))
            if call not in calls:
                calls.append(call)
        return tuple(calls)

    def _named(self, call: ToolCall) -> ToolCall:
        """Return a call under the runbook's own name for it, when it has one."""
        for check in self._checks.values():
            if (check.tool, check.args) == (call.tool, call.args):
                return check
        return call


def _reads(
    context: Context, names: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, JsonValue]]:
    found: dict[str, dict[str, JsonValue]] = {}
    for offer in _awake(context)[:BRANCHES]:
        args = strict(offer.args_schema, names)
        if args is not None:
            found[offer.name] = args
    return found


def _awake(context: Context) -> list[ToolOffer]:
    """Return the reads that are offered, without those that failed too often in a row."""
    reads = (offer for offer in context.tools if offer.kind == "read")
    return [offer for offer in reads if offer.name not in context.resting]


def _checks(context: Context) -> dict[str, ToolCall]:
    """Return the runbook's diagnostics that were not run and could be, by id."""
    steps = context.runbook.diagnose if context.runbook else ()
    there = {offer.name for offer in _awake(context)}
    done, values = known.answered(context), known.values(context)
    found: dict[str, ToolCall] = {}
    for step in steps[:BRANCHES]:
        filled = fills.fill(step.args, values)
        if step.id not in done and step.tool in there and not filled.missing:
            args = cast("dict[str, JsonValue]", filled.value)
            found[step.id] = ToolCall(tool=step.tool, args=args, key=step.id)
    return found


def _question(step: Mapping[str, JsonValue]) -> AskHuman:
    options = list(dict.fromkeys(str(one).strip() for one in _list(step["options"])))
    if len(options) == 1:
        raise InvalidStep("step.options: give two or more different ones, or none for free text")
    is_yes_no = {one.lower() for one in options} == {"yes", "no"}
    answer = "yes_no" if is_yes_no else "choice" if options else "text"
    return AskHuman.model_validate(
        {
            "question": str(step["question"]).strip(),
            "answer": answer,
            "options": [] if is_yes_no else options,
        }
    )


def _kind(name: str, **members: JsonValue) -> dict[str, JsonValue]:
    return an_object({"kind": one_of([name]), **members})


def _prose(most: int) -> dict[str, JsonValue]:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": r"\S"}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
