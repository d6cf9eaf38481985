"""Answers to plain questions without a model, out of the Context alone. Pure; it guesses nothing.

It knows a handful of questions by their words. For anything else it says so, and which ones it
knows. It proposes nothing: what may be proposed, runbooks say.
"""

import re
from collections.abc import Callable
from datetime import datetime

from bot.incident.context import Context, Proposed
from bot.incident.model import Change, Finding, Similar
from bot.incident.steps import Conclude
from bot.knowledge import prose, wording

TOPICS_MOST = 2
ANSWER_CHARS = 1800
LINES = 5
CHANGED = "changed"
KNOWN = (
    "what changed (or who deployed), what was found and why, who owns it, what was done or "
    "proposed, whether it happened before, which runbook fits, and how it stands"
)
_TOPICS: dict[str, re.Pattern[str]] = {
    CHANGED: re.compile(
        r"\b(?:chang\w*|deploy\w*|releas\w*|ship\w*|roll(?:ed)? ?out|versions?|commit\w*|flags?)\b"
    ),
    "found": re.compile(
        r"\b(?:found|find\w*|causes?d?|why|conclu\w*|broke\w*|wrong|evidence|happen\w*)\b"
    ),
    "owner": re.compile(
        r"\b(?:own(?:s|er|ers)?|whose|on-?call|on call|responsible|teams?|takes? care|acked)\b"
    ),
    "done": re.compile(
        r"\b(?:done|actions?|propos\w*|approv\w*|fix\w*|undone|undo|ran|executed|tried)\b"
        r"|\bdid you do\b"
    ),
    "similar": re.compile(
        r"\b(?:similar|before|previous(?:ly)?|earlier|again|seen|history|last time|recurr\w*)\b"
    ),
    "runbook": re.compile(r"\b(?:runbooks?|playbooks?|procedures?|instructions?)\b"),
    "status": re.compile(
        r"\b(?:status|firing|resolved|going on|updates?|severity|how (?:is|are|do))\b"
    ),
}
_WISH = re.compile(
    r"^(?:(?:please|pls|now|ok|hey|can|could|would|will|you|just|go ahead and|we should|let'?s|i "
    r"want you to|triagebot)[ ,:]+)*"
    r"(?P<verb>roll ?back|roll \S+ back|revert|restart|re-?deploy|reboot|scale|drain|silence"
    r"|kill|stop|start|disable|enable|fail ?over|undo|approve|deny|reject|run|execute|delete"
    r"|apply|fix)\b"
)
_VERDICT = re.compile(r"^(?:approve|deny|reject)")


def topics(question: str) -> tuple[str, ...]:
    """Return what a question is about, in the order it is asked, at most two; `wish` alone."""
    text = " ".join(question.lower().split())
    if _WISH.match(text):
        return ("wish",)
    found = [(hit.start(), name) for name, words in _TOPICS.items() if (hit := words.search(text))]
    return tuple(name for _, name in sorted(found)[:TOPICS_MOST])


def plain_answer(context: Context) -> Conclude:
    """Return the end of a run that a question began."""
    question = context.question.text if context.question is not None else ""
    parts = [_ANSWERS[name](context) for name in topics(question)]
    said = " ".join(text for text, _ in parts) or _unknown()
    claims = tuple(dict.fromkeys(finding for _, found in parts for finding in found))
    return Conclude(summary=said[:ANSWER_CHARS], findings=claims, outcome="answered")


_Answer = tuple[str, tuple[Finding, ...]]


def _unknown() -> str:
    return (
        "No model is at work here, and without one I answer only plain questions: "
        f"{KNOWN}. This is none of them, so a human must answer it. Nothing was done."
    )


def _changed(context: Context) -> _Answer:
    name = context.service.name if context.service is not None else ""
    if not name:
        return "Its service is not known, so I cannot tell what changed.", ()
    newest = sorted(context.changes, key=lambda one: one.at, reverse=True)
    lines = [_change(one) for one in newest[:LINES]]
    more = f" and {len(newest) - LINES} more" if len(newest) > LINES else ""
    told = (
        f"Known changes of {name}, newest first: {'; '.join(lines)}{more}."
        if lines
        else f"No change of {name} was known when this began."
    )
    looked = [one for one in context.results if one.tool == "changes_recent" and not one.error]
    if not looked:
        return told, ()
    seen = looked[-1]
    claim = seen.summary or f"changes of {name} were looked at"
    finding = Finding(claim=claim, evidence=(seen.evidence,), confidence="high")
    return (told if lines else f"{claim.rstrip('.')}."), (finding,)


def _change(one: Change) -> str:
    before = f" (before: {one.previous})" if one.previous else ""
    by = f" by {one.by}" if one.by else ""
    what = one.version or one.title or "something"
    return f"{one.kind} of {what}{before}{by} at {_when(one.at)}"


