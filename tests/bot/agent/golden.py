"""The prompts that are kept byte for byte; `python -m tests.bot.agent.golden` writes them anew."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bot.agent.window import Room
from bot.incident.context import Context
from tests.bot.agent.prompting import LARGE, asked, denied, fresh, midway, prompt, refused

FOLDER = Path(__file__).parent / "golden"
TINY = Room(7000, 1.0)
CASES: Mapping[str, tuple[Callable[[], Context], Room, str]] = {
    "fresh-generalist": (fresh, LARGE, "generalist"),
    "fresh-deploy_regression": (fresh, LARGE, "deploy_regression"),
    "midway-generalist": (midway, LARGE, "generalist"),
    "denied-generalist": (denied, LARGE, "generalist"),
    "asked-generalist": (asked, LARGE, "generalist"),
    "refused-deploy_regression": (refused, LARGE, "deploy_regression"),
    "tiny-generalist": (denied, TINY, "generalist"),
}


def written(name: str) -> str:
    """One case as it is kept: each part, the estimate, and the receipt."""
    context, room, specialist = CASES[name]
    made = prompt(context(), room, specialist)
    left = "".join(f"left out: {one.what} {one.evidence}\n" for one in made.receipt.left_out)
    return (
        f"==== system\n{made.system}==== stable\n{made.stable}==== volatile\n{made.volatile}"
        f"==== receipt\n{made.receipt.estimated_tokens} of {made.receipt.window_tokens} tokens\n"
        f"{left}"
    )


def main() -> None:
    """Write every case."""
    FOLDER.mkdir(exist_ok=True)
    for name in CASES:
        FOLDER.joinpath(f"{name}.txt").write_text(written(name))


if __name__ == "__main__":
    main()
