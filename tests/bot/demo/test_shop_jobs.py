import asyncio

import httpx
import pytest

from bot.demo import shop_jobs
from tests.bot.demo.running import (
    DEPLOY,
    JSON_OBJECT,
    URL,
    Receiver,
    quick,
    running,
    state,
    until,
)

BACK = {"service": "checkout", "version": "v41"}


async def deploy(shop: httpx.AsyncClient, version: str = "v42") -> httpx.Response:
    return await shop.post("/deploy", json={"version": version, "by": "dana"}, headers=DEPLOY)


async def test_a_deploy_switches_the_version_and_leaves_a_page() -> None:
    async with running(quick()) as shop:
        answer = await deploy(shop)
        assert answer.status_code == 200
        link = f"{URL}/runs/1"
        assert answer.json() == {"ok": True, "run_url": link, "version": "v42", "previous": "v41"}
        assert (await state(shop))["version"] == "v42"
        page = JSON_OBJECT.validate_json((await shop.get(link)).content)
    assert page.pop("at")
    assert page == {
        "run": 1,
        "job": "deploy",
        "service": "checkout",
        "version": "v42",
        "previous": "v41",
        "by": "dana",
        "kind": "deploy",
        "link": link,
    }


async def test_a_rollback_goes_back_and_says_from_where() -> None:
    async with running(quick()) as shop:
        await deploy(shop)
        answer = await shop.post("/rollback", json=BACK, headers=DEPLOY)
        assert answer.json() == {
            "ok": True,
            "run_url": f"{URL}/runs/2",
            "version": "v41",
            "previous": "v42",
        }
        assert (await state(shop))["version"] == "v41"


async def test_a_dry_run_says_what_would_happen_and_does_nothing() -> None:
    async with running(quick()) as shop:
        await deploy(shop)
        answer = await shop.post("/rollback?dry_run=1", json=BACK, headers=DEPLOY)
        assert answer.status_code == 200
        assert answer.json() == {
            "ok": True,
            "dry_run": True,
            "would": "roll checkout back from v42 to v41",
            "run_url": None,
            "version": "v41",
            "previous": "v42",
        }
        assert (await state(shop))["version"] == "v42"
        assert (await shop.get("/runs/2")).status_code == 404


async def test_a_dry_run_does_not_use_up_the_key() -> None:
    keyed = {**DEPLOY, "Idempotency-Key": "k1"}
    async with running(quick()) as shop:
        await deploy(shop)
        await shop.post("/rollback?dry_run=1", json=BACK, headers=keyed)
        await shop.post("/rollback", json=BACK, headers=keyed)
        assert (await state(shop))["version"] == "v41"


@pytest.mark.parametrize("query", ["", "?dry_run=1"])
@pytest.mark.parametrize(
    ("wanted", "status", "said"),
    [
        ({"service": "checkout", "version": "v77"}, 409, "never ran v77"),
        ({"service": "checkout", "version": "v41"}, 409, "runs v41 already"),
        ({"service": "billing", "version": "v40"}, 404, "no service 'billing'"),
        ({"service": "checkout"}, 400, "version: Field required"),
        ({"service": "checkout", "version": "-rf"}, 400, "version: "),
        ({"service": "checkout", "version": "v40", "force": True}, 400, "force: "),
    ],
)
async def test_a_rollback_that_cannot_be_done_says_why(
    wanted: dict[str, object], status: int, said: str, query: str
) -> None:
    async with running(quick()) as shop:
        answer = await shop.post(f"/rollback{query}", json=wanted, headers=DEPLOY)
        assert answer.status_code == status
        refused = JSON_OBJECT.validate_json(answer.content)
        assert refused["ok"] is False
        assert said in str(refused["error"])
        assert (await state(shop))["version"] == "v41"


async def test_an_unreadable_dry_run_is_refused_and_not_run() -> None:
    async with running(quick()) as shop:
        await deploy(shop)
        answer = await shop.post("/rollback?dry_run=yes", json=BACK, headers=DEPLOY)
        assert answer.status_code == 400
        assert (await state(shop))["version"] == "v42"


