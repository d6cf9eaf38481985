"""Facts of the bot's own stream: each one changes what the house is known to be."""

from dataclasses import asdict

from bot.incident import facts_house as house
from bot.incident.events import EVENT_TYPES
from bot.incident.fact import Fact
from bot.incident.house import House, extend_house
from tests.bot.incident.making import at, thread

LINK = house.LinkIssued(digest="a", person="dana", actor="", by="sam", expires_at=at(600))
TOKEN = house.TokenIssued(person="dana", name="ci", digest="b", by="sam", expires_at=at(9000))


def test_house_facts_change_the_house() -> None:
    from bot.incident.model import Change

    change = Change(id="c1", source="shop", service="checkout", at=at(0))
    samples: tuple[Fact, ...] = (
        house.KnowledgeLoaded(revision="r1", digests={}),
        house.PolicyLoaded(digest="d"),
        house.ChangeRecorded(delivery="d1", change=change),
        house.BotPaused(by="dana"),
        house.PersonLinked(person="dana", actor="slack:T/U", by="admin"),
        house.StepUpEnrolled(person="dana", how="totp", by="dana"),
        LINK,
        house.SessionOpened(person="dana", how="link"),
        TOKEN,
        house.SourceSilent(source="am", route="default", since=at(1)),
        house.OversizeRefused(source="am", route="default", size_bytes=9),
        house.AccessRefused(actor="web:?", why="wrong token"),
        house.ChainCheckpointed(heads={"INC-1": "1:ab"}),
        house.ModelEvaluated(model="m", scenarios=2, passed=1, failed=("one",)),
        house.AuditExported(by="api:dana", streams=2, events=9, digest="d"),
    )
    undone: dict[type[Fact], Fact] = {
        house.BotResumed: house.BotPaused(by="dana"),
        house.SourceHeard: house.SourceSilent(source="am", route="default", since=at(1)),
        house.PersonUnlinked: house.PersonLinked(person="dana", actor="slack:T/U", by="admin"),
        house.TokenRevoked: TOKEN,
    }
    for fact in samples:
        assert _house_changes([], fact), type(fact).__name__
    assert _house_changes([undone[house.BotResumed]], house.BotResumed(by="dana"))
    heard = house.SourceHeard(source="am", route="default")
    assert _house_changes([undone[house.SourceHeard]], heard)
    unlink = house.PersonUnlinked(person="dana", actor="slack:T/U", by="admin")
    assert _house_changes([undone[house.PersonUnlinked]], unlink)
    revoked = house.TokenRevoked(person="dana", name="ci", by="admin")
    assert _house_changes([TOKEN], revoked)
    assert {type(f).__name__ for f in samples} | {f.__name__ for f in undone} == {
        name for name, kind in EVENT_TYPES.items() if kind.__module__ == house.__name__
    }


def _house_changes(history: list[Fact], fact: Fact) -> bool:
    before, after = (asdict(extend_house(House(), thread(h))) for h in (history, [*history, fact]))
    before.pop("seq")
    after.pop("seq")
    return before != after