def _found(context: Context) -> _Answer:
    situation = context.situation
    if situation.conclusion:
        judged = f" It was judged {situation.judged.replace('_', ' ')}." if situation.judged else ""
        by = f" ({situation.by})" if situation.by else ""
        said = f"What was found{by}: {situation.conclusion.rstrip('.')}.{judged}"
        return said, situation.findings
    seen = [one for one in context.results if one.evidence and one.summary][-LINES:]
    if not seen:
        return "Nothing is found yet.", ()
    lines = "; ".join(f"{one.tool}: {one.summary}" for one in seen)
    claims = tuple(
        Finding(claim=one.summary, evidence=(one.evidence,), confidence="low") for one in seen
    )
    return f"No cause is found yet. What was seen: {lines}.", claims


def _owner(context: Context) -> _Answer:
    service, situation = context.service, context.situation
    if service is None:
        told = "Its service is not in services.yaml, so no owner is known."
    else:
        owner = service.owner or "nobody named in services.yaml"
        told = f"{service.title or service.name} is owned by {owner}."
    care = (
        f" {situation.acked_by} takes care of it."
        if situation.acked_by
        else " Nobody acknowledged it."
    )
    called = f" Called last: {situation.called}." if situation.called else ""
    rota = f" To call whoever is on call next, say: escalate {context.incident}"
    return f"{told}{care}{called}{rota}", ()


def _done(context: Context) -> _Answer:
    if not context.proposed:
        return "Nothing was proposed, and nothing was changed by me.", ()
    lines = "; ".join(_one_proposed(one) for one in context.proposed[-LINES:])
    return f"Proposed so far: {lines}.", ()


def _one_proposed(one: Proposed) -> str:
    args = ", ".join(f"{name}={value}" for name, value in one.args.items())
    why = f" ({one.why})" if one.why else ""
    return f"{one.tool} {args}: {one.status.replace('_', ' ')}{why}"


def _similar(context: Context) -> _Answer:
    if not context.similar:
        return "I know of no earlier incident like it.", ()
    lines = "; ".join(_earlier(one) for one in context.similar[:LINES])
    return f"Earlier incidents like it: {lines}.", ()


def _earlier(one: Similar) -> str:
    ended = ", ".join(part for part in (one.conclusion, one.action, one.outcome) if part)
    return f"{one.incident} {one.title}, {_when(one.at)}{f': {ended}' if ended else ''}"


def _runbook(context: Context) -> _Answer:
    book = context.runbook
    if book is None:
        return "No runbook matches.", ()
    steps = " / ".join(prose.first_steps(book.text))
    begins = f" It begins: {steps.rstrip('.')}." if steps else ""
    return (
        f"The runbook that fits is {book.title!r} ({book.path}).{begins} {_permitted(context)}",
        (),
    )


def _status(context: Context) -> _Answer:
    situation = context.situation
    since = f" since {_when(situation.opened_at)}" if situation.opened_at is not None else ""
    care = (
        f"{situation.acked_by} takes care of it" if situation.acked_by else "nobody acknowledged it"
    )
    paused = (
        f"; the investigation is paused by {situation.paused_by}" if situation.paused_by else ""
    )
    waits = sum(one.status == "pending" for one in context.proposed)
    wait = f"; {waits} proposed to decide on" if waits else ""
    told = (
        f"{context.incident} is {situation.status or 'open'}{since}, severity {context.severity}: "
        f"{situation.firing} of {situation.alerts} alerts fire; {care}{wait}{paused}."
    )
    return told, ()


def _wish(context: Context) -> _Answer:
    text = context.question.text.lower() if context.question is not None else ""
    found = _WISH.match(" ".join(text.split()))
    if found is not None and _VERDICT.match(found["verb"]):
        waits = [one for one in context.proposed if one.status == "pending"]
        told = (
            "Words in a question decide nothing. Use the buttons of the proposal, or the command "
            "that its card names."
        )
        return (told if waits else f"{told} Nothing waits for a decision here."), ()
    told = (
        "I change nothing by being told to, and without a model I propose only what a runbook "
        f"says, once it is proven. {_permitted(context)} Nothing was done."
    )
    return told, ()


def _permitted(context: Context) -> str:
    """Say which actions the runbook permits, and what became of each in this incident."""
    book = context.runbook
    if book is None or not book.actions:
        return "No runbook permits an action here."
    became = {one.template: wording.proposal(one) for one in context.proposed if one.template}
    lines = (
        f"{one.id} ({one.tool}){f' - {became[one.id]}' if one.id in became else ''}"
        for one in book.actions
    )
    return f"The runbook permits: {'; '.join(lines)}."


def _when(at: datetime) -> str:
    return f"{at.day} {at:%b %H:%M} UTC"


_ANSWERS: dict[str, Callable[[Context], _Answer]] = {
    CHANGED: _changed,
    "found": _found,
    "owner": _owner,
    "done": _done,
    "similar": _similar,
    "runbook": _runbook,
    "status": _status,
    "wish": _wish,
}
