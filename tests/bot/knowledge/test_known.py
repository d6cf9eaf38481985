from dataclasses import replace

from bot.incident.model import Service
from bot.knowledge import known
from tests.bot.knowledge.situations import a_context, a_result, a_runbook, an_alert, seen, told

CONTEXT = a_context(a_runbook())


def test_facts_are_named_by_the_diagnostic_and_the_last_wins() -> None:
    context = seen(CONTEXT, a_result("a", x=1), a_result("a", x=2), a_result("", y=3))
    assert known.facts(context)["a.x"] == 2
    assert not any(name.endswith(".y") for name in known.facts(context))


def test_a_failed_look_brings_no_fact() -> None:
    context = seen(CONTEXT, a_result("a", error="down", x=1))
    assert "a.x" not in known.facts(context)
    assert known.evidence(context, ("a.x",)) == ()
    assert "a" in known.answered(context)


def test_the_last_given_answer_counts() -> None:
    context = told(told(told(CONTEXT, "q", "no"), "p", "yes"), "r", None)
    assert known.facts(context)["answer.value"] == "yes"


def test_labels_are_those_of_the_first_firing_alert() -> None:
    alerts = (an_alert("A", "resolved", zone="x"), an_alert("B", zone="y"), an_alert("C", zone="z"))
    context = replace(CONTEXT, alerts=alerts)
    assert known.facts(context)["alert.zone"] == "y"
    assert known.values(context)["labels.zone"] == "y"
    assert known.values(replace(CONTEXT, alerts=alerts[:1]))["labels.zone"] == "x"
    assert known.facts(replace(CONTEXT, alerts=())) == {}


def test_f05_the_service_is_the_catalogues_alone() -> None:
    lying = replace(CONTEXT, alerts=(an_alert(service="bank"),), service=None)
    assert "service" not in known.values(lying)
    bare = replace(CONTEXT, service=Service(name="shop"))
    assert (known.values(bare)["service"], known.values(bare)["environment"]) == ("shop", None)


def test_evidence_is_cited_once_and_in_order() -> None:
    context = seen(CONTEXT, a_result("a", x=1, y=2), a_result("b", z=3))
    assert known.evidence(context, ("b.z", "a.x", "a.y", "alert.q")) == ("e-b", "e-a")
