from bot.knowledge import people, policy_file
from bot.knowledge.reach import unheard, unreachable


def test_e22_a_high_rule_that_one_person_serves_is_told() -> None:
    policy = policy_file.parse("p", "rules: [{name: r, risk: [high], approvers: ['group:sre']}]")
    staff = people.parse("people.yaml", "people: [{name: dana, groups: [sre]}]")
    assert unreachable(policy, staff) == [
        "policy.yaml: rule 'r': needs 2 approvals, and only 1 people may give one"
    ]
    policy = policy_file.parse("p", "rules: [{name: r, approvers: ['person:dana']}]")
    staff = people.parse("people.yaml", "people: [{name: dana, active: false}]")
    assert unreachable(policy, staff) == ["policy.yaml: rule 'r': dana is not active any more"]


def test_a_channel_that_is_not_there_is_told() -> None:
    text = "rules: [{name: r, approvers: [owner], channels: [web, slcak]}]"
    assert unheard(policy_file.parse("p", text), {"web", "api"}) == [
        "policy.yaml: rule 'r': there is no channel 'slcak' here; there are api, web"
    ]
