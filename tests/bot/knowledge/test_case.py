import ast
from datetime import UTC, datetime
from pathlib import Path

import bot
from bot.incident.policy import Case
from bot.knowledge.case import PlannedAction, case_of
from bot.knowledge.library import gather
from tests.bot.incident.making import proposal

KNOWN = gather(
    {
        "services.yaml": b"services: [{name: Checkout, owner: payments, tier: 1}]",
        "people.yaml": b"people: [{name: eve, groups: [payments]}, {name: dana}]\n"
        b"rotas: [{name: shop, services: [checkout], levels: [{persons: [dana]}]}]",
    }
)
BOT = Path(bot.__file__).parent
AT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def test_e26_a_case_says_what_is_true_now() -> None:
    asked = proposal(requested_by="person:dana")
    assert case_of(asked, KNOWN, AT, "slack") == Case(
        asked.action,
        "checkout",
        asked.environment,
        asked.risk,
        owner="payments",
        requested_by="person:dana",
        channel="slack",
        tier=1,
        on_call=("dana",),
        at=AT,
    )


def test_law9_an_unknown_service_has_no_owner_and_nobody_on_call() -> None:
    case = case_of(PlannedAction("a", "billing", "", "low"), KNOWN, AT, previewed=False)
    assert (case.owner, case.on_call, case.tier, case.previewed) == ("", (), None, False)


def test_e23_who_changed_a_plan_is_part_of_the_case() -> None:
    plan = PlannedAction("a", "checkout", "", "low", edited_by=("person:eve",))
    case = case_of(plan, KNOWN, AT)
    assert case.wanted_by("eve")
    assert not case.wanted_by("dana")


def test_a_case_is_made_in_one_place() -> None:
    made = {
        path.relative_to(BOT).as_posix()
        for path in BOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Case"
    }
    assert made == {"knowledge/case.py"}
