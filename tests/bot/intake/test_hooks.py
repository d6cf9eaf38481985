import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import JsonValue

from bot.errors import ConfigError, NotFoundError, SignatureError
from bot.intake.hooks import FieldName, OpenRoute, Routes, read_routes
from bot.signing import sign, timestamped

SHIPPED = Path(__file__).parents[3] / "runbooks" / "hooks.yaml"
SOURCES = frozenset({"alertmanager", "generic_json"})
NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
NOW_S = str(int(NOW.timestamp()))
BODY = b'{"title": "Disk full"}'
SECRETS = {"A": "first", "B": "second", "BASIC": "am:pw"}


def routes(*given: Mapping[str, JsonValue], insecure: str = "", **more: JsonValue) -> Routes:
    file: JsonValue = {"routes": [dict(route) for route in given], **more}
    return read_routes(file, SOURCES, lambda name: SECRETS.get(name, ""), insecure)


def route(**more: JsonValue) -> dict[str, JsonValue]:
    return {"source": "alertmanager", "route": "r", "auth": "bearer", "secrets": ["A"], **more}


def door(**more: JsonValue) -> OpenRoute:
    return routes(route(**more)).find("alertmanager", "r")


def test_d01_a_bearer_route_takes_any_of_its_secrets() -> None:
    both = door(secrets=["A", "UNSET", "B"])
    for secret in ("first", "second"):
        assert both.verify({"authorization": f"Bearer {secret}"}, BODY, NOW) == ""
    for wrong in ({}, {"authorization": "Bearer third"}, {"authorization": "Bearer "}):
        with pytest.raises(SignatureError):
            both.verify(wrong, BODY, NOW)


def test_d01_a_basic_route_takes_user_and_password() -> None:
    basic = door(auth="basic", secrets=["BASIC"])
    given = base64.b64encode(b"am:pw").decode()
    assert basic.verify({"authorization": f"Basic {given}"}, BODY, NOW) == ""
    with pytest.raises(SignatureError):
        basic.verify({"authorization": f"Bearer {given}"}, BODY, NOW)


def test_d01_an_hmac_route_without_a_timestamp_signs_the_body() -> None:
    signed = door(auth="hmac")
    assert signed.verify({"x-triage-signature": sign("first", BODY)}, BODY, NOW) == ""
    for headers in ({}, {"x-triage-signature": sign("second", BODY)}):
        with pytest.raises(SignatureError):
            signed.verify(headers, BODY, NOW)


def test_d01_an_hmac_route_with_a_timestamp_signs_both() -> None:
    signed = door(auth="hmac", signature_header="X-Sig", timestamp_header="X-Time")
    signature = sign("first", timestamped(NOW_S, BODY))
    assert signed.verify({"x-sig": signature, "x-time": NOW_S}, BODY, NOW) == NOW_S
    old = str(int(NOW_S) - 301)
    for headers in (
        {"x-sig": signature},
        {"x-sig": signature, "x-time": str(int(NOW_S) + 1)},
        {"x-sig": sign("first", BODY), "x-time": NOW_S},
        {"x-sig": sign("first", timestamped(old, BODY)), "x-time": old},
    ):
        with pytest.raises(SignatureError):
            signed.verify(headers, BODY, NOW)


def test_a_route_without_its_secret_is_closed_and_said_so() -> None:
    found = routes(route(secrets=["UNSET"]), changes=[{"route": "d", "auth": "hmac",
                                                       "secrets": ["NO", "NONE"]}])  # fmt: skip
    with pytest.raises(SignatureError, match="alertmanager/r"):
        found.find("alertmanager", "r").verify({"authorization": "Bearer "}, BODY, NOW)
    first, second = found.problems()
    assert "alertmanager/r" in first
    assert "UNSET" in first
    assert "change/d" in second
    assert "NO or NONE" in second


