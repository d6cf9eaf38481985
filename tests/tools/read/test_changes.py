"""What changed lately."""

from datetime import timedelta

from bot.incident.model import Change
from tests.tools.fixtures import NOW, facts, needs, reading
from tools.read import changes_recent


def change(version: str, age_s: int, *, service: str = "checkout") -> Change:
    return Change(
        id=version,
        source="ci",
        service=service,
        version=version,
        previous="v1",
        by="dana",
        at=NOW - timedelta(seconds=age_s),
    )


async def test_the_newest_change_makes_the_facts_in_whatever_order_they_come() -> None:
    known = [change("v2", 7200), change("v3", 240), change("v9", 60, service="mail")]
    async with reading(changes_recent, needs(changes=known)) as look:
        result = await look(service="checkout")
    assert facts(result) == {
        "count": 2,
        "latest_version": "v3",
        "latest_previous": "v1",
        "latest_age_s": 240,
        "latest_by": "dana",
        "latest_kind": "deploy",
    }
    assert result.summary == (
        "2 changes of checkout in the last 1 d; latest: deploy v3 (before: v1) by dana, 4 min ago"
    )
    assert [one["version"] for one in result.body] == ["v3", "v2"]


async def test_without_a_change_only_their_count_is_known() -> None:
    async with reading(changes_recent, needs(changes=[change("v2", 7200)])) as look:
        result = await look(service="checkout", window_s=3600)
    assert facts(result) == {"count": 0}
    assert result.summary == "no change of checkout in the last 1 h"


async def test_without_a_service_all_are_looked_at() -> None:
    known = [change("v9", 60, service="mail"), change("v2", 70)]
    async with reading(changes_recent, needs(changes=known)) as look:
        assert facts(await look(service=""))["count"] == 2


async def test_a_change_from_a_clock_ahead_of_ours_is_new_not_negative() -> None:
    async with reading(changes_recent, needs(changes=[change("v2", -30)])) as look:
        assert facts(await look(service="checkout"))["latest_age_s"] == 0
