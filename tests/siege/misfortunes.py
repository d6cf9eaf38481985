"""What befalls a crew under load: kills, restarts, a stopped worker, a database that is away."""

import asyncio
import signal
from itertools import cycle
from random import Random
from typing import Protocol

from tests.siege.siege import Siege, until

CALLS_S = 60.0


class Server(Protocol):
    """A database server that can be away for a while."""

    def stop(self) -> None:
        """End it; whoever is connected is cut off."""
        ...

    def start(self) -> None:
        """Start it again, on the same address."""
        ...


async def kill_at_random(siege: Siege, kills: int, chance: Random) -> None:
    """Kill parts, and start them again, at moments that chance chooses, spread over the load.

    One of four moments is a time after a start, which is often before the doors are open; the
    others follow a call of the action closely, so that some fall between an intent and its result.
    """
    share = siege.count // (kills + 1) + 1
    for number in range(kills):
        siege.postman.release((number + 1) * share)
        if chance.random() < 0.25:
            await asyncio.sleep(chance.uniform(0, 1.2))
        else:
            await siege.calls(chance.randint(1, max(1, share // 2)), within_s=CALLS_S)
            await asyncio.sleep(chance.uniform(0, 0.03))
        name = chance.choice(siege.crew.names)
        await siege.crew.kill(name)
        siege.crew.start(name)
    siege.postman.release(siege.count)


async def restart_in_turn(siege: Siege, times: int, chance: Random) -> None:
    """Ask one part after the other to end, and start it again as soon as it has ended."""
    share = siege.count // (times + 1) + 1
    for turn, name in zip(range(1, times + 1), cycle(siege.crew.names), strict=False):
        siege.postman.release(turn * share)
        await siege.calls(chance.randint(1, max(1, share // 2)), within_s=CALLS_S)
        await siege.crew.end(name)
        siege.crew.start(name)
    siege.postman.release(siege.count)


async def stop_a_worker_in_its_call(siege: Siege) -> str:
    """Stop the only worker while the harbour holds its call, and go on once another took over.

    Returns the berth that was called for. The one who went on must do the rest alone.
    """
    stopped, other = siege.crew.names[1:3]
    siege.harbour.hold()
    siege.postman.release(siege.count // 2)

    async def is_held() -> bool:
        return bool(await asyncio.to_thread(siege.harbour.held))

    await until(is_held, "no call came")
    siege.crew.signal(stopped, signal.SIGSTOP)
    siege.crew.start(other)
    held = siege.harbour.held()
    await siege.has_status(held, "unknown")
    siege.harbour.release()
    siege.crew.signal(stopped, signal.SIGCONT)
    await siege.crew.end(other)
    siege.postman.release(siege.count)
    return held


async def take_the_database_away(siege: Siege, server: Server, away_s: float) -> None:
    """Stop the database under load for a while; the doors say so, and recover by themselves."""
    siege.postman.release(siege.count // 3)
    await siege.calls(1, within_s=CALLS_S)
    await asyncio.to_thread(server.stop)
    siege.postman.release(2 * siege.count // 3)

    async def is_refused() -> bool:
        return siege.postman.refused[503] > 0 and not await siege.approver.is_ready()

    await until(is_refused, "nobody was turned away")
    await asyncio.sleep(away_s)
    await asyncio.to_thread(server.start)
    await siege.ready()
    siege.postman.release(siege.count)
