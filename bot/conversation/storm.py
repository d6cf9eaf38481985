"""How a storm is put into words: more incidents at once than can be investigated at once. Pure."""

from dataclasses import dataclass

WINDOW_S = 300
OPENED = 20
WAITING = 10
"""With so many opened within the window, or so many waiting, it is a storm."""
STEPS = (1, 2, 3, 4, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""A card says how many are ahead no finer than this, so that a moving queue makes few edits."""


@dataclass(frozen=True, slots=True)
class Storm:
    """How much happens now. `opened` counts up to `most`; there may be more."""

    opened: int = 0
    investigating: int = 0
    waiting: int = 0
    most: int = 200

    @property
    def line(self) -> str:
        """The whole of it in one line; empty while there is no storm."""
        if self.opened < OPENED and self.waiting < WAITING:
            return ""
        more = " or more" if self.opened >= self.most else ""
        return (
            f"Storm: {self.opened}{more} incidents in {WINDOW_S // 60} minutes, "
            f"{self.investigating} being investigated, {self.waiting} waiting"
        )


def queue_words(ahead: int) -> str:
    """Return what a queued incident waits for, in words that change seldom."""
    if ahead == 0:
        return "waiting to be investigated: it is next"
    step = max(step for step in STEPS if step <= ahead)
    about = "" if ahead <= 5 else "about "
    verb = "is" if step == 1 else "are"
    return f"waiting to be investigated: {about}{step} {verb} ahead of it; critical ones go first"
