"""How the incident stands, as a model reads it: for a question, or after a conclusion. Pure."""

from collections.abc import Iterator

from bot.agent.marking import Pen, plain, told
from bot.agent.window import Cut, Piece, Smaller
from bot.incident.context import Context
from bot.incident.facts_run import LeftOut


def tell_standing(context: Context, pen: Pen) -> Iterator[Piece]:
    """Yield what a human may ask about; nothing while the alerts' run has concluded nothing."""
    resting = ",".join(name for name in context.resting if plain(name))
    if resting:
        yield Piece(f"<standing resting={resting}/>\n")
    stands = context.standing
    if context.question is None and not stands.conclusion:
        return
    if not stands.status:
        return
    numbers = {
        "status": stands.status,
        "firing": str(stands.firing),
        "alerts": str(stands.alerts),
        "judged": stands.judged,
    }
    yield Piece(f"<standing{told(**numbers)}/>\n")
    people = {
        "acknowledged": stands.acked_by,
        "called": stands.called,
        "paused": stands.paused_by,
    }
    lines = (f"{name}={said}" for name, said in people.items() if said)
    yield _piece(pen.fence("standing", lines), "who cares for it", 0)
    yield _piece(pen.fence("conclusion", _concluded(context)), "what was concluded", 1)


def _concluded(context: Context) -> Iterator[str]:
    stands = context.standing
    if not stands.conclusion:
        return
    yield f"by={stands.by}" if stands.by else ""
    yield stands.conclusion
    for finding in stands.findings:
        yield f"{finding.confidence}={finding.claim} [{', '.join(finding.evidence)}]"


def _piece(text: str, what: str, place: int) -> Piece:
    smaller = Smaller(Cut.STANDING, place, "", (LeftOut(what=what),))
    return Piece(text, (smaller,) if text else ())
