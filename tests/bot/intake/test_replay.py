"""Each decision is kept with all that the policy was asked, so that it can be asked again."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue, TypeAdapter

from bot.incident.authority import Person, Rule
from bot.incident.facts_action import DecisionMade, DecisionRefused
from bot.incident.policy import Allow, Case, Refuse, evaluate
from bot.knowledge.case import as_asked
from tests.bot.engine.house import World, open_house
from tests.bot.engine.making import RULE, Team, policy
from tests.bot.intake.clicking import click

pytestmark = pytest.mark.usefixtures("each_database")
RULES = policy(
    Rule(name="not here", action="job_run:*", environment="prod*", allow=False),
    RULE.model_copy(update={"channels": ("web",)}),
)


def case_from(kept: dict[str, JsonValue]) -> Case:
    """Return the case as whoever has nothing but the log makes it again."""
    return TypeAdapter(Case).validate_json(json.dumps(kept))


async def test_e20_a_decision_is_kept_with_all_that_the_policy_was_asked(tmp_path: Path) -> None:
    async with open_house(tmp_path, World(team=Team(policy=RULES))) as house:
        await house.pending()
        assert (await click(house)).kind == "done"
        (made,) = await house.bodies(DecisionMade)
    assert isinstance(made, DecisionMade)
    case = case_from(made.case)
    assert as_asked(case) == made.case
    assert (case.owner, case.tier, case.on_call, case.channel) == ("sre", 1, ("dana", "eve"), "web")
    again = evaluate(RULES, case, Person(name=made.person, groups=made.groups), ())
    assert isinstance(again, Allow)
    assert (again.rule.name, made.policy_digest) == (made.rule, RULES.digest)
    elsewhere = case_from({**made.case, "environment": "prod-eu"})
    dana = Person(name=made.person, groups=made.groups)
    assert isinstance(evaluate(RULES, elsewhere, dana, ()), Refuse)


@pytest.mark.parametrize(
    ("who", "person", "groups"),
    [("web:mallory", "mallory", ()), ("chat:U1", "dana", ("sre",))],
    ids=["not-in-the-group", "another-channel"],
)
async def test_e20_a_refusal_is_kept_with_all_that_the_policy_was_asked(
    tmp_path: Path, who: str, person: str, groups: tuple[str, ...]
) -> None:
    async with open_house(tmp_path, World(team=Team(policy=RULES))) as house:
        await house.pending()
        told = await click(house, who=who)
        (refused,) = await house.bodies(DecisionRefused)
    assert isinstance(refused, DecisionRefused)
    assert (refused.person, refused.groups, refused.rule) == (person, groups, "rollback")
    asked = Person(name=person, groups=groups)
    again = evaluate(RULES, case_from(refused.case), asked, ())
    assert isinstance(again, Refuse)
    assert again.why.removesuffix(".") in told.text
    assert refused.policy_digest == RULES.digest


async def test_e20_who_is_nobody_is_asked_about_no_policy(tmp_path: Path) -> None:
    async with open_house(tmp_path, World(team=Team(policy=RULES))) as house:
        await house.pending()
        await click(house, who="web:nobody")
        (refused,) = await house.bodies(DecisionRefused)
    assert isinstance(refused, DecisionRefused)
    assert (refused.person, refused.rule, refused.case) == ("", "", {})
