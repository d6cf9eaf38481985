"""Deliveries that wait together end as they would one after the other."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.incident.events import Event
from bot.incident.facts_alerts import IncidentClosed, IncidentMerged, Learnings
from bot.incident.grouping import Group
from bot.ports import Accepted, Delivery
from bot.store.store import Store, StoreLimits
from tests.bot.store.derived import derived
from tests.bot.store.examples import alert, delivery, group, open_incident, say
from tests.fakes import T0, FakeClock, open_store

WINDOW_S = 3600
OVER = IncidentClosed(
    summary="over", learnings=Learnings(context="a", solution="b", learning="c", impact="d")
)


@dataclass(frozen=True)
class Sent:
    """A delivery; the same `name` is a redelivery. It came `late_s` after the others."""

    name: int
    groups: tuple[Group, ...]
    late_s: int = 0

    def delivery(self, place: int) -> Delivery:
        at = T0 + timedelta(seconds=self.late_s)
        return Delivery(f"d{place}", "alertmanager", "default", f"n{self.name}", at, {}, b"{}")


ALERTS = st.builds(
    alert,
    st.sampled_from("abc"),
    st.sampled_from(["firing", "resolved"]),
    st.sampled_from([None, T0, T0, T0 + timedelta(minutes=1)]),
)
GROUPS = st.lists(ALERTS, min_size=1, max_size=3).flatmap(
    lambda alerts: st.sampled_from("wxyz").map(lambda key: group(*alerts, key=key))
)
SENT = st.lists(
    st.builds(
        Sent,
        st.integers(1, 9),
        st.lists(GROUPS, max_size=3).map(tuple),
        st.sampled_from([0, 0, 10, WINDOW_S + 10]),
    ),
    min_size=2,
    max_size=12,
)


async def history(store: Store) -> None:
    """Group w fires, x is over, y was merged into w's incident; z was never heard of."""
    for place, key in enumerate("wxy"):
        await store.deliveries.accept(delivery(f"h{place}"), [group(alert("h"), key=key)])
    await say(store, "INC-2", OVER)
    await say(store, "INC-3", IncidentMerged(person="dana", into="INC-1"))


async def outcome(
    sent: Sequence[Sent], *, together: bool
) -> tuple[list[Accepted], dict[str, list[Event]], object]:
    with tempfile.TemporaryDirectory() as folder:
        limits = StoreLimits(group_window_s=WINDOW_S)
        async with open_store(Path(folder), FakeClock(), limits) as store:
            await history(store)
            waiting = [
                store.deliveries.accept(one.delivery(place), one.groups)
                for place, one in enumerate(sent)
            ]
            if together:
                answers = list(await asyncio.gather(*waiting))
            else:
                answers = [await one for one in waiting]
            streams = {name: await store.log.load(name) for name in await store.log.heads()}
            assert await store.verify() == []
            return answers, streams, await derived(store)


@settings(max_examples=15)
@given(SENT)
def test_d07_deliveries_that_wait_together_end_as_one_after_the_other(sent: list[Sent]) -> None:
    apart = asyncio.run(outcome(sent, together=False))
    assert asyncio.run(outcome(sent, together=True)) == apart


async def test_d03_one_delivery_that_cannot_be_written_does_not_fail_those_beside_it(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        twice = Delivery("d1", "alertmanager", "default", "another", T0, {}, b"{}")
        ends = await asyncio.gather(
            *(
                store.deliveries.accept(one, [group(alert(str(place)), key=str(place))])
                for place, one in enumerate((delivery("d1"), twice, delivery("d2")))
            ),
            return_exceptions=True,
        )
        assert [type(end).__name__ for end in ends] == ["Accepted", "StaleThreadError", "Accepted"]
        assert set(await store.log.heads()) == {"INC-1", "INC-2"}
        assert await open_incident(store) == "INC-3"
        assert await store.verify() == []