def test_a_route_with_one_of_its_secrets_is_open() -> None:
    found = routes(route(secrets=["UNSET", "A"]))
    assert found.problems() == []
    assert found.variables() == {"UNSET", "A"}


def test_d02_an_unsigned_route_must_be_allowed_by_name() -> None:
    unsigned = route(auth="none", secrets=[])
    for insecure in ("", "alertmanager/other", "alertmanager", "*"):
        with pytest.raises(ConfigError, match="TRIAGE_ALLOW_INSECURE_WEBHOOK"):
            routes(unsigned, insecure=insecure)
    allowed = routes(unsigned, insecure="x/y, alertmanager/r")
    assert allowed.find("alertmanager", "r").verify({}, BODY, NOW) == ""
    assert allowed.problems() == []


def test_what_is_not_declared_is_not_there() -> None:
    found = routes(route())
    for source, name in (("alertmanager", "x"), ("generic_json", "r"), ("change", "r"), ("", "")):
        with pytest.raises(NotFoundError):
            found.find(source, name)


@pytest.mark.parametrize("file", [None, {}, {"routes": []}])
def test_an_empty_file_opens_no_door(file: JsonValue) -> None:
    found = read_routes(file, SOURCES, str)
    assert found.all() == ()
    assert found.variables() == frozenset()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (route(source="pager"), "no source 'pager'; there are alertmanager, generic_json"),
        (route(secret="A"), r"routes\[0\].secret: is not a key I know"),
        (route(auth="oauth"), r"routes\[0\].auth"),
        (route(secrets=[]), "name the environment variable"),
        (route(secrets=["lower"]), r"routes\[0\].secrets\[0\]"),
        (route(auth="none"), "keep one of the two"),
        (route(route="a/b"), r"routes\[0\].route"),
        (route(fields={"title": "/t"}), "only generic_json has fields"),
        (route(source="generic_json", fields={"titel": "/t"}), "fields.titel"),
        (route(source="generic_json", fields={"title": "t"}), "fields.title"),
        (route(source="generic_json", fields={"title": "/a~2"}), "fields.title"),
        (route(signature_header="X Sig"), "signature_header"),
    ],
)
def test_a_fault_is_told_with_its_place(fault: dict[str, JsonValue], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        routes(fault)
    assert all(line.startswith("hooks.yaml: ") for line in str(caught.value).splitlines())


@pytest.mark.parametrize("file", [[], "routes", 3, {"route": []}, {"routes": {}}, {"routes": [1]}])
def test_a_file_of_another_shape_is_refused(file: JsonValue) -> None:
    with pytest.raises(ConfigError, match=r"hooks\.yaml"):
        read_routes(file, SOURCES, str)


def test_two_routes_cannot_share_a_name_but_two_sources_can() -> None:
    with pytest.raises(ConfigError, match="stands there twice"):
        routes(route(), route(secrets=["B"]))
    assert len(routes(route(), route(source="generic_json")).all()) == 2


def test_the_shipped_file_is_closed_until_secrets_are_set() -> None:
    file: JsonValue = yaml.safe_load(SHIPPED.read_text())
    shipped = read_routes(file, SOURCES, lambda _: "")
    assert [found.name for found in shipped.all()] == [
        "alertmanager/default", "generic_json/default", "change/default",
    ]  # fmt: skip
    assert len(shipped.problems()) == 3
    assert read_routes(file, SOURCES, lambda _: "x").problems() == []


def test_the_example_in_the_shipped_file_is_right() -> None:
    lines = SHIPPED.read_text().splitlines()
    start = lines.index("#   - source: generic_json")
    end = lines.index("", start)
    example = [line.removeprefix("# ") for line in lines[start:end]]
    file: JsonValue = yaml.safe_load("routes:\n" + "\n".join(example))
    (found,) = read_routes(file, SOURCES, lambda _: "x").all()
    assert found.timestamp_header == "x-triage-timestamp"
    assert set(found.fields) <= set(get_args(FieldName))
    assert found.fields["title"] == "/job/name"
