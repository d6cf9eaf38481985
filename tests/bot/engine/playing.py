"""The world around the loop, played to the end: it approves, waits and recovers."""

from tests.bot.engine.house import INC, House


async def play(house: House, incident: str = INC, patience: int = 40) -> None:
    """Be the world around the loop until the incident is closed: approve, wait, recover."""
    for _ in range(patience):
        await house.drive(incident)
        state = await house.state(incident)
        if state.incident.status == "closed":
            return
        waiting = [v for v in state.incident.proposals.values() if v.status == "pending"]
        unknown = [v for v in state.incident.proposals.values() if v.status == "unknown"]
        if waiting:
            await house.say(f"approve P-{waiting[0].proposal.id}")
        elif unknown:
            worked = "worked" if house.world.shop.healthy else "failed"
            await house.say(f"reconcile P-{unknown[0].proposal.id} {worked} I looked at the shop")
        elif state.incident.firing and house.world.shop.healthy:
            await house.alarm("resolved", key=next(iter(state.incident.alerts)))
        else:
            await _sleep(house, incident)
    raise AssertionError(f"it never closed: {await house.types(incident)}")


async def _sleep(house: House, incident: str) -> None:
    """Move the clock to the alarm that the loop has set, and not a second further."""
    clock = house.world.clock
    for _ in range(2000):
        if incident in await house.store.log.due(clock.now()):
            return
        clock.advance(5)
    raise AssertionError("no alarm is set, and nobody will say anything")
