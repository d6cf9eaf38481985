import pytest

from bot.errors import ConfigError
from bot.knowledge import people
from bot.knowledge.policy_file import parse, unreachable

TEXT = """
rules:
- {name: no database, service: postgres, allow: false}
- {name: rollback, action: "job_run:rollback", risk: [low, medium], approvers: ["group:sre", owner]}
"""


def test_rules_keep_their_order() -> None:
    policy = parse("policy.yaml", TEXT)
    assert [rule.name for rule in policy.rules] == ["no database", "rollback"]
    assert policy.rules[1].risk == ("low", "medium")


@pytest.mark.parametrize("text", ["", "rules: []", "# nothing"])
def test_nothing_written_allows_nothing(text: str) -> None:
    assert parse("policy.yaml", text).rules == ()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{name: a, approvers: [owner], min_approvals: 0}", "greater than or equal to 1"),
        ("{name: a}", "allows without approvers"),
        ("{name: a, approvers: [dana]}", "'dana' is not owner, group:<name> or person:<name>"),
        ("{name: a, approvers: ['group:*']}", "'group:*' is not"),
        ("{name: '', approvers: [owner]}", "name: is empty"),
        ("{name: z, approvers: [owner]}", "another rule has this name"),
        ("{name: a, approvers: [owner], risk: [tiny]}", "rules[1].risk[0]"),
        ("{name: a, aprovers: [owner]}", "aprovers: is not a key I know"),
    ],
)
def test_a_rule_that_would_surprise_is_refused(rule: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("policy.yaml", f"rules:\n- {{name: z, allow: false}}\n- {rule}")
    assert words in str(caught.value)
    assert "policy.yaml line 3" in str(caught.value)


def test_approvers_nobody_is_are_named() -> None:
    policy = parse(
        "policy.yaml",
        "rules:\n- {name: a, approvers: ['group:sre', 'person:eve'], min_approvals: 3}\n"
        "- {name: b, approvers: ['group:none']}\n- {name: c, approvers: [owner], min_approvals: 2}",
    )
    known = people.parse("people.yaml", "people: [{name: dana, groups: [sre]}]")
    assert unreachable(policy, known) == [
        "policy.yaml: rule 'a': there is no person 'eve' in people.yaml",
        "policy.yaml: rule 'a': needs 3 approvals, and only 1 people may give one",
        "policy.yaml: rule 'b': nobody in people.yaml is in the group 'none'",
    ]
