"""One incident in several lives of the bot: each life opens the same database anew."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.conversation.cards import draw
from bot.conversation.look import Look
from bot.engine.embedded import Embedded
from bot.incident.card import Card
from bot.incident.views import ProposalView
from bot.ports import Reply
from tests.bot.engine.house import INC, House, World, open_house

ALIVE = Look(base_url="https://bot.example", version="triagebot")


@dataclass
class Lives:
    """The world outlives every process; so must whatever a human was promised."""

    folder: Path
    world: World = field(default_factory=World)

    @asynccontextmanager
    async def life(self) -> AsyncGenerator[House]:
        """Open what the life before left on the disk, and nothing else."""
        async with open_house(self.folder, self.world) as house:
            yield house

    async def until_pending(self) -> str:
        """Live until a proposal waits, then end; return its id."""
        async with self.life() as house:
            return (await house.pending()).proposal.id


async def sweep(house: House) -> None:
    """Do what the dispatcher's sweep does: drive what is due. Nobody else wakes anything."""
    for incident in await house.store.log.due(house.world.clock.now()):
        await house.drive(incident)


def dispatcher(house: House) -> Embedded:
    """Return a dispatcher that nobody tells of a commit: only its sweep finds what is due."""
    return Embedded(house.store.log, house.world.clock, house.drive)


async def card_of(house: House, proposal: str, incident: str = INC) -> Card:
    """Return the proposal's card as every channel shows it now."""
    cards = draw(await house.state(incident), ALIVE)
    return next(card for card in cards if card.key.startswith(f"proposal:{proposal}:"))


def verbs(card: Card) -> list[str]:
    return [control.verb for control in card.controls]


async def views(house: House, incident: str = INC) -> list[ProposalView]:
    return list((await house.state(incident)).incident.proposals.values())


def click(view: ProposalView, who: str = "web:dana", verdict: str = "approve") -> Reply:
    """Return what a button of this proposal's card sends: bound to what was shown."""
    channel = who.partition(":")[0]
    return Reply(
        actor=who,
        channel=channel,
        delivery_id="",
        intent="decide",
        proposal=view.proposal.id,
        verdict=verdict,
        revision=view.proposal.revision,
        digest12=view.asked.digest[:12],
        reason="" if verdict == "approve" else "not during the sale",
    )
