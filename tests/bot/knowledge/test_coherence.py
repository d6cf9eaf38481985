import pytest

from bot.errors import ConfigError
from tests.bot.knowledge.situations import a_runbook

SOUND = """
diagnose:
- {id: errors, tool: t, args: {q: "${service} ${labels.a}"}}
- {id: deploys, tool: t, when: {fact: errors.value, op: gt, value: 1}, args: {v: "${errors.value}"}}
outcomes:
- name: a
  when: {any: [{fact: deploys.age, op: lt, value: "60"}, {not: {fact: alert.x, value: y}}]}
  conclude: "${deploys.age} ${answer.value}"
  propose: act
- name: b
  when: {fact: answer.value, value: "yes"}
  conclude: c
  ask: {question: "${incident}?", kind: choice, options: [a, b]}
actions:
- id: act
  tool: t
  args: {version: "${deploys.previous}", n: 3, r: "0.05"}
  reason: r
  verify: [{title: v, tool: t, args: {}, expect: {fact: version, value: "${deploys.previous}"}}]
"""


def test_a_sound_runbook_has_no_fault() -> None:
    assert a_runbook(SOUND).actions[0].args["version"] == "${deploys.previous}"


WHEN = "diagnose: [{id: d, tool: t}]\noutcomes: [{name: o, conclude: c, when: %s}]"
ACTION = "actions: [{id: a, tool: t, reason: r, args: {x: %s}}]"


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("diagnose: [{id: a, tool: t}, {id: a, tool: t}]", "diagnose: 'a' stands there twice"),
        ("diagnose: [{id: alert, tool: t}]", "this id is taken by the bot"),
        ("diagnose: [{id: a, tool: t, when: {fact: a.x, op: exists}}]", "waits for its own result"),
        ('diagnose: [{id: a, tool: t, args: {x: "${b.c}"}}]', "${b.c} is not service"),
        ('diagnose: [{id: a, tool: t, args: {x: "${service"}}]', "a ${ without its }"),
        (WHEN % "{}", "exactly one of fact, all, any, not"),
        (WHEN % "{fact: d.x, value: 1, any: [{fact: d.x, value: 1}]}", "exactly one of"),
        (WHEN % "{fact: other.x, value: 1}", "other.x is not <diagnose id>.<fact>"),
        (WHEN % "{fact: value, value: 1}", "value is not <diagnose id>.<fact>"),
        (WHEN % "{fact: d.x, op: lt, value: soon}", "d.x lt: needs a number"),
        (WHEN % "{fact: d.x, op: in, value: a}", "needs a list"),
        (WHEN % "{fact: d.x, op: contains, value: 1}", "needs a text"),
        (WHEN % "{fact: d.x, op: exists, value: false}", "takes no value"),
        (WHEN % "{not: {fact: d.x}}", "d.x eq: needs one value"),
        (WHEN % '{fact: d.x, value: "${service}"}', "plain values"),
        ("outcomes: [{name: o, when: {fact: alert.a, value: b}, conclude: c, propose: x}]", "'x'"),
        (
            (
                "actions: [{id: a, tool: t, args: {}, reason: r}]\n"
                "outcomes: [{name: o, when: {fact: alert.a, value: b}, conclude: c, propose: a, "
                "ask: {question: q}}]"
            ),
            "either proposes or asks",
        ),
        (ACTION % "0.05", "action a: args: write a number with a point in quotes"),
        (ACTION % '"${b.c}"', "action a: ${b.c} is not service"),
        ("otherwise: {question: q, kind: choice, options: [a]}", "at least two"),
        ("otherwise: {question: q, options: [a, b]}", "options are for kind choice"),
        ("otherwise: {question: q, kind: yes_no, default: maybe}", "write one of yes, no"),
        (
            "otherwise: {question: q, kind: choice, options: [a, b], default: c}",
            "default 'c' is no answer; write one of a, b",
        ),
        ("otherwise: {question: q, deadline: soon}", "write how long, as 30m, 2h or 3d"),
        ("otherwise: {question: q, deadline: 0m}", "between 1m and 14d"),
        ("otherwise: {question: q, deadline: 15d}", "between 1m and 14d"),
    ],
)
def test_a_fault_of_the_runbook_alone_keeps_it_out(yaml: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        a_runbook(yaml)
    assert words in str(caught.value)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        a_runbook("diagnose: [{id: a, tool: t}, {id: a, tool: t}]\nmatch: ['x', 'y']")
    assert len(str(caught.value).splitlines()) == 3
