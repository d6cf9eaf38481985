"""What cannot be written into the log is not done, and all that was done is in it (E-42)."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.errors import BotError
from bot.incident.facts_action import DecisionMade, DecisionRefused
from bot.ports import Reply
from tests import fakes
from tests.bot.engine.house import INC, World, approved, open_house
from tests.bot.engine.playing import play

SHUT = """CREATE TRIGGER shut BEFORE INSERT ON event WHEN NEW.type = '{0}'
BEGIN SELECT RAISE(ABORT, 'the log takes nothing'); END"""
SHUT_ON_POSTGRESQL = """CREATE FUNCTION shut() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the log takes nothing' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER shut BEFORE INSERT ON event FOR EACH ROW WHEN (NEW.type = '{0}')
EXECUTE FUNCTION shut()"""
OPEN = {"sqlite": "DROP TRIGGER shut", "postgresql": "DROP TRIGGER shut ON event"}


@pytest.fixture
def folder(tmp_path: Path, database_url: str) -> Path:
    """A folder whose database is of each kind."""
    fakes.DATABASES[tmp_path] = database_url
    return tmp_path


def shut(folder: Path, kind: str) -> None:
    """Let the database itself refuse events of this type from now on."""
    engine = create_engine(fakes.url_of(folder))
    script = SHUT if engine.dialect.name == "sqlite" else SHUT_ON_POSTGRESQL
    with engine.begin() as connection:
        connection.execute(text(script.format(kind)))
    engine.dispose()


def opened(folder: Path) -> None:
    engine = create_engine(fakes.url_of(folder))
    with engine.begin() as connection:
        connection.execute(text(OPEN[engine.dialect.name]))
    engine.dispose()


async def test_e42_an_intent_that_the_log_does_not_take_reaches_no_target(folder: Path) -> None:
    world = World()
    async with open_house(folder, world) as house:
        await approved(house)
        shut(folder, "ActionStarted")
        with pytest.raises(BotError):
            await house.drive(INC)
        assert world.shop.calls == []
        assert (await house.view()).status == "approved"
        opened(folder)
        await house.drive(INC)
        assert (await house.view()).status == "succeeded"
    assert len(world.shop.calls) == 1


async def test_e42_a_decision_that_the_log_does_not_take_decides_nothing(folder: Path) -> None:
    world = World()
    async with open_house(folder, world) as house:
        await house.pending()
        shut(folder, "DecisionMade")
        try:
            outcome = await house.approve()
        except BotError:
            pass
        else:
            assert outcome.kind == "busy"
        await house.drive(INC)
        assert (await house.view()).status == "pending"
        assert world.shop.calls == []
        opened(folder)
        assert (await house.approve()).kind == "done"
        await house.drive(INC)
    assert len(world.shop.calls) == 1


async def test_e42_from_the_alert_to_the_check_everything_is_an_event(folder: Path) -> None:
    world = World()
    async with open_house(folder, world) as house:
        view = await house.pending()
        who, payload, shown = "web:mallory", "d" * 64, "c" * 64
        asked = Reply(who, "web", "", "decide", payload_digest=payload, proposal=view.proposal.id)
        assert (await house.replies.reply(asked)).kind == "refused"
        reply = Reply(
            "web:dana",
            "web",
            "",
            "decide",
            proposal=view.proposal.id,
            verdict="approve",
            shown=shown,
        )
        assert (await house.replies.reply(reply)).kind == "done"
        await play(house)
        types = set(await house.types())
        (refused,) = await house.bodies(DecisionRefused)
        (made,) = await house.bodies(DecisionMade)
    assert {
        "AlertsReceived",
        "ToolReturned",
        "ActionProposed",
        "DecisionRefused",
        "DecisionMade",
        "ProposalApproved",
        "ActionStarted",
        "ActionFinished",
        "ActionVerified",
    } <= types
    assert isinstance(refused, DecisionRefused)
    assert (refused.actor, refused.payload_digest) == (who, payload)
    assert isinstance(made, DecisionMade)
    assert (made.shown, made.policy_digest, made.rule) == (shown, "1" * 64, "rollback")
    assert world.key.holds(made)
