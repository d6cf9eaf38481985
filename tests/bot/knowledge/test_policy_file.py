import hashlib

import pytest

from bot.errors import ConfigError
from bot.knowledge import people
from bot.knowledge.library import gather
from bot.knowledge.policy_file import parse
from bot.knowledge.reach import unreachable

TEXT = """
rules:
- {name: no database, service: postgres, allow: false}
- {name: rollback, action: "job_run:rollback", risk: [low, medium], approvers: ["group:sre", owner]}
"""


def test_rules_keep_their_order() -> None:
    policy = parse("policy.yaml", TEXT)
    assert [rule.name for rule in policy.rules] == ["no database", "rollback"]
    assert policy.rules[1].risk == ("low", "medium")


def test_e24_no_file_says_that_high_risk_needs_no_code() -> None:
    with pytest.raises(ConfigError, match="chat_only_high"):
        parse("policy.yaml", "chat_only_high: true\nrules: []\n")
    assert not parse("policy.yaml", TEXT).chat_only_high


@pytest.mark.parametrize("text", ["", "rules: []", "# nothing"])
def test_nothing_written_allows_nothing(text: str) -> None:
    assert parse("policy.yaml", text).rules == ()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            "{name: a, approvers: [owner], min_approvals: 0}",
            "nothing runs without a human's approval, there is no automatic mode",
        ),
        ("{name: a, approvers: [owner], min_approvals: -1}", "there is no automatic mode"),
        ("{name: a, approvers: [owner], auto: true}", "there is no automatic mode"),
        ("{name: a, approvers: [owner], quiet_hours: [night]}", "there are no hours 'night'"),
        ("{name: a}", "allows without approvers"),
        ("{name: a, approvers: [dana]}", "'dana' is not owner, on_call, group:<name> or"),
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


def test_e20_a_policy_is_named_by_the_digest_of_its_bytes() -> None:
    raw = TEXT.encode()
    policy = gather({"policy.yaml": raw}).policy
    assert policy.digest == hashlib.sha256(raw).hexdigest()
    assert gather({"policy.yaml": raw + b"\n"}).policy.digest != policy.digest


def test_e20_a_policy_of_before_reads_as_it_did() -> None:
    old = parse("policy.yaml", TEXT).rules[1]
    new = {"self_approval", "step_up", "quiet_hours", "dry_run_required", "run_if_resolved"}
    assert not any(getattr(old, name) for name in new)
    assert new.isdisjoint(old.model_fields_set)


def test_every_key_of_a_rule_is_read() -> None:
    policy = parse(
        "policy.yaml",
        """
quiet_hours: {night: {from: "22:00", until: "06:00", zone: Europe/Berlin}}
bulk_over: 3
raise_risk: [{environment: prod, targets_over: 1}, {service: checkout}]
rules:
- name: all
  approvers: [on_call]
  self_approval: true
  step_up: true
  quiet_hours: [night]
  dry_run_required: true
  run_if_resolved: true
""",
    )
    (rule,) = policy.rules
    assert (rule.self_approval, rule.step_up, rule.dry_run_required) == (True, True, True)
    assert (rule.run_if_resolved, rule.quiet_hours) == (True, ("night",))
    assert str(policy.quiet_hours["night"]) == "22:00 to 06:00 Europe/Berlin"
    assert (policy.bulk_over, len(policy.raise_risk)) == (3, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("quiet_hours: {n: {from: '22:00', until: '06:00', zone: Mars}}", "no time zone 'Mars'"),
        ("quiet_hours: {n: {from: 22, until: '06:00', zone: UTC}}", "quiet_hours.n.from"),
        ("raise_risk: [{}]", "policy.yaml line 1: raise_risk[0]"),
        ("raise_risk: [{irreversible: true}]", "irreversible: is not a key I know"),
        ("bulk_over: 0", "bulk_over: input should be greater than or equal to 1"),
        ("raise_risks: []", "raise_risks: is not a key I know"),
    ],
)
def test_what_stands_above_the_rules_is_checked_too(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("policy.yaml", text)
    assert words in str(caught.value)
