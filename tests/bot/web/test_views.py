"""Small views: every leaf of an argument."""

from bot.web.views import parameters


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
