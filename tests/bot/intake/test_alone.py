"""An approver who is also admin cannot be both persons of high risk (E-22, E-24)."""

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.incident.authority import Person
from bot.incident.fact import HOUSE, Fact
from bot.incident.facts_house import LinkIssued, StepUpEnrolled
from bot.knowledge.people import People
from bot.ports import Draft, Outcome
from tests.bot.engine.house import House, World, open_house
from tests.bot.engine.making import DANA, EVE
from tests.bot.intake.clicking import button
from tests.bot.intake.phones import Phone, database_in, phone_of
from tests.fakes import T0

FINN = Person(name="finn", groups=("sre",), identities=("web:finn",))
LINK = LinkIssued(
    digest="d" * 64, person="eve", actor="", by="dana", expires_at=T0 + timedelta(minutes=10)
)
RESET = StepUpEnrolled(person="eve", how="totp", by="api:dana", taken_away=True)


@pytest.fixture
def folder(database_url: str, tmp_path: Path) -> Generator[Path]:
    with database_in(tmp_path, database_url) as made:
        yield made


def risky() -> World:
    world = World()
    world.acting.risk = "high"
    world.team.people = People((DANA, EVE, FINN))
    return world


async def write(house: House, fact: Fact, by: str = "api:dana") -> None:
    await house.store.log.record(HOUSE, lambda _: Draft(by, (fact,)))


async def approve(house: House, name: str, phone: Phone) -> Outcome:
    reply = button(await house.view(), who=f"web:{name}")
    return await house.replies.reply(replace(reply, person=name, code=phone.code()))


@pytest.mark.parametrize("help_given", [LINK, RESET], ids=["link", "reset"])
@pytest.mark.parametrize("first", ["dana", "eve"])
async def test_e22_who_let_the_other_in_does_not_approve_high_risk_beside_them(
    folder: Path, help_given: Fact, first: str
) -> None:
    async with open_house(folder, risky()) as house:
        phones = {"dana": await phone_of(house, "dana"), "finn": await phone_of(house, "finn")}
        await write(house, help_given)
        phones["eve"] = await phone_of(house, "eve")
        await house.pending()
        second = "eve" if first == "dana" else "dana"
        assert (await approve(house, first, phones[first])).kind == "done"
        alone = await approve(house, second, phones[second])
        assert (await house.view()).status == "pending"
        code_kept = await approve(house, "finn", phones["finn"])
        view = await house.view()
    assert alone.kind == "refused"
    assert "count as one person" in alone.text
    assert (code_kept.kind, view.status) == ("done", "approved")


async def test_e22_after_a_day_or_by_another_hand_they_are_two(folder: Path) -> None:
    async with open_house(folder, risky()) as house:
        dana = await phone_of(house, "dana")
        await write(house, LINK.model_copy(update={"by": "operator"}))
        eve = await phone_of(house, "eve")
        await write(house, LINK.model_copy(update={"person": "finn"}))
        finn = await phone_of(house, "finn")
        await house.pending()
        assert (await approve(house, "dana", dana)).kind == "done"
        assert (await approve(house, "finn", finn)).kind == "refused"
        assert (await approve(house, "eve", eve)).kind == "done"
    async with open_house(folder, risky()) as house:
        house.world.clock.advance(86_500)
        assert await house.alarm(key="another") == "INC-2"
        await house.drive("INC-2")
        view = await house.view("INC-2")
        for name, phone in (("dana", dana), ("finn", finn)):
            shown = Phone(phone.secret, house.world.clock)
            click = replace(button(view, who=f"web:{name}"), person=name, code=shown.code())
            assert (await house.replies.reply(click)).kind == "done"
