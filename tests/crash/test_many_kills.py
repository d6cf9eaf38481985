"""Several kills in one story, at commits that chance chooses."""

from pathlib import Path

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.crash.conftest import Crew
from tests.crash.dying import Death
from tests.crash.ledger import nothing_lost, nothing_twice
from tests.crash.story import Left, Nursery, story

KILLED = -9
MOST = 6
"""Commits a life may make before it is killed; a story has some thirty."""

deaths = st.builds(Death, when=st.sampled_from(["before", "after"]), number=st.integers(1, MOST))


@settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(deaths, min_size=2, max_size=8))
@example([Death(when="after", number=2)] * 12)
def test_g03_many_kills_lose_nothing_and_repeat_nothing(crew: Crew, killed: list[Death]) -> None:
    def plot(nursery: Nursery, folder: Path) -> list[Left]:
        with story(folder, nursery) as told:
            lives = [told.live(death) for death in killed]
            lives.append(told.live())
            assert lives[-1].code == 0, told.output()
            return lives

    lives = crew.tell(plot)
    assert {left.code for left in lives[:-1]} <= {KILLED, 0}
    assert lives[0].code == KILLED
    nothing_lost(lives)
    nothing_twice(lives)
    ended = lives[-1]
    assert ended.state.incident.status == "closed"
    results = [kind for kind in ended.types if kind in {"ActionFinished", "ActionReconciled"}]
    assert len(results) == 1
    (view,) = ended.state.incident.proposals.values()
    assert view.status == ("succeeded" if ended.calls else "failed")
