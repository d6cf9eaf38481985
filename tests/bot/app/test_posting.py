"""Whom a card calls when it is posted: who is on call and may decide, by all of their accounts."""

from dataclasses import replace
from pathlib import Path

from bot.app.entrances import pen_of
from bot.app.posting import Looks, accounts
from bot.conversation.cards import draw
from bot.incident.authority import Person
from bot.incident.facts_house import PersonLinked
from bot.incident.reducer import fold
from bot.knowledge.people import People
from tests.bot.app.scene import Place, process
from tests.bot.incident.making import context, opened, proposal, proposed, received, thread

FILES = {
    "services.yaml": "services: [{name: checkout, owner: sre}]\n",
    "policy.yaml": (
        "rules: [{name: rollback, action: 'job_run:rollback', environment: demo, "
        "approvers: ['group:sre']}]\n"
    ),
    "people.yaml": """
people:
- {name: dana, groups: [sre], identities: ["slack:T1/U1"]}
- {name: eve, groups: [sre], identities: ["slack:T1/U2"]}
- {name: lead, identities: ["slack:T1/U3"]}
rotas:
- name: sre
  levels:
  - {persons: [dana]}
  - {persons: [lead]}
""",
}


def test_accounts_are_those_of_the_file_and_those_linked_of_who_is_active() -> None:
    people = People(
        (
            Person(name="dana", identities=("slack:T1/U1",)),
            Person(name="gone", identities=("slack:T1/U9",), active=False),
        )
    )
    links = {"discord:7": "dana", "slack:T1/U1": "dana", "discord:9": "gone", "discord:8": "who"}
    assert accounts(people, links) == {"dana": ("slack:T1/U1", "discord:7")}


async def test_g51_a_posted_proposal_mentions_the_approver_on_call(tmp_path: Path) -> None:
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    for name, text in FILES.items():
        knowledge.joinpath(name).write_text(text)
    facts = [opened(), received(), context(), proposed(proposal())]
    state = fold(thread(facts))
    async with process(Place(tmp_path)) as scene:
        link = PersonLinked(person="dana", actor="discord:7", by="admin")
        await pen_of(scene.bot).write("test:hand", lambda _: link)
        await scene.bot.look()
        look = Looks(scene.bot, "http://bot")(state)
    card = next(one for one in draw(state, look) if one.kind == "proposal")
    assert card.mentions == ("slack:T1/U1", "discord:7")
    assert [line.text.value for line in card.facts if line.label == "On call"] == ["dana"]
    decided = replace(look, terms={})
    assert next(one for one in draw(state, decided) if one.kind == "proposal").mentions == ()
