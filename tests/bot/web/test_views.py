"""Small views: every leaf of an argument, and who may approve."""

from bot.web.views import parameters, who_may
from tests.bot.web import stories
from tests.bot.web.world import FakeLibrary


def test_a_parameter_says_what_sort_it_is() -> None:
    made = parameters({"n": 5, "s": "5", "b": True, "z": None, "e": [], "m": [{"k": "v"}]})
    assert [(one.name, one.value, one.sort) for one in made] == [
        ("n", "5", "number"),
        ("s", "5", "text"),
        ("b", "true", "yes/no"),
        ("z", "null", "nothing"),
        ("e", "[]", "empty"),
        ("m[0].k", "v", "text"),
    ]


def test_who_may_approve_is_what_the_policy_says() -> None:
    library = FakeLibrary()
    assert who_may(library, stories.proposed("INC-7")).startswith("group:sre; one approval")
    assert "2 people must approve" in who_may(library, stories.proposed("INC-7", risk="high"))
    unknown = stories.proposed("INC-7").model_copy(update={"action": "restart"})
    assert who_may(library, unknown).startswith("nobody: no rule in policy.yaml enables restart")