@pytest.mark.parametrize("path", ["/deploy", "/rollback", "/rollback?dry_run=1"])
@pytest.mark.parametrize(
    "given", [None, "Bearer", "Bearer wrong", "Basic deploy-secret", "Bearer é"]
)
async def test_without_the_token_nothing_is_done(path: str, given: str | None) -> None:
    headers = [] if given is None else [(b"Authorization", given.encode())]
    async with running(quick()) as shop:
        answer = await shop.post(path, json={"version": "v40"}, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "deploy token" in str(JSON_OBJECT.validate_json(answer.content)["error"])
        assert (await state(shop))["version"] == "v41"


@pytest.mark.parametrize(
    ("raw", "status"), [(b"{", 400), (b"\xff", 400), (b"[]", 400), (b"x" * 20_000, 413)]
)
async def test_a_body_that_is_no_request_is_refused(raw: bytes, status: int) -> None:
    async with running(quick()) as shop:
        answer = await shop.post("/deploy", content=raw, headers=DEPLOY)
        assert answer.status_code == status


async def test_one_key_acts_once_even_at_the_same_time() -> None:
    keyed = {**DEPLOY, "Idempotency-Key": "k1"}
    async with running(quick()) as shop:
        await deploy(shop)
        answers = await asyncio.gather(
            *(shop.post("/rollback", json=BACK, headers=keyed) for _ in range(20))
        )
        assert {answer.content for answer in answers} == {answers[0].content}
        assert {answer.status_code for answer in answers} == {200}
        replayed = [answer for answer in answers if "idempotent-replayed" in answer.headers]
        assert len(replayed) == 19
        assert (await shop.get("/runs/3")).status_code == 404


async def test_a_key_keeps_its_refusal_too() -> None:
    keyed = {**DEPLOY, "Idempotency-Key": "k1"}
    async with running(quick()) as shop:
        first = await shop.post("/rollback", json=BACK, headers=keyed)
        await deploy(shop)
        again = await shop.post("/rollback", json=BACK, headers=keyed)
        assert (first.status_code, again.status_code) == (409, 409)
        assert (await state(shop))["version"] == "v42"


async def test_a_key_for_another_request_is_refused() -> None:
    keyed = {**DEPLOY, "Idempotency-Key": "k1"}
    async with running(quick()) as shop:
        await shop.post("/deploy", json={"version": "v42"}, headers=keyed)
        for path, wanted in (("/deploy", {"version": "v43"}), ("/rollback", BACK)):
            answer = await shop.post(path, json=wanted, headers=keyed)
            assert answer.status_code == 409
            assert "another request" in answer.text
        assert (await state(shop))["version"] == "v42"


async def test_the_oldest_key_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_jobs, "KEYS_KEPT", 2)
    async with running(quick()) as shop:
        for key in ("k1", "k2", "k3", "k3", "k2", "k1"):
            keyed = {**DEPLOY, "Idempotency-Key": key}
            await shop.post("/deploy", json={"version": "v43"}, headers=keyed)
        assert (await shop.get("/runs/4")).status_code == 200
        assert (await shop.get("/runs/5")).status_code == 404


async def test_every_switch_is_reported_as_a_change() -> None:
    bot = Receiver()
    async with running(quick(change_url="http://bot.test/hooks/change/demo"), bot) as shop:
        await deploy(shop)
        await shop.post("/rollback", json=BACK, headers=DEPLOY)
        await until(lambda: len(bot.got) == 2, "two changes")
    assert {(path, bearer) for path, bearer, _ in bot.got} == {
        ("/hooks/change/demo", "Bearer change-secret")
    }
    changes = bot.bodies("/hooks/change/demo")
    assert all(str(change.pop("at")).endswith("Z") for change in changes)
    common = {"service": "checkout", "kind": "deploy"}
    assert changes == [
        {**common, "version": "v42", "previous": "v41", "by": "dana", "link": f"{URL}/runs/1"},
        {
            **common,
            "version": "v41",
            "previous": "v42",
            "by": "operator job",
            "link": f"{URL}/runs/2",
        },
    ]
