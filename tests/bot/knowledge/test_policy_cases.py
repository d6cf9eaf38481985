import pytest

from bot.errors import ConfigError
from bot.knowledge.library import Knowledge, gather
from bot.knowledge.policy_cases import failures

FOLDER = {
    "services.yaml": b"services: [{name: checkout, owner: payments, tier: 1}, {name: blog}]",
    "people.yaml": b"""
people:
- {name: dana, groups: [sre]}
- {name: sam, groups: [sre]}
- {name: eve, groups: [payments]}
- {name: gone, groups: [sre], active: false}
rotas: [{name: payments, levels: [{persons: [eve], starts: 2026-01-05T09:00:00Z, every: 7d}]}]
""",
    "policy.yaml": b"""
quiet_hours:
  night: {from: "22:00", until: "06:00", zone: Europe/Berlin}
raise_risk:
- {service: checkout, tier_at_most: 1}
rules:
- {name: no databases, service: "postgres*", allow: false}
- name: silence
  action: alertmanager_silence
  risk: [low]
  approvers: [on_call, "group:sre"]
  self_approval: true
- name: roll back
  action: job_run:rollback
  approvers: ["group:sre"]
  channels: [web]
  quiet_hours: [night]
  dry_run_required: true
""",
}
KNOWN = gather(FOLDER)
DAY, NIGHT = "2026-01-06T10:00:00+01:00", "2026-01-06T23:00:00+01:00"
ROLL = (
    f"action: 'job_run:rollback', service: blog, channel: web, at: {DAY}, "
    "person: dana, risk: medium"
)


def tried(line: str, known: Knowledge = KNOWN) -> list[str]:
    found, cases = failures("t.yaml", f"cases:\n- {{{line}}}\n", known.policy, known)
    assert cases == 1
    return found


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"{ROLL}, expect: allow, rule: roll back", id="allowed"),
        pytest.param(f"{ROLL}, expect_risk: medium, expect: allow", id="risk-as-planned"),
        pytest.param(
            ROLL.replace("blog", "checkout") + ", expect: needs 1, expect_risk: high", id="by-tier"
        ),
        pytest.param(
            ROLL.replace("blog", "checkout") + ", approved: [sam], expect: allow", id="the-second"
        ),
        pytest.param(f"{ROLL}, targets: 11, expect: needs 1", id="in-bulk"),
        pytest.param(
            f"{ROLL}, undo: false, expect: needs 1, expect_risk: high".replace(
                "risk: medium,", "risk: low,", 1
            ),
            id="irreversible",
        ),
        pytest.param(f"{ROLL}, preview: false, expect: refuse, rule: roll back", id="no-preview"),
        pytest.param(f"{ROLL}, requested_by: dana, expect: refuse", id="own"),
        pytest.param(f"{ROLL}, edited_by: ['person:dana'], expect: refuse", id="edited"),
        pytest.param(f"{ROLL}, requested_by: dana, verdict: deny, expect: allow", id="own-denied"),
        pytest.param(ROLL.replace("web", "slack") + ", expect: refuse", id="channel"),
        pytest.param(ROLL.replace(DAY, NIGHT) + ", expect: refuse", id="at-night"),
        pytest.param(ROLL.replace(DAY, "null") + ", expect: refuse", id="no-time-for-quiet-hours"),
        pytest.param(ROLL.replace("dana", "gone") + ", expect: refuse", id="who-left"),
        pytest.param(ROLL.replace("risk: medium", "risk: odd") + ", expect: needs 1", id="unknown"),
        pytest.param(
            "action: job_run, service: postgres-1, person: sam, expect: refuse, rule: no databases",
            id="forbidden",
        ),
        pytest.param(
            "action: dns_change, service: blog, person: dana, expect: refuse, rule: ''",
            id="no-rule",
        ),
        pytest.param(
            "action: alertmanager_silence, service: blog, person: dana, requested_by: dana, "
            "expect: allow",
            id="self-approval-at-low",
        ),
    ],
)
def test_e20_a_case_that_is_as_expected_says_nothing(line: str) -> None:
    assert tried(line) == []


SILENCE = "action: alertmanager_silence, service: checkout, risk: low"


def test_e20_on_call_is_who_the_rota_says_then() -> None:
    raised = FOLDER["policy.yaml"].replace(b"risk: [low]", b"risk: [low, medium]")
    known = gather({**FOLDER, "policy.yaml": raised})
    assert tried(f"{SILENCE}, person: eve, at: {DAY}, expect: allow", known) == []
    assert tried(f"{SILENCE}, person: eve, expect: refuse", known) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            f"{ROLL}, name: two, expect: needs 1",
            "t.yaml line 2: two: expected needs 1, and it is allow: rule roll back, medium risk",
        ),
        (
            f"{ROLL}, expect: refuse, rule: silence",
            "t.yaml line 2: case 1: expected rule 'silence', and roll back decides",
        ),
        (
            f"{ROLL}, expect: allow, expect_risk: low",
            "expected low risk, and it is medium: the action itself is medium risk",
        ),
        (f"{ROLL}, approved: [zoe], expect: allow", "there is no person 'zoe' in people.yaml"),
        (f"{ROLL}, approved: [eve], expect: allow", "eve could not have approved: rule roll back"),
        (
            "action: x, service: blog, person: dana, expect: allow",
            "it is refuse: no rule in policy.yaml enables x",
        ),
        ("action: x, service: blog, person: dana, expect: refuse, rule: y", "and no rule decides"),
    ],
)
def test_a_case_that_is_not_as_expected_says_what_is(line: str, words: str) -> None:
    assert words in "\n".join(tried(line))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cases: is missing"),
        ("cases: []", "cases: "),
        ("cases: [{action: a, person: p}]", "cases[0].expect: is missing"),
        ("cases: [{action: a, person: p, expect: maybe}]", "cases[0].expect: "),
        ("cases: [{action: a, person: p, expect: allow, at: 2026-01-01T00:00:00}]", "timezone"),
        ("cases: [{action: a, person: p, expect: allow, persn: q}]", "is not a key I know"),
    ],
)
def test_a_file_that_is_no_table_says_where(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        failures("t.yaml", text, KNOWN.policy, KNOWN)
    assert words in str(caught.value)
