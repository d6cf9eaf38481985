"""Factor 2: the rendered bytes are pinned. A changed prompt is renewed by one line, and reviewed:

.venv/bin/python -m tests.bot.agent.golden
"""

import pytest

from tests.bot.agent.golden import CASES, FOLDER, written


@pytest.mark.parametrize("name", CASES)
def test_factor_2_a_prompt_is_the_same_bytes_as_the_one_that_was_reviewed(name: str) -> None:
    assert written(name) == FOLDER.joinpath(f"{name}.txt").read_text()


def test_every_kept_prompt_is_a_case() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CASES)
