import pytest

from bot.errors import ConfigError
from bot.incident.model import Alert
from bot.knowledge.catalog import parse
from tests.bot.knowledge.situations import an_alert

TEXT = """
services:
- {name: checkout, title: Checkout, owner: payments, tier: 1, dependencies: [db, mail]}
- {name: db, match: [{job: postgres}, {job: postgres, zone: b}]}
- {name: db-b, match: [{job: postgres, zone: b, cluster: x}]}
- {name: web, dependencies: [Checkout]}
"""
CATALOGUE = parse("services.yaml", TEXT)


def hinted(alert: Alert, service: str) -> Alert:
    return alert.model_copy(update={"service": service})


def test_a_service_is_found_without_regard_to_case() -> None:
    assert CATALOGUE.get("Checkout") is CATALOGUE.services[0]
    assert CATALOGUE.get("") is None


@pytest.mark.parametrize(
    ("alert", "name"),
    [
        (an_alert(service="checkout", job="postgres"), "checkout"),
        (an_alert(service="nobody", job="postgres"), "db"),
        (an_alert(job="postgres", zone="b", cluster="x"), "db-b"),
        (an_alert(job="postgres", zone="b"), "db"),
        (hinted(an_alert(job="postgres"), "web"), "db"),
        (hinted(an_alert(), "web"), "web"),
        (hinted(an_alert(), "nobody"), ""),
        (an_alert(), ""),
    ],
)
def test_label_then_match_then_hint(alert: Alert, name: str) -> None:
    found = CATALOGUE.service_of(alert)
    assert (found.name if found else "") == name


def test_most_alerts_decide_for_a_group() -> None:
    alerts = [an_alert(service=name) for name in ("web", "checkout", "checkout", "x")]
    found = CATALOGUE.service_of_all(alerts)
    assert found is not None
    assert found.name == "checkout"
    assert CATALOGUE.service_of_all([an_alert()]) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services: [{name: a}, {name: A}]", "services[1].name: 'A' stands there twice"),
        ("services: [{name: ''}]", "is empty"),
        ("services: [{name: a, teer: 1}]", "services[0].teer: is not a key I know"),
        ("services: [{name: a, tier: 9}]", "services[0].tier"),
        ("servces: []", "servces: is not a key I know"),
    ],
)
def test_a_broken_file_says_where(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("services.yaml", text)
    assert words in str(caught.value)
    assert str(caught.value).startswith("services.yaml line 1: ")
