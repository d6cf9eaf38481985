import pytest
from prometheus_client import CollectorRegistry, Counter

from bot.incident.model import Alert, Change, Link
from bot.intake.redaction import AT_ONCE_CHARS, Mask
from bot.knowledge.redact import Redactor
from tests.bot.incident.making import T0
from tests.bot.incident.making import alert as made
from tests.bot.knowledge.redact_corpus import Positive, positives

SECRET = "ghp_" + "R7mQ2xV9nL4kT8wZ3bC6yH1dF5gJ0sPaXeUo"
CORPUS = positives()
COMPANY = [made(fingerprint=f"f{n}", instance=f"10.0.0.{n}:9100", mount="/var") for n in range(4)]


def annotated(**annotations: str) -> Alert:
    return made().model_copy(update={"annotations": annotations})


def masked(*alerts: Alert) -> list[Alert]:
    return list(Mask(Redactor).alerts(alerts))


def test_f07_clean_alerts_stay_the_same_objects() -> None:
    assert all(after is before for after, before in zip(masked(*COMPANY), COMPANY, strict=True))
    assert Mask(Redactor).alerts([]) == ()


@pytest.mark.parametrize("family", sorted({positive.family for positive in CORPUS}))
def test_f07_a_secret_hides_behind_no_neighbour(family: str) -> None:
    of_family = [positive for positive in CORPUS if positive.family == family]

    def kept(positive: Positive) -> bool:
        hidden = annotated(aa="clean", note=positive.text, zz="clean")
        return positive.secret in str(masked(COMPANY[0], hidden, COMPANY[1])[1].annotations)

    alone = [
        positive for positive in of_family if positive.secret in Redactor().text(positive.text)
    ]
    assert [positive for positive in of_family if kept(positive)] == alone


@pytest.mark.parametrize(
    "alert",
    [
        annotated(summary=f"token {SECRET} leaked"),
        annotated(password="hunter2hunter2"),
        annotated(**{SECRET: "x"}),
        annotated(name="DB_PASSWORD", value="hunter2hunter2"),
        made(note=f"see {SECRET}"),
        made(fingerprint=SECRET),
        made().model_copy(update={"title": f"Key {SECRET}"}),
        made().model_copy(update={"service": SECRET}),
        made().model_copy(
            update={"links": (Link(title="Query", url=f"https://u:{SECRET}@example.org/x"),)}
        ),
        annotated(long="x " * AT_ONCE_CHARS, summary=SECRET),
    ],
    ids=["text", "name", "key", "pair", "label", "fingerprint", "title", "service", "link", "long"],
)
def test_f07_no_field_of_an_alert_keeps_a_secret(alert: Alert) -> None:
    before, after, behind = masked(COMPANY[0], alert, COMPANY[1])
    assert SECRET not in after.model_dump_json()
    assert "hunter2hunter2" not in after.model_dump_json()
    assert (before, behind) == (COMPANY[0], COMPANY[1])
    assert "secret:" in after.model_dump_json()


def test_f07_the_same_secret_has_one_placeholder_in_a_delivery() -> None:
    first, second = masked(annotated(a=f"x {SECRET}"), annotated(b=f"{SECRET} y"))
    assert first.annotations["a"].split()[1] == second.annotations["b"].split()[0]


def test_f07_two_names_with_two_secrets_stay_two_names() -> None:
    mask, again = Mask(Redactor), Mask(Redactor)
    keys = [mask.key(f"group {mail}") for mail in ("ann@example.org", "bob@example.org")]
    assert keys[0] != keys[1]
    assert again.key("group bob@example.org").split("#")[-1] == keys[1].split("#")[-1]
    assert "bob@" not in keys[1]
    assert mask.key("plain") == "plain"


def test_f07_a_change_keeps_no_secret_and_its_id_stays_its_own() -> None:
    change = Change(
        id=SECRET, source="change/r", service="cart", by="ann@example.org", at=T0,
        title=f"rotate {SECRET}", version="4f2a9c1", link=f"https://x:{SECRET}@example.org/",
    )  # fmt: skip
    found = Mask(Redactor).change(change)
    assert SECRET not in found.model_dump_json()
    assert (found.service, found.version, found.at) == ("cart", "4f2a9c1", T0)
    assert len({found.id, Mask(Redactor).change(change.model_copy(update={"id": "x"})).id}) == 2


def test_what_was_replaced_is_counted_once() -> None:
    counter = Counter("redacted", "-", ("kind",), registry=CollectorRegistry())
    mask = Mask(Redactor)
    mask.alerts([annotated(a=f"x {SECRET}"), COMPANY[0]])
    mask.count(counter)
    (metric,) = counter.collect()
    assert sum(s.value for s in metric.samples if s.name == "redacted_total") == 1
