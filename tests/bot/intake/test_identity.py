"""Who counts, looked up anew: accounts, links, persons that left, and look-ups that fail."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import UnreadableError
from bot.incident.authority import Person
from bot.incident.fact import HOUSE
from bot.incident.facts_action import ActionStarted, DecisionRefused, ProposalSuperseded
from bot.incident.facts_house import PersonLinked, PersonUnlinked
from bot.intake.crowd import MINUTE, PER_MINUTE
from bot.knowledge.people import People
from bot.ports import Draft, Outcome, Reply, Standing
from tests.bot.engine.house import INC, House, World, approved, open_house
from tests.bot.engine.making import DANA, EVE, LAX, MALLORY, Team
from tests.bot.intake.clicking import button, click

OUTSIDE = "slack:T1/U1"


async def clicked(house: House, **changed: str) -> Outcome:
    view = await house.view()
    return await house.replies.reply(replace(button(view, who=OUTSIDE), **changed))


async def refusals(house: House) -> list[DecisionRefused]:
    return [f for f in await house.bodies(DecisionRefused) if isinstance(f, DecisionRefused)]


async def link(house: House, person: str = "dana", actor: str = OUTSIDE) -> None:
    fact = PersonLinked(person=person, actor=actor, by=person)
    await house.store.log.record(HOUSE, lambda _: Draft("web:dana", (fact,)))


async def unlink(house: House) -> None:
    fact = PersonUnlinked(person="dana", actor=OUTSIDE, by="operator")
    await house.store.log.record(HOUSE, lambda _: Draft("api:operator", (fact,)))


@pytest.mark.usefixtures("each_database")
async def test_e25_a_linked_account_counts_as_its_person(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        assert (await clicked(house)).kind == "refused"
        await link(house)
        assert (await clicked(house)).kind == "done"
        view = await house.view()
    assert [(made.person, made.actor) for _, made in view.decisions] == [("dana", OUTSIDE)]


@pytest.mark.usefixtures("each_database")
async def test_e25_an_account_that_was_unlinked_a_moment_ago_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await link(house)
        await unlink(house)
        outcome = await clicked(house)
        assert (await house.view()).status == "pending"
    assert outcome.kind == "refused"
    assert "I do not know who you are" in outcome.text


@pytest.mark.parametrize("actor", ["slack:T2/U1", "slack:U1", "discord:T1/U1", "slack:t1/u1"])
@pytest.mark.usefixtures("each_database")
async def test_e25_the_same_name_elsewhere_is_somebody_else(tmp_path: Path, actor: str) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await link(house)
        outcome = await click(house, who=actor)
        (refused,) = await refusals(house)
        assert (await house.view()).status == "pending"
    assert outcome.kind == "refused"
    assert refused.actor == actor


@pytest.mark.usefixtures("each_database")
async def test_e22_two_accounts_of_one_person_count_once(tmp_path: Path) -> None:
    world = World(team=Team(policy=LAX))
    world.acting.risk = "high"
    async with open_house(tmp_path, world) as house:
        await house.pending()
        await link(house)
        first = await click(house, who="web:dana")
        again = [(await click(house, who=who)).kind for who in (OUTSIDE, "chat:U1")]
        view = await house.view()
    assert "needs one more person" in first.text
    assert again == ["already", "already"]
    assert (view.status, len(view.decisions)) == ("pending", 1)


@pytest.mark.usefixtures("each_database")
async def test_e25_people_yaml_goes_before_a_link(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await link(house)
        named = MALLORY.model_copy(update={"identities": (OUTSIDE,)})
        house.world.team.people = People((DANA, EVE, named))
        outcome = await clicked(house)
    assert outcome.kind == "refused"
    assert "you (mallory) are not among them" in outcome.text


@pytest.mark.parametrize(
    ("standing", "why"),
    [("guest", "Guest accounts"), ("bot", "Other bots"), ("deleted", "was deactivated")],
)
@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.usefixtures("each_database")
async def test_e25_guests_bots_and_deleted_accounts_are_refused_whoever_they_are_linked_to(
    tmp_path: Path, standing: Standing, why: str, typed: bool
) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        await link(house)
        reply = button(view, who=OUTSIDE)
        if typed:
            text = f"approve P-{view.proposal.id}"
            reply = Reply(OUTSIDE, "slack", "", "command", text=text)
        outcome = await house.replies.reply(replace(reply, standing=standing))
        note = Reply(OUTSIDE, "slack", "", "command", text=f"note {INC} hello", standing=standing)
        noted = await house.replies.reply(note)
        (refused,) = await refusals(house)
        assert (await house.view()).status == "pending"
    assert (outcome.kind, noted.kind) == ("refused", "refused")
    assert why in outcome.text
    assert why in noted.text
    assert (refused.actor, refused.why) == (OUTSIDE, outcome.text)


@pytest.mark.parametrize("actor", ["slack:dana", "chat:Dana Example", "email:dana@example.org"])
@pytest.mark.usefixtures("each_database")
async def test_e25_a_name_or_an_unproven_address_never_counts(tmp_path: Path, actor: str) -> None:
    known = DANA.model_copy(update={"title": "Dana Example", "email": "dana@example.org"})
    async with open_house(tmp_path, World()) as house:
        house.world.team.people = People((known, EVE))
        await house.pending()
        outcome = await click(house, who=actor)
        (refused,) = await refusals(house)
        assert (await house.view()).status == "pending"
    assert outcome.kind == "refused"
    assert refused.actor == actor


@pytest.mark.usefixtures("each_database")
async def test_e25_a_person_who_is_not_active_any_more_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        house.world.team.people = People((DANA.model_copy(update={"active": False}), EVE))
        outcome = await click(house)
        (refused,) = await refusals(house)
        assert (await house.view()).status == "pending"
    assert outcome.kind == "refused"
    assert "dana is not active any more" in refused.why


class Looking:
    """people.yaml was changed on disk; only a fresh look finds it."""

    def __init__(self, house: House, people: People, after: int = 1) -> None:
        self.house, self.people, self.left = house, people, after

    async def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.house.world.team.people = self.people


@pytest.mark.usefixtures("each_database")
async def test_e26_whoever_was_removed_a_moment_ago_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        monkeypatch.setattr(house.world.team, "afresh", Looking(house, People((EVE,))))
        outcome = await click(house)
        assert (await house.view()).status == "pending"
        assert len(await refusals(house)) == 1
    assert outcome.kind == "refused"


@pytest.mark.usefixtures("each_database")
async def test_e26_who_left_the_group_a_moment_ago_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        left = DANA.model_copy(update={"groups": ()})
        monkeypatch.setattr(house.world.team, "afresh", Looking(house, People((left, EVE))))
        outcome = await click(house)
        assert (await house.view()).status == "pending"
    assert outcome.kind == "refused"
    assert "you (dana) are not among them" in outcome.text


@pytest.mark.usefixtures("each_database")
async def test_e26_a_look_up_that_fails_authorises_nobody_and_is_kept(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        house.world.team.unreadable = "people.yaml line 3: two persons are called dana"
        outcome = await click(house)
        (refused,) = await refusals(house)
        assert (await house.view()).status == "pending"
        house.world.team.unreadable = ""
        assert (await click(house)).kind == "done"
    assert outcome.kind == "busy"
    assert "people.yaml line 3" in outcome.text
    assert (refused.actor, refused.why) == ("web:dana", outcome.text)


@pytest.mark.usefixtures("each_database")
async def test_e26_nothing_runs_while_the_look_up_fails_and_the_approval_stands(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        await approved(house)
        house.world.team.unreadable = "policy.yaml line 1: no mapping"
        with pytest.raises(UnreadableError, match=r"policy\.yaml line 1"):
            await house.drive(INC)
        assert await house.bodies(ActionStarted) == []
        assert (await house.view()).status == "approved"
        house.world.team.unreadable = ""
        await house.drive(INC)
        assert len(await house.bodies(ActionStarted)) == 1


@pytest.mark.parametrize(
    "left", [(), (DANA.model_copy(update={"active": False}),)], ids=["removed", "deactivated"]
)
@pytest.mark.usefixtures("each_database")
async def test_e26_an_approver_who_left_after_the_click_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: tuple[Person, ...]
) -> None:
    async with open_house(tmp_path, World()) as house:
        await approved(house)
        people = People((*left, EVE))
        monkeypatch.setattr(house.world.team, "afresh", Looking(house, people))
        await house.drive(INC)
        (gone,) = await house.bodies(ProposalSuperseded)
        assert await house.bodies(ActionStarted) == []
        assert house.world.shop.calls == []
    assert isinstance(gone, ProposalSuperseded)
    assert gone.why.startswith("dana approved it and ")


@pytest.mark.parametrize("unreadable", ["", "people.yaml: gone"])
@pytest.mark.usefixtures("each_database")
async def test_e42_strangers_cannot_fill_the_log(tmp_path: Path, unreadable: str) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        house.world.team.unreadable = unreadable
        outcomes = [await click(house, who=f"slack:T1/U{n}") for n in range(PER_MINUTE + 5)]
        kept = len(await refusals(house))
        house.world.clock.advance(MINUTE.total_seconds())
        await click(house, who=OUTSIDE)
        house.world.team.unreadable = ""
        assert len(await refusals(house)) == kept + 1
        assert (await click(house)).kind == "done"
    assert {one.kind for one in outcomes} == {"busy" if unreadable else "refused"}
    assert len({one.text for one in outcomes}) == 1
    assert kept == PER_MINUTE


async def test_the_word_link_answers_with_an_address_and_only_for_strangers(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        said = await house.say("link", OUTSIDE)
        known = await house.say("link", "web:dana")
        odd = await house.say("link", "slack")
        guest = await house.replies.reply(
            Reply(OUTSIDE, "slack", "", "command", text="link", standing="guest")
        )
        more = [(await house.say("link", OUTSIDE)).kind for _ in range(3)]
        other = await house.say("link", "slack:T1/U2")
    assert said.text.startswith("Open http://b/link/")
    assert f"that {OUTSIDE} is you" in said.text
    assert (known.kind, known.text) == ("already", "You are dana here already, as web:dana.")
    assert (odd.kind, guest.kind) == ("refused", "refused")
    assert more == ["done", "done", "refused"]
    assert other.kind == "done"
