"""What the operator is told about step-up, everywhere, and the key the secrets are sealed under."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.bot import World, open_bot
from bot.app.check import configuration
from bot.app.entrances import inbox_of, status_line, totp_of
from bot.app.health import Health
from bot.app.posting import Looks
from bot.app.routes import RouteShelf
from bot.incident.state import State
from bot.incident.stepup import FOOTER
from bot.ports import Claim, NoProof, Proof, Reply
from bot.settings import Settings, variable
from tests.bot.intake.phones import enrolled
from tests.fakes import FakeClock

CLAIM = Claim("dana", "7F3KQ2AB", "ab" * 32, "approve")


def settings_of(folder: Path, *, lax: bool = False) -> Settings:
    folder.joinpath("knowledge").mkdir(exist_ok=True)
    return Settings(
        DATABASE_URL=SecretStr(f"sqlite:///{folder}/bot.db"),  # pyright: ignore[reportCallIssue]
        runbooks=folder / "knowledge",
        console=False,
        accept_chat_only_high=lax,
        signing_key_file=folder / "bot.key",
    )


@pytest.mark.parametrize("lax", [False, True])
async def test_e24_status_readiness_and_cards_say_whether_chat_alone_will_do(
    tmp_path: Path, lax: bool
) -> None:
    settings = settings_of(tmp_path, lax=lax)
    async with AsyncExitStack() as stack:
        bot = await open_bot(stack, World(settings, FakeClock(), lambda _: ""))
        routes = RouteShelf(bot.library, lambda _: "", "")
        checks = await Health(bot, routes, lambda: (), lambda: "")()
        look = Looks(bot, "http://bot")(State())
        reply = Reply("web:operator", "web", "", "command", person="operator", text="status")
        said = await inbox_of(bot, "http://bot").reply(reply)
        line = status_line(bot)
    assert (FOOTER in line) == (FOOTER in said.text) == lax
    assert look.chat_only_high == bot.library.policy.chat_only_high == lax
    well, words = checks["high_risk"]
    assert well
    assert (words == FOOTER) == lax


@pytest.mark.parametrize("lax", ["", "1"])
def test_e24_check_says_that_chat_alone_will_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lax: str
) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIAGE_ACCEPT_CHAT_ONLY_HIGH", lax)
    lines, sound = configuration()
    assert sound, "\n".join(lines)
    assert (f"note     {FOOTER}" in lines) == bool(lax)


async def test_e24_codes_outlive_the_process_with_the_key_file(tmp_path: Path) -> None:
    clock = FakeClock()
    world = World(settings_of(tmp_path), clock, lambda _: "")
    async with AsyncExitStack() as stack:
        phone = await enrolled(totp_of(await open_bot(stack, world)), clock)
    async with AsyncExitStack() as stack:
        totp = totp_of(await open_bot(stack, world))
        assert isinstance(await totp.prove(CLAIM, phone.code()), Proof)
    tmp_path.joinpath("bot.key").write_text("cd" * 32)
    clock.advance(30)
    async with AsyncExitStack() as stack:
        lost = await totp_of(await open_bot(stack, world)).prove(CLAIM, phone.code())
    assert isinstance(lost, NoProof)
    assert "triagebot stepup reset dana" in lost.why
