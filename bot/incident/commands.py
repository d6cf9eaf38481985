"""The command grammar (A-28): the same words for slash commands, mail, CLI and pages."""

import re
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import InputError
from bot.incident.model import SEVERITIES, Severity

INCIDENT = re.compile(r"^inc-?(\d{1,9})$", re.IGNORECASE)
PROPOSAL = re.compile(r"^(?:p-)?([0-9a-hjkmnp-tv-z]{4,8})$", re.IGNORECASE | re.ASCII)
DIGEST = re.compile(r"[0-9a-f]{12,64}")
"""What may follow `approve P-7F3K`: the beginning of the digest that its card shows."""
DURATION = re.compile(r"^(\d{1,4})(m|h|d)$")
QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d"}
"""Opening quotes and what closes them; phones write the last pair."""
UNITS = {"m": 60, "h": 3600, "d": 86400}
DENY_REASON_CHARS = 5


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the grammar: its shape, what it does, and whether only an admin may."""

    name: str
    usage: str
    does: str
    later: str = ""


WORDS: tuple[Word, ...] = (
    Word("help", "help", "show these words"),
    Word("status", "status", "how the bot is, in one line"),
    Word("list", "list [open|resolved|closed]", "incidents, newest first"),
    Word("show", "show INC-1 | show P-7F3K", "one incident or proposal in full"),
    Word("start", 'start SERVICE "what you see"', "open an incident by hand"),
    Word("approve", "approve P-7F3K", "allow one proposal"),
    Word("deny", "deny P-7F3K REASON", "refuse one proposal, with a reason"),
    Word("edit", "edit P-7F3K name=value", "change what it would run; a new revision to decide on"),
    Word("undo", "undo P-7F3K", "propose the inverse of an action that was done"),
    Word("renew", "renew P-7F3K", "propose again what expired; what it needs is read again"),
    Word("reconcile", "reconcile P-7F3K worked|failed WHAT YOU SAW", "settle an unknown outcome"),
    Word("answer", "answer INC-1 TEXT", "answer the open question"),
    Word("ack", "ack INC-1", "say that you take care; accepts a handover to you"),
    Word("snooze", "snooze INC-1 30m", "no reminders for a while (1m to 24h)"),
    Word("escalate", "escalate INC-1 [REASON]", "call the next level now"),
    Word("handoff", "handoff INC-1 PERSON [NOTE]", "ask somebody to take over"),
    Word("note", "note INC-1 TEXT", "write something into the record"),
    Word("silence", 'silence INC-1 2h "reason"', "propose to silence the alerts"),
    Word("severity", "severity INC-1 sev2", "set the severity"),
    Word("judge", "judge INC-1 right|wrong|partly|not_an_incident [NOTE]", "was it right?"),
    Word("close", "close INC-1 [REASON]", "resolve the incident by hand"),
    Word("merge", "merge INC-2 INC-1", "make the first a part of the second"),
    Word("pause", "pause [INC-1]", "pause one investigation, or (admin) the whole bot"),
    Word("resume", "resume [INC-1]", "go on"),
    Word("timeline", "timeline INC-1", "what happened, in order"),
    Word("whoami", "whoami", "which person the bot takes you for"),
    Word("ask", "ask INC-1 QUESTION", "ask the agent; it answers in the incident, runs nothing"),
    Word("link", "link", "tie this account to yourself, by a link that works once"),
    Word("stepup", "stepup reset PERSON", "(admin) take a person's one-time codes away"),
    Word("postmortem", "postmortem INC-1", "the draft of a postmortem"),
)
BY_NAME = {word.name: word for word in WORDS}


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed command. `incident` is `INC-n`, `proposal` an upper-case id or its beginning."""

    word: str
    incident: str = ""
    proposal: str = ""
    text: str = ""
    value: str = ""
    span: timedelta = timedelta(0)


def help_text() -> str:
    """Return one line a word, in the order of the grammar."""
    width = max(len(word.usage) for word in WORDS)
    return "\n".join(
        f"{word.usage:<{width}}  {word.does}{f' ({word.later})' if word.later else ''}"
        for word in WORDS
    )


def parse(text: str) -> Command:
    """Return the command in `text` (the words after `/triage`; case-insensitive first word).

    Raises:
        InputError: An unknown word or a missing part; the message shows the right shape.
    """
    first, rest = _cut(text)
    word = BY_NAME.get(first.lower())
    if word is None:
        raise InputError(f"I do not know the word {first[:40]!r}; try: help")
    try:
        return _shape(word, rest)
    except _Missing as missing:
        raise InputError(f"{missing}; write: {word.usage}") from None


class _Missing(Exception):  # noqa: N818 - never leaves this file
    """A part of the command is absent or wrong."""


def _shape(word: Word, rest: str) -> Command:
    name = word.name
    match name:
        case "help" | "status" | "whoami" | "link":
            return Command(name)
        case "list" | "stepup":
            statuses = ("open", "resolved", "closed")
            found = _reset(rest) if name == "stepup" else _one_of(rest, statuses, "open")
            return Command(name, value=found)
        case "start":
            service, text = _split(rest, "which service?")
            return Command(name, value=service, text=_text(_unquote(text)))
        case "approve" | "deny" | "edit" | "undo" | "renew" | "reconcile":
            return _about_proposal(name, rest)
        case "show":
            return _thing(name, rest)
        case _:
            return _about_incident(name, rest)


