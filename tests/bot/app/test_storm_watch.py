from pathlib import Path

from bot.app.storm_watch import StormWatch
from bot.engine.gates import Ticket, Turnstile
from tests.fakes import T0, FakeClock, open_store


async def test_cards_are_drawn_anew_when_their_place_in_the_queue_moved(tmp_path: Path) -> None:
    gate = Turnstile(1, 1, lambda _: None, lambda: 0.0)
    async with open_store(tmp_path, FakeClock()) as store:
        watch = StormWatch(gate, store.incidents, FakeClock())
        await watch.look()
    for name in ("a", "b", "c"):
        gate.enter(Ticket(name, name, 0, T0))
    assert watch.moved() == {"b", "c"}
    assert watch.moved() == frozenset()
    gate.leave("a")
    assert watch.moved() == {"b", "c"}
    assert (watch.queued("b"), watch.queued("c")) == ("", "waiting to be investigated: it is next")
    assert (watch.storm.investigating, watch.storm.waiting, watch.storm.line) == (1, 1, "")
