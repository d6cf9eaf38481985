"""Which of the bot's own questions hold up the run that is under way. Pure."""

from bot.incident.calls import REST
from bot.incident.state import State


def awaits_human(state: State) -> bool:
    """True when a human has to answer before the run's next Step.

    Whether a resting tool is tried again holds up nothing, nor does what a parked run asked.
    """
    aside = (REST, *(f"r{one.number}s" for one in state.run.parked))
    return any(
        view.status == "open" and not name.startswith(aside)
        for name, view in state.incident.questions.items()
    )
