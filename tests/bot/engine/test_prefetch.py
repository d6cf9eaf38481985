from datetime import timedelta
from pathlib import Path

from bot.incident.facts_run import ContextLoaded
from bot.incident.model import Change, Service
from bot.knowledge.catalog import Catalogue
from bot.ports import Delivery
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import RUNBOOK, Team


async def deploy(house: House, version: str, hours: float) -> None:
    clock = house.world.clock
    at = clock.now() - timedelta(hours=hours)
    change = Change(id=version, source="ci", service="checkout", version=version, at=at)
    name = f"c-{version}"
    delivery = Delivery(name, "change", "default", name, clock.now(), {}, b"{}")
    await house.store.deliveries.accept_change(delivery, [change])


async def loaded(house: House) -> ContextLoaded:
    await house.alarm()
    await house.drive(INC)
    (fact,) = await house.bodies(ContextLoaded)
    assert isinstance(fact, ContextLoaded)
    return fact


async def test_what_is_known_is_loaded_without_a_single_look(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await deploy(house, "v42", 1)
        await deploy(house, "v41", 5)
        await deploy(house, "v40", 48)
        await house.alarm()
        await house.say(f"pause {INC}")
        fact = await loaded(house)
    assert world.shop.looks == 0
    assert fact.service is not None
    assert fact.service.owner == "sre"
    assert [change.version for change in fact.changes] == ["v42", "v41"]
    assert fact.inventory == {
        "services": ("checkout",),
        "versions": ("v42", "v41"),
        "probes": (),
        "jobs": ("rollback",),
    }
    assert fact.runbook is not None
    assert fact.runbook.name == "bad-deploy"
    assert (fact.revision, fact.missing) == ("r1", ())


async def test_what_is_missing_is_said_in_words(tmp_path: Path) -> None:
    team = Team(runbooks=(), catalogue=Catalogue(()))
    async with open_house(tmp_path, World(team=team)) as house:
        fact = await loaded(house)
    assert fact.missing == ("no service 'checkout' in services.yaml", "no runbook matches")


async def test_a_service_without_an_owner_is_said_to_have_none(tmp_path: Path) -> None:
    team = Team(catalogue=Catalogue((Service(name="checkout"),)))
    async with open_house(tmp_path, World(team=team)) as house:
        fact = await loaded(house)
    assert fact.missing == ("no owner of checkout in services.yaml",)


async def test_a_long_runbook_is_cut_in_the_log_and_keeps_its_front_matter(tmp_path: Path) -> None:
    long = RUNBOOK.model_copy(update={"text": "word " * 9999})
    async with open_house(tmp_path, World(team=Team(runbooks=(long,)))) as house:
        fact = await loaded(house)
    assert fact.runbook is not None
    assert fact.runbook.text.endswith("… (cut)")
    assert fact.runbook.outcomes == RUNBOOK.outcomes


async def test_an_earlier_incident_like_this_one_is_remembered(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await house.say(f"close {INC} it was the deploy")
        await house.drive(INC)
        await house.alarm(key="other")
        await house.drive("INC-2")
        (fact,) = await house.bodies(ContextLoaded, incident="INC-2")
    assert isinstance(fact, ContextLoaded)
    assert [similar.incident for similar in fact.similar] == [INC]
