"""A tool's client reaches the servers that were configured, and nothing else (F-02)."""

from collections.abc import Mapping

import httpx
import pytest
from pydantic import JsonValue
from starlette.responses import RedirectResponse

from bot.errors import RemoteError
from bot.shelf import Tool
from tests.counting import security_events
from tests.tools.fixtures import Server, needs
from tools.http import Call, Remote, client
from tools.read import READ_TOOLS
from tools.write import ACTIONS

SECRETS = {
    "PROMETHEUS_URL": "http://prometheus.test/base",
    "ALERTMANAGER_URL": "http://alertmanager.test",
    "JOB_TOKEN": "a token",
}
JOB: JsonValue = {
    "name": "restart",
    "title": "Restart",
    "url": "https://deploy.test/restart",
    "auth": "bearer",
    "secret": "JOB_TOKEN",
    "target": "checkout",
    "risk": "low",
    "preview": "none",
    "ends": "It comes up again by itself.",
    "verify": [{"title": "it is up", "tool": "http_probe", "args": {}, "expect": {"fact": "ok"}}],
}
FILES: Mapping[str, JsonValue] = {
    "services.yaml": {
        "services": [
            {"name": "checkout", "probes": {"state": "http://shop.test/state", "odd": "not a url"}}
        ]
    },
    "jobs.yaml": {"jobs": [JOB]},
}
REACHED = {
    "prometheus_query": "http://prometheus.test/base/api/v1/query",
    "prometheus_range": "http://prometheus.test/base/api/v1/query_range",
    "alertmanager_silences": "http://alertmanager.test/api/v2/silences",
    "http_probe": "http://shop.test/elsewhere",
    "alertmanager_silence": "http://alertmanager.test/api/v2/silences",
    "job_run": "https://deploy.test/other",
}
ELSEWHERE = [
    "http://evil.test/",
    "http://169.254.169.254/latest/meta-data/",
    "http://prometheus.test:9999/base",
    "https://prometheus.test/base",
    "http://prometheus.test.evil.test/",
    "http://prometheus.test@evil.test/",
    "http://shop.test:8080/state",
    "http://deploy.test/restart",
]


def client_of(opened: object) -> httpx.AsyncClient:
    remote = getattr(opened, "remote", None)
    found = remote.client if isinstance(remote, Remote) else getattr(opened, "client", None)
    assert isinstance(found, httpx.AsyncClient)
    return found


ALL = {**READ_TOOLS, **ACTIONS}


def test_f02_every_tool_that_speaks_http_is_tried() -> None:
    assert set(REACHED) == set(ALL) - {"changes_recent"}


@pytest.mark.parametrize("name", REACHED)
async def test_f02_a_tool_reaches_the_servers_that_were_configured_only(name: str) -> None:
    tool: Tool = ALL[name]
    server, before = Server(), security_events("egress")
    async with tool.open(needs(server, secrets=SECRETS, files=FILES)) as opened:
        http = client_of(opened)
        for url in ELSEWHERE:
            with pytest.raises(RemoteError, match="not an address that was configured") as caught:
                await Remote(http, name, url).send(Call("GET"))
            assert not caught.value.sent
        assert server.asked == []
        assert security_events("egress") == before + len(ELSEWHERE)
        await Remote(http, name, REACHED[name]).send(Call("GET"))
    assert len(server.asked) == 1


async def test_f02_a_redirect_is_not_followed_and_would_reach_nothing() -> None:
    away = RedirectResponse("http://evil.test/")
    server = Server({"GET /x": away})
    async with client(needs(server), lambda: ("http://there.test",)) as http:
        with pytest.raises(RemoteError, match="redirect"):
            await Remote(http, "there", "http://there.test").send(Call("GET", "/x"))
        assert len(server.asked) == 1
        with pytest.raises(Exception, match="evil"):  # should somebody switch following on
            await http.get("http://there.test/x", follow_redirects=True)
    assert len(server.asked) == 2


async def test_f02_an_address_taken_out_of_the_catalogue_is_reached_no_more() -> None:
    files = dict(FILES)
    server = Server()
    async with READ_TOOLS["http_probe"].open(needs(server, files=files)) as opened:
        http = client_of(opened)
        await Remote(http, "http_probe", "http://shop.test/state").send(Call("GET"))
        files["services.yaml"] = {"services": []}
        with pytest.raises(RemoteError, match="not an address that was configured"):
            await Remote(http, "http_probe", "http://shop.test/state").send(Call("GET"))
    assert len(server.asked) == 1
