"""Step-up (E-24): high risk is approved by who proves anew who they are, and by nobody else."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.incident.facts_action import DecisionMade, DecisionRefused, StepUpAsked
from bot.ports import Claim, Outcome, Proof, Reply
from tests.bot.engine.house import INC, House, World, open_house, totp_of
from tests.bot.engine.making import LAX, RULE, Team, policy
from tests.bot.intake.clicking import button
from tests.bot.intake.phones import database_in, phone_of

PAGE = "High risk is approved on the page with your one-time code: http://b/proposals/"
CHANNELS = ("chat", "slack", "discord", "email", "console", "cli")


@pytest.fixture
def folder(database_url: str, tmp_path: Path) -> Generator[Path]:
    with database_in(tmp_path, database_url) as made:
        yield made


def risky() -> World:
    world = World()
    world.acting.risk = "high"
    return world


async def approve(house: House, code: str, person: str = "dana", channel: str = "web") -> Outcome:
    """Approve on the page, as a signed-in person with a code."""
    reply = button(await house.view(), who=f"{channel}:{person}")
    return await house.replies.reply(replace(reply, person=person, code=code))


async def whys(house: House) -> list[str]:
    refused = await house.bodies(DecisionRefused)
    return [fact.why for fact in refused if isinstance(fact, DecisionRefused)]


async def decisions(house: House) -> list[DecisionMade]:
    made = await house.bodies(DecisionMade)
    return [fact for fact in made if isinstance(fact, DecisionMade)]


async def test_e24_two_right_codes_approve_high_risk_and_it_runs(folder: Path) -> None:
    world = risky()
    async with open_house(folder, world) as house:
        phones = {name: await phone_of(house, name) for name in ("dana", "eve")}
        await house.pending()
        first = await approve(house, phones["dana"].code())
        last = await approve(house, phones["eve"].code(), "eve")
        await house.drive(INC)
        made = await decisions(house)
    assert "needs one more person" in first.text
    assert "is approved" in last.text
    assert [(one.person, one.step_up) for one in made] == [("dana", "totp"), ("eve", "totp")]
    assert len(world.shop.calls) == 1


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.usefixtures("each_database")
async def test_e24_no_chat_alone_approves_high_risk(tmp_path: Path, channel: str) -> None:
    world = risky()
    async with open_house(tmp_path, world) as house:
        phone = await phone_of(house)
        view = await house.pending()
        reply = replace(button(view, who=f"{channel}:dana"), person="dana")
        clicked = await house.replies.reply(reply)
        word = f"approve P-{view.proposal.id}"
        typed = Reply(f"{channel}:dana", channel, "", "command", person="dana", text=word)
        said = await house.replies.reply(typed)
        coded = await house.replies.reply(replace(reply, code=phone.code()))
        view = await house.view()
        refused = await whys(house)
        spent = await totp_of(world, house.store).prove(_any_claim(), phone.code())
    assert clicked.text == said.text == f"{PAGE}{view.proposal.id}"
    assert clicked.kind == said.kind == "refused"
    assert view.decisions == []
    assert (view.status, view.awaiting) == ("pending", ("dana",))
    assert "never write it in chat" in coded.text
    assert refused == [coded.text]
    assert isinstance(spent, Proof)


@pytest.mark.parametrize("channel", ["web", "api"])
@pytest.mark.usefixtures("each_database")
async def test_e24_no_page_and_no_api_call_approves_high_risk_without_a_code(
    tmp_path: Path, channel: str
) -> None:
    async with open_house(tmp_path, risky()) as house:
        await house.pending()
        outcome = await approve(house, "", channel=channel)
        asked = await house.bodies(StepUpAsked)
        again = await approve(house, "", channel=channel)
        assert await house.bodies(StepUpAsked) == asked
        view = await house.view()
    assert outcome.text == again.text == f"{PAGE}{view.proposal.id}"
    assert asked == [
        StepUpAsked(
            proposal=view.proposal.id, digest=view.asked.digest, person="dana", verdict="approve"
        )
    ]
    assert view.decisions == []


@pytest.mark.usefixtures("each_database")
async def test_e24_the_api_may_carry_the_code(tmp_path: Path) -> None:
    async with open_house(tmp_path, risky()) as house:
        phone = await phone_of(house)
        await house.pending()
        outcome = await approve(house, phone.code(), channel="api")
    assert "needs one more person" in outcome.text


async def test_e24_wrong_replayed_old_and_other_peoples_codes_are_refused_with_their_reason(
    folder: Path,
) -> None:
    async with open_house(folder, risky()) as house:
        danas, eves = await phone_of(house), await phone_of(house, "eve")
        await house.pending()
        spent = danas.code()
        assert (await approve(house, spent)).kind == "done"
        # dana's own code, old and far ahead, and dana's for eve; then eve's, twice
        given = [eves.code(-120), eves.code(90), spent, danas.code(30), "12345"]
        for code in given:
            assert (await approve(house, code, "eve")).kind == "refused"
        told = await whys(house)
        view = await house.view()
    assert ["old" in told[0], "ahead of our clock" in told[1]] == [True, True]
    assert ["is wrong" in why for why in told[2:4]] == [True, True]
    assert "six digits" in told[4]
    assert [made.person for _, made in view.decisions] == ["dana"]


async def test_e24_a_code_that_was_spent_on_one_proposal_is_no_good_for_another(
    folder: Path,
) -> None:
    async with open_house(folder, risky()) as house:
        phone = await phone_of(house)
        await house.pending()
        await house.alarm(key="g2")
        await house.drive("INC-2")
        code = phone.code()
        first = await approve(house, code)
        other = button(await house.view("INC-2"), who="web:dana")
        second = await house.replies.reply(replace(other, person="dana", code=code))
        refused = await house.bodies(DecisionRefused, incident="INC-2")
        unmoved = await house.view("INC-2")
    assert first.kind == "done"
    assert "was used already" in second.text
    assert [fact.why for fact in refused if isinstance(fact, DecisionRefused)] == [second.text]
    assert unmoved.decisions == []


@pytest.mark.usefixtures("each_database")
async def test_e24_a_code_is_not_spent_on_what_would_be_refused_anyway(tmp_path: Path) -> None:
    world = risky()
    world.team.policy = policy(RULE.model_copy(update={"approvers": ("person:eve",)}))
    async with open_house(tmp_path, world) as house:
        phone = await phone_of(house)
        await house.pending()
        outcome = await approve(house, phone.code())
        spent = await totp_of(world, house.store).prove(_any_claim(), phone.code())
    assert "only person:eve may decide" in outcome.text
    assert isinstance(spent, Proof)


async def test_e26_no_code_is_spent_while_nobody_can_be_looked_up(tmp_path: Path) -> None:
    world = risky()
    async with open_house(tmp_path, world) as house:
        phone = await phone_of(house)
        await house.pending()
        world.team.unreadable = "people.yaml cannot be read as it stands now"
        early = await approve(house, phone.code())
        world.team.unreadable = ""
        later = await approve(house, phone.code())
    assert (early.kind, later.kind) == ("busy", "done")


@pytest.mark.usefixtures("each_database")
async def test_e24_who_has_no_codes_is_told_where_to_set_them_up(tmp_path: Path) -> None:
    async with open_house(tmp_path, risky()) as house:
        await house.pending()
        outcome = await approve(house, "123456")
    assert outcome.text == (
        "You have not set up one-time codes yet; do so first: http://b/me/step-up"
    )


async def test_e24_five_wrong_codes_lock_and_the_person_is_told_until_when(folder: Path) -> None:
    async with open_house(folder, risky()) as house:
        phone = await phone_of(house)
        await house.pending()
        near = {phone.code(30 * step) for step in range(-25, 26)}
        wrong = next(found for found in map("{:06d}".format, range(1000)) if found not in near)
        told = [(await approve(house, wrong)).text for _ in range(5)]
        locked = await approve(house, phone.code())
        house.world.clock.advance(300)
        freed = await approve(house, phone.code())
    assert "looked at again at 12:05:30 UTC" in told[-1]
    assert locked.text == told[-1]
    assert freed.kind == "done"


@pytest.mark.usefixtures("each_database")
async def test_e24_a_denial_needs_no_code(tmp_path: Path) -> None:
    async with open_house(tmp_path, risky()) as house:
        view = await house.pending()
        outcome = await house.replies.reply(button(view, "deny", "chat:U1"))
    assert outcome.kind == "done"


@pytest.mark.usefixtures("each_database")
async def test_e24_low_and_medium_risk_need_no_code(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        assert (await house.approve(who="chat:U1")).kind == "done"
        assert [made.step_up for made in await decisions(house)] == [""]


@pytest.mark.usefixtures("each_database")
async def test_e20_a_rule_may_ask_for_a_code_at_any_risk(tmp_path: Path) -> None:
    world = World()
    world.team.policy = policy(RULE.model_copy(update={"step_up": True}))
    async with open_house(tmp_path, world) as house:
        phone = await phone_of(house)
        await house.pending()
        asked = await house.approve(who="chat:U1")
        proven = await approve(house, phone.code())
        await house.drive(INC)
    assert asked.text.startswith("This action is approved on the page")
    assert proven.kind == "done"
    assert len(world.shop.calls) == 1


@pytest.mark.usefixtures("each_database")
async def test_e24_with_the_setting_chat_alone_approves_high_risk(tmp_path: Path) -> None:
    world = World(team=Team(policy=LAX))
    world.acting.risk = "high"
    async with open_house(tmp_path, world) as house:
        await house.pending()
        await house.approve(who="chat:U1")
        await house.approve(who="web:eve")
        await house.drive(INC)
    assert len(world.shop.calls) == 1


@pytest.mark.usefixtures("each_database")
async def test_e24_who_decided_is_awaited_no_more(tmp_path: Path) -> None:
    async with open_house(tmp_path, risky()) as house:
        phone = await phone_of(house)
        await house.pending()
        await house.approve(who="chat:U1")
        await house.approve(who="web:eve")
        assert (await house.view()).awaiting == ("dana", "eve")
        await approve(house, phone.code())
        assert (await house.view()).awaiting == ("eve",)


@pytest.mark.parametrize(
    ("who", "channel", "kind", "says"),
    [
        ("dana", "api", "done", "has no one-time codes any more"),
        ("dana", "chat", "refused", "triagebot stepup reset eve"),
        ("mallory", "web", "refused", "Only an admin"),
    ],
)
@pytest.mark.usefixtures("each_database")
async def test_e24_an_admin_takes_codes_away_and_not_in_chat(
    tmp_path: Path, who: str, channel: str, kind: str, says: str
) -> None:
    async with open_house(tmp_path, World()) as house:
        await phone_of(house, "eve")
        reply = Reply(f"{channel}:{who}", channel, "", "command", person=who)
        outcome = await house.replies.reply(replace(reply, text="stepup reset eve"))
        ready = await totp_of(house.world, house.store).ready("eve")
    assert says in outcome.text
    assert (outcome.kind, ready) == (kind, kind != "done")


def _any_claim() -> Claim:
    return Claim("dana", "ZZZZ2222", "cd" * 32, "approve")