def _about_proposal(name: str, rest: str) -> Command:
    first, tail = _split(rest, "which proposal?")
    proposal = _proposal(first)
    if name == "approve" and tail:
        if not DIGEST.fullmatch(tail):
            raise _Missing("an approval has no conditions; nothing may follow the code")
        return Command(name, proposal=proposal, value=tail)
    if name == "deny":
        if len(tail.strip()) < DENY_REASON_CHARS:
            raise _Missing(f"a reason of at least {DENY_REASON_CHARS} characters is needed")
        return Command(name, proposal=proposal, text=_unquote(tail))
    if name == "edit":
        return Command(name, proposal=proposal, text=_text(tail))
    if name == "reconcile":
        verdict, seen = _split(tail, "did it work?")
        value = _one_of(verdict, ("worked", "failed"), "")
        return Command(name, proposal=proposal, value=value, text=_text(seen))
    return Command(name, proposal=proposal)


def _about_incident(name: str, rest: str) -> Command:
    if name in {"pause", "resume"} and not rest:
        return Command(name)
    incident, tail = _incident(rest)
    if name in {"answer", "note", "ask"}:
        return Command(name, incident=incident, text=_text(_unquote(tail)))
    if name in {"silence", "judge", "snooze", "handoff"}:
        return _with_value(name, incident, tail)
    if name == "severity":
        return Command(name, incident=incident, value=_severity(tail))
    if name == "merge":
        return Command(name, incident=incident, value=_incident(tail)[0])
    return Command(name, incident=incident, text=_unquote(tail))


def _with_value(name: str, incident: str, tail: str) -> Command:
    if name == "silence":
        span, reason = _split(tail, "for how long?")
        return Command(name, incident, span=_span(span), text=_text(_unquote(reason)))
    if name == "snooze":
        return Command(name, incident, span=_span(_split(tail, "for how long?")[0]))
    if name == "handoff":
        person, note = _split(tail, "to whom?")
        return Command(name, incident, value=person.removeprefix("@"), text=_unquote(note))
    verdict, note = _split(tail, "how was it?")
    words = ("right", "wrong", "partly", "not_an_incident")
    return Command(name, incident, value=_one_of(verdict, words, ""), text=_unquote(note))


def _split(rest: str, question: str) -> tuple[str, str]:
    first, tail = _cut(rest)
    if not first:
        raise _Missing(question)
    return first, tail


def _cut(text: str) -> tuple[str, str]:
    """Return the first word and the rest, at any white space; empty where there is none."""
    first, *rest = text.split(maxsplit=1) or [""]
    return first, rest[0].strip() if rest else ""


def _incident(rest: str) -> tuple[str, str]:
    first, tail = _split(rest, "which incident?")
    found = INCIDENT.match(first)
    if found is None:
        raise _Missing(f"{first[:40]!r} is no incident")
    return f"INC-{int(found[1])}", tail


def _proposal(text: str) -> str:
    found = PROPOSAL.match(text)
    if found is None:
        raise _Missing(f"{text[:40]!r} is no proposal")
    return found[1].upper()


def _thing(name: str, rest: str) -> Command:
    first, _ = _split(rest, "which incident or proposal?")
    if INCIDENT.match(first):
        return Command(name, incident=_incident(first)[0])
    return Command(name, proposal=_proposal(first))


def _reset(rest: str) -> str:
    first, tail = _split(rest, "what about it?")
    _one_of(first, ("reset",), "")
    name, _ = _split(tail, "whose?")
    return name


def _one_of(text: str, words: tuple[str, ...], default: str) -> str:
    found = text.strip().lower() or default
    if found not in words:
        raise _Missing(f"one of {', '.join(words)} is needed")
    return found


def _severity(text: str) -> Severity:
    lowered = text.strip().lower()
    aliases = {f"sev{number}": name for number, name in enumerate(SEVERITIES, start=1)}
    for name in SEVERITIES:
        if lowered in {name, *(alias for alias, of in aliases.items() if of == name)}:
            return name
    raise _Missing(f"one of {', '.join(SEVERITIES)} (or sev1 to sev5) is needed")


def _span(text: str) -> timedelta:
    try:
        return timedelta(seconds=seconds(text))
    except InputError as error:
        raise _Missing(str(error)) from None


def seconds(text: str) -> int:
    """Return how many seconds `30m`, `2h` or `1d` are.

    Raises:
        InputError: It is no such duration.
    """
    found = DURATION.match(text.strip().lower())
    if found is None:
        raise InputError("a duration such as 30m, 2h or 1d is needed")
    return int(found[1]) * UNITS[found[2]]


def _text(text: str) -> str:
    if not text.strip():
        raise _Missing("some text is needed")
    return text.strip()


def _unquote(text: str) -> str:
    """Return what one pair of quotes holds, or the text as it is."""
    text = text.strip()
    inner = text[1:-1]
    quoted = len(text) > 1 and text[-1] == QUOTES.get(text[0])
    return inner.strip() if quoted and text[0] not in inner else text
