"""The probe of a service against a server that answers as told."""

import httpx
import pytest
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from bot.errors import ConfigError, RemoteError, ToolError
from tests.tools.fixtures import Failing, Server, facts, needs, reading
from tools.read import http_probe

STATE = "http://shop.test/state?deep=1"
FILES: dict[str, JsonValue] = {
    "services.yaml": {
        "services": [
            {"name": "checkout", "tier": 1, "probes": {"state": STATE, "live": "http://shop.test/"}}
        ]
    }
}


async def probe(
    transport: Server | httpx.AsyncBaseTransport, files: dict[str, JsonValue] | None = None
) -> tuple[dict[str, object], str, JsonValue]:
    given = needs(transport, files=FILES if files is None else files)
    async with reading(http_probe, given) as look:
        result = await look(service="checkout", probe="state")
    found = facts(result)
    latency_ms = found.pop("latency_ms")
    assert isinstance(latency_ms, int)
    assert latency_ms >= 0
    return found, result.summary, result.body


async def test_scalars_of_a_json_answer_are_facts_under_their_own_names() -> None:
    server = Server()
    state: JsonValue = {"version": "v42", "healthy": False, "ratio": 0.5, "none": None, "list": []}
    server.says("GET /state", state)
    found, summary, body = await probe(server)
    assert found == {
        "status": 200, "ok": True, "version": "v42", "healthy": False, "ratio": 0.5, "none": None
    }  # fmt: skip
    assert summary.startswith("checkout state: HTTP 200 in ")
    assert "version=v42" in summary
    assert body == {"asked": "http://shop.test/state", "status": 200, "json": state}
    assert server.asked[0].query == [("deep", "1")]


async def test_an_answer_cannot_overwrite_what_we_measured() -> None:
    server = Server()
    server.says("GET /state", {"ok": True, "status": "fine", "latency_ms": "none"}, 503)
    found, _, _ = await probe(server)
    assert found == {"status": 503, "ok": False}


async def test_at_most_twenty_facts_with_plain_names_are_taken() -> None:
    server = Server()
    odd: dict[str, JsonValue] = {"a.b": 1, "": 1, "x" * 65: 1, "new\nline": 1}
    server.says("GET /state", {**odd, **{f"n{number}": number for number in range(30)}})
    found, _, _ = await probe(server)
    assert list(found) == ["status", "ok", *(f"n{number}" for number in range(20))]


async def test_a_long_text_is_cut() -> None:
    server = Server()
    server.says("GET /state", {"note": "x" * 1000})
    found, _, _ = await probe(server)
    assert found["note"] == "x" * 199 + "…"


def oversize(request: Request) -> Response:
    return PlainTextResponse('{"a": "' + "x" * 2 * 1024 * 1024 + '"}')


@pytest.mark.parametrize(
    "answer",
    [PlainTextResponse("all good"), JSONResponse([1, 2]), Response(b"\xff\xfe"), oversize],
    ids=["text", "list", "bytes", "oversize"],
)
async def test_of_any_other_body_only_that_it_came_is_known(answer: Response) -> None:
    found, _, _ = await probe(Server({"GET /state": answer}))
    assert found == {"status": 200, "ok": True}


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
async def test_a_service_that_does_not_answer_is_not_ok(error: Exception) -> None:
    found, summary, _ = await probe(Failing(error))
    assert found == {"ok": False}
    assert summary.startswith(("checkout state: cannot connect", "checkout state: no answer"))


async def test_f08_a_redirect_is_refused_and_not_followed() -> None:
    server = Server({"GET /state": RedirectResponse("http://169.254.169.254/")})
    with pytest.raises(RemoteError, match="redirect"):
        await probe(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "it has none"),
        ({"services.yaml": {"services": [{"name": "checkout"}]}}, "it has none"),
        (
            {"services.yaml": {"services": [{"name": "checkout", "probes": {"live": STATE}}]}},
            "it has live",
        ),
        ({"services.yaml": {"services": "x"}}, "triagebot check"),
    ],
)
async def test_f02_only_what_the_catalogue_names_can_be_asked(
    files: dict[str, JsonValue], words: str
) -> None:
    server = Server()
    with pytest.raises(ToolError, match=words):
        await probe(server, files)
    assert server.asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://me:pass@shop.test/", "gopher://shop.test"]
)
async def test_f08_an_address_that_is_not_plain_http_is_refused(url: str) -> None:
    services: JsonValue = {"services": [{"name": "checkout", "probes": {"state": url}}]}
    with pytest.raises(ToolError, match=r"services\.yaml, checkout, state") as caught:
        await probe(Server(), {"services.yaml": services})
    assert "pass@" not in str(caught.value)


def test_e01_the_schema_names_only_what_the_catalogue_names() -> None:
    bare: JsonValue = {"name": "cart", "tier": 2}
    files: dict[str, JsonValue] = {
        "services.yaml": {
            "services": [
                {"name": "checkout", "probes": {"state": STATE, "live": STATE}},
                {"name": "stock", "probes": {"state": STATE, "live": STATE}},
                bare,
            ]
        }
    }
    assert http_probe.schema is not None
    assert http_probe.schema(needs(files=files)) == {
        "anyOf": [
            {
                "type": "object",
                "properties": {
                    "service": {
                        "type": "string",
                        "enum": ["checkout", "stock"],
                        "inventory": "services",
                    },
                    "probe": {"type": "string", "enum": ["state", "live"]},
                },
                "required": ["service", "probe"],
                "additionalProperties": False,
            }
        ]
    }


@pytest.mark.parametrize("services", [[], [{"name": "cart"}]], ids=["none", "without probes"])
def test_without_probes_the_schema_allows_nothing(services: JsonValue) -> None:
    assert http_probe.schema is not None
    assert http_probe.schema(needs(files={"services.yaml": {"services": services}})) == {"not": {}}


def test_a_broken_catalogue_has_no_schema() -> None:
    assert http_probe.schema is not None
    with pytest.raises(ConfigError, match="triagebot check"):
        http_probe.schema(needs(files={"services.yaml": {"services": "x"}}))
