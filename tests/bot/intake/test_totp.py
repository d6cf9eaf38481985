"""Enrolment and proof over the real store, on both databases, also from two processes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from bot.errors import ForbiddenError, InputError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import AccessRefused, StepUpEnrolled
from bot.incident.house import House, extend_house
from bot.intake.totp import OFFER_FOR, Totp
from bot.intake.vault import Vault
from bot.ports import Claim, NoProof, Proof
from bot.store.store import Store
from tests.bot.intake.phones import SESSION, Phone, enrolled
from tests.fakes import FakeClock

CLAIM = Claim("dana", "7F3KQ2AB", "ab" * 32, "approve")
TRIES = 20


@pytest.fixture
async def store(database_url: str) -> AsyncGenerator[Store]:
    async with Store.open(database_url, FakeClock()) as opened:
        yield opened


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def totp_over(store: Store, clock: FakeClock, key: bytes = bytes(32)) -> Totp:
    return Totp(store.step_ups, store.log, clock, Vault(key, clock))


async def house_of(store: Store) -> House:
    return extend_house(House(), await store.log.load(HOUSE))


async def test_e24_a_proof_is_for_its_claim_and_a_code_makes_one(
    store: Store, clock: FakeClock
) -> None:
    totp = totp_over(store, clock)
    assert not await totp.ready("dana")
    phone = await enrolled(totp, clock)
    assert await totp.ready("dana")
    code = phone.code()
    assert await totp.prove(CLAIM, code) == Proof(CLAIM, "totp")
    other = await totp.prove(replace(CLAIM, proposal="ZZZZ2222", digest="cd" * 32), code)
    assert isinstance(other, NoProof)
    assert "was used already" in other.why


async def test_e24_twenty_tries_with_one_code_are_one_proof(
    database_url: str, clock: FakeClock
) -> None:
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(Store.open(database_url, clock))]
        if database_url.startswith("postgresql"):  # there, two processes may write
            stores.append(await stack.enter_async_context(Store.open(database_url, clock)))
        phone = await enrolled(totp_over(stores[0], clock), clock)
        totps = [totp_over(stores[number % len(stores)], clock) for number in range(TRIES)]
        code = phone.code()
        results = await asyncio.gather(*(totp.prove(CLAIM, code) for totp in totps))
        last = await stores[0].step_ups.get("dana")
    assert sum(isinstance(result, Proof) for result in results) == 1
    assert all("used already" in one.why for one in results if isinstance(one, NoProof))
    assert last is not None
    assert last.wrong_at == ()


async def test_e24_guesses_that_come_together_are_counted_one_by_one(
    store: Store, clock: FakeClock
) -> None:
    totp = totp_over(store, clock)
    phone = await enrolled(totp, clock)
    wrong = _wrong(phone)
    results = await asyncio.gather(*(totp.prove(CLAIM, wrong) for _ in range(TRIES)))
    right = await totp.prove(CLAIM, phone.code())
    facts = [event.body for event in await store.log.load(HOUSE)]
    told = [one.why for one in (*results, right) if isinstance(one, NoProof)]
    assert sum("is wrong" in why for why in told) == 4
    assert sum("looked at again at 12:05:30 UTC" in why for why in told) == TRIES - 4 + 1
    refused = [fact for fact in facts if isinstance(fact, AccessRefused)]
    assert [one.why for one in refused] == [
        "5 wrong one-time codes; none is looked at for 5 minutes"
    ]
    clock.advance(300)
    assert isinstance(await totp.prove(CLAIM, phone.code()), Proof)


async def test_e24_the_code_of_somebody_else_is_wrong(store: Store, clock: FakeClock) -> None:
    totp = totp_over(store, clock)
    phone = await enrolled(totp, clock, "eve")
    await enrolled(totp, clock, "dana")
    result = await totp.prove(CLAIM, phone.code())
    assert isinstance(result, NoProof)
    assert isinstance(await totp.prove(replace(CLAIM, person="eve"), phone.code()), Proof)


async def test_e24_who_set_nothing_up_proves_nothing(store: Store, clock: FakeClock) -> None:
    result = await totp_over(store, clock).prove(CLAIM, "123456")
    assert result == NoProof("You have not set up one-time codes yet.")


async def test_e24_the_secret_is_sealed_for_one_person_under_one_key(
    store: Store, clock: FakeClock
) -> None:
    totp = totp_over(store, clock)
    phone = await enrolled(totp, clock, "eve")
    kept = await store.step_ups.get("eve")
    assert kept is not None
    assert phone.secret.encode() not in kept.secret
    await store.step_ups.change("dana", lambda _: replace(kept, person="dana"))
    copied = await totp.prove(CLAIM, phone.code())
    other = await totp_over(store, clock, b"k" * 32).prove(
        replace(CLAIM, person="eve"), phone.code()
    )
    for result in (copied, other):
        assert isinstance(result, NoProof)
        assert "another signing key" in result.why
    assert await store.step_ups.get("eve") == kept


async def test_e24_enrolment_is_a_fact_and_the_house_knows_who_has_codes(
    store: Store, clock: FakeClock
) -> None:
    totp = totp_over(store, clock)
    await enrolled(totp, clock)
    assert (await house_of(store)).step_up == {"dana": "totp"}
    assert await totp.take_away("dana", "api:operator")
    assert not await totp.take_away("dana", "api:operator")
    assert not await totp.ready("dana")
    assert (await house_of(store)).step_up == {}
    facts = [event.body for event in await store.log.load(HOUSE)]
    assert facts == [
        StepUpEnrolled(person="dana", how="totp", by="dana"),
        StepUpEnrolled(person="dana", how="totp", by="api:operator", taken_away=True),
    ]


async def test_e24_an_offer_is_for_its_session_and_ten_minutes(
    store: Store, clock: FakeClock
) -> None:
    totp = totp_over(store, clock)
    made = await totp.offer("dana", SESSION)
    assert await totp.offered("dana", SESSION) == made
    assert made.uri.startswith("otpauth://totp/triagebot:dana?secret=")
    assert await totp.offered("dana", "another-session") is None
    assert await totp.offered("eve", SESSION) is None
    with pytest.raises(InputError, match="start over"):
        await totp.confirm("dana", "another-session", Phone(made.secret, clock).code(), "")
    clock.advance(OFFER_FOR.total_seconds())
    assert await totp.offered("dana", SESSION) is None
    with pytest.raises(InputError, match="start over"):
        await totp.confirm("dana", SESSION, Phone(made.secret, clock).code(), "")


async def test_e24_a_wrong_first_code_sets_nothing_up(store: Store, clock: FakeClock) -> None:
    totp = totp_over(store, clock)
    phone = Phone((await totp.offer("dana", SESSION)).secret, clock)
    with pytest.raises(ForbiddenError, match="is wrong"):
        await totp.confirm("dana", SESSION, _wrong(phone), "")
    assert not await totp.ready("dana")
    assert await store.log.load(HOUSE) == []
    await totp.confirm("dana", SESSION, phone.code(), "")
    assert await totp.ready("dana")


async def test_e24_new_codes_need_one_of_those_before(store: Store, clock: FakeClock) -> None:
    totp = totp_over(store, clock)
    old = await enrolled(totp, clock)
    new = Phone((await totp.offer("dana", SESSION)).secret, clock)
    for current in ("", _wrong(old), new.code()):
        with pytest.raises(ForbiddenError, match="The code of what you use so far"):
            await totp.confirm("dana", SESSION, new.code(), current)
    assert isinstance(await totp.prove(CLAIM, old.code()), Proof)
    clock.advance(30)
    await totp.confirm("dana", SESSION, new.code(), old.code())
    clock.advance(30)
    assert isinstance(await totp.prove(CLAIM, old.code()), NoProof)
    assert isinstance(await totp.prove(CLAIM, new.code()), Proof)


async def test_e24_the_code_that_set_it_up_is_spent(store: Store, clock: FakeClock) -> None:
    totp = totp_over(store, clock)
    phone = Phone((await totp.offer("dana", SESSION)).secret, clock)
    await totp.confirm("dana", SESSION, phone.code(), "")
    result = await totp.prove(CLAIM, phone.code())
    assert isinstance(result, NoProof)
    assert "was used already" in result.why


def _wrong(phone: Phone) -> str:
    near = {phone.code(30 * step) for step in range(-25, 26)}
    return next(found for found in map("{:06d}".format, range(1000)) if found not in near)
