"""Whoever chooses and looks holds nothing that acts or speaks: by its imports, and by its shelf."""

import grimp
import pytest

from tools.read import READ_TOOLS
from tools.write import ACTIONS

SIDE = (
    "bot.agent", "bot.engine.choosing", "bot.engine.inventory", "bot.engine.menu",
    "bot.engine.prefetch", "bot.engine.reads", "bot.engine.slices",
)  # fmt: skip
HANDS = (
    "bot.engine.call", "bot.engine.execute", "bot.engine.grant", "bot.engine.last_gate",
    "channels", "tools.write",
)  # fmt: skip


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("bot", "channels", "tools", cache_dir=None)


@pytest.mark.parametrize("module", SIDE)
def test_f01_no_import_leads_from_the_agents_side_to_what_acts_or_speaks(
    graph: grimp.ImportGraph, module: str
) -> None:
    for hand in HANDS:
        chains = graph.find_shortest_chains(importer=module, imported=hand, as_packages=True)
        assert chains == set(), f"{module} reaches {hand}"


def test_f01_the_graph_does_see_who_reaches_an_action(graph: grimp.ImportGraph) -> None:
    found = graph.find_shortest_chains(importer="bot.app", imported="tools.write", as_packages=True)
    assert found


def test_f01_the_shelf_of_reads_holds_no_action() -> None:
    assert {tool.kind for tool in READ_TOOLS.values()} == {"read"}
    assert {tool.kind for tool in ACTIONS.values()} == {"action"}
    assert not {*READ_TOOLS} & {*ACTIONS}
