"""How facts about people are worded: who came in, whose an account is, who has a token."""

from bot.conversation.line import Line, worded
from bot.incident import facts_house as fact

HOW = {
    "token": "with the operator's token",
    "link": "by a link that works once",
    "first-run": "by the link of the first start",
}


def _issued(event: fact.LinkIssued) -> Line:
    until = f"; it works once, until {event.expires_at:%H:%M} UTC"
    if event.person:
        return Line("human", f"{event.by} made a sign-in link for {event.person}{until}")
    return Line("human", f"{event.actor} asked for a link to say who that is{until}")


def _opened(event: fact.SessionOpened) -> Line:
    return Line("human", f"{event.person} signed in {HOW.get(event.how, event.how)}")


def _linked(event: fact.PersonLinked) -> Line:
    return Line("human", f"{event.by} confirmed that {event.actor} is {event.person}")


def _unlinked(event: fact.PersonUnlinked) -> Line:
    return Line("human", f"{event.by} took {event.actor} from {event.person}")


def _token(event: fact.TokenIssued) -> Line:
    until = f"{event.expires_at:%Y-%m-%d}"
    text = f"{event.by} made the API token {event.name} for {event.person}, good until {until}"
    return Line("human", text)


def _revoked(event: fact.TokenRevoked) -> Line:
    return Line("human", f"{event.by} revoked the API token {event.name} of {event.person}")


def _refused(event: fact.AccessRefused) -> Line:
    return Line("bad", f"{event.actor} was refused", event.why)


PEOPLE_WORDS = dict(
    [
        worded(fact.LinkIssued, _issued),
        worded(fact.SessionOpened, _opened),
        worded(fact.PersonLinked, _linked),
        worded(fact.PersonUnlinked, _unlinked),
        worded(fact.TokenIssued, _token),
        worded(fact.TokenRevoked, _revoked),
        worded(fact.AccessRefused, _refused),
    ]
)
"""Fact class → how it is worded."""
