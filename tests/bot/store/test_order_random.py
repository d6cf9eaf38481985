"""Whatever the order of firing, resolved, repeated and late messages: nothing is lost or doubled.

A small model of the sender says what must come out: of each group and alert, the newest word.
"""

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.incident.facts_alerts import IncidentClosed, IncidentResolved, Learnings
from bot.incident.model import Alert
from bot.incident.reducer import fold
from bot.store.store import Store
from tests.bot.store.derived import derived
from tests.bot.store.examples import alert, delivery, group, say
from tests.fakes import T0, FakeClock, open_store

GROUPS, NAMES = "xyz", "ab"
LEARNINGS = Learnings(context="a", solution="b", learning="c", impact="d")


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to one alert of one group, or (close) to the group's incident.

    A resolve may be stuck on its way; `late` delivers the last resolve (again), whatever is now.
    """

    key: str
    name: str
    verb: str
    copies: int


TURNS = st.lists(
    st.builds(
        Turn,
        st.sampled_from(GROUPS),
        st.sampled_from(NAMES),
        st.sampled_from(["fire", "fire", "resolve", "stuck", "late", "close"]),
        st.integers(1, 3),
    ),
    max_size=30,
)


@dataclass
class Source:
    """What the monitoring system knows, and what the bot can know: since when each alert fires."""

    firing: dict[tuple[str, str], datetime] = field(default_factory=dict[tuple[str, str], datetime])
    gone: dict[tuple[str, str], Alert] = field(default_factory=dict[tuple[str, str], Alert])
    heard: dict[tuple[str, str], datetime] = field(default_factory=dict[tuple[str, str], datetime])

    def says(self, turn: Turn, now: datetime) -> Alert | None:
        place = (turn.key, turn.name)
        if turn.verb == "fire":
            since = self.firing.setdefault(place, now)
            self.heard[place] = since
            return alert(turn.name, starts_at=since)
        if turn.verb in {"resolve", "stuck"}:
            since = self.firing.pop(place, None)
            if since is None:
                return None
            over = alert(turn.name, "resolved", since).model_copy(update={"ends_at": now})
            self.gone[place] = over
        said = self.gone.get(place) if turn.verb != "stuck" else None
        since = self.heard.get(place)
        ended = said.ends_at if said is not None else None
        if ended is not None and since is not None and ended >= since:
            del self.heard[place]
        return said


@dataclass
class Expected:
    """What must be true of one group: its living incident, and how many there were."""

    opened: int = 0
    is_living: bool = False


async def close(store: Store, incident: str) -> None:
    over = IncidentClosed(summary="over", learnings=LEARNINGS)
    await say(store, incident, IncidentResolved(reason="quiet"), over)


async def lived(turns: list[Turn]) -> None:
    clock, source = FakeClock(), Source()
    expected = {key: Expected() for key in GROUPS}
    newest: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder), clock) as store:
            for number, turn in enumerate(turns):
                clock.advance(1)
                wanted = expected[turn.key]
                if turn.verb == "close":
                    if wanted.is_living:
                        await close(store, newest[turn.key])
                        wanted.is_living = False
                        for name in NAMES:  # it will say again what still fires, as new
                            source.firing.pop((turn.key, name), None)
                            source.heard.pop((turn.key, name), None)
                    continue
                said = source.says(turn, clock.now())
                if said is None:
                    continue
                accepted = await asyncio.gather(
                    *(
                        store.deliveries.accept(
                            delivery(f"d{number}-{copy}", clock.now()), [group(said, key=turn.key)]
                        )
                        for copy in range(turn.copies)
                    )
                )
                opened = [name for one in accepted for name in one.opened]
                is_new = said.status == "firing" and not wanted.is_living
                assert len(opened) == is_new, "one incident for a group that has none"
                if is_new:
                    wanted.opened, wanted.is_living = wanted.opened + 1, True
                    newest[turn.key] = opened[0]
            await agree(store, source, expected, newest)
            live = await derived(store)
            await store.rebuild()
            assert await derived(store) == live
        async with open_store(Path(folder), clock) as store:
            await agree(store, source, expected, newest)


async def agree(
    store: Store, source: Source, expected: dict[str, Expected], newest: dict[str, str]
) -> None:
    assert len(await store.log.heads()) == sum(one.opened for one in expected.values())
    for key, wanted in expected.items():
        if wanted.is_living:
            view = fold(await store.log.load(newest[key])).incident
            firing = {one.fingerprint for one in view.firing}
            assert firing == {name for place, name in source.heard if place == key}
            assert not any(line.first_at < T0 for line in view.alerts.values())


LATE_AFTER_THE_END = [Turn("x", "a", verb, 1) for verb in ("fire", "stuck", "close", "late")]
"""Its last resolve joins no incident; a rebuild once forgot it."""


@settings(max_examples=25)
@example(LATE_AFTER_THE_END)
@given(TURNS)
def test_d07_no_group_is_lost_or_opened_twice_and_the_newest_word_counts(
    turns: list[Turn],
) -> None:
    asyncio.run(lived(turns))
