"""Process types: where each may start."""

import pytest
from pydantic import SecretStr

from bot.app.check import configuration
from bot.app.role import ROLES, SERVE, check_role, conninfo_of
from bot.errors import ConfigError
from bot.settings import Settings


def on(url: str) -> Settings:
    return Settings(DATABASE_URL=SecretStr(url))  # pyright: ignore[reportCallIssue]


SQLITE = on("sqlite:///bot.db")
POSTGRESQL = on("postgresql+psycopg://bot:pw@db:5432/triagebot?sslmode=require")


def test_every_process_type_may_start_on_postgresql() -> None:
    for role in ROLES.values():
        check_role(role, POSTGRESQL)
    check_role(SERVE, SQLITE)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_file_has_one_process_and_says_what_to_run(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"triagebot {name} shares.*triagebot serve"):
        check_role(ROLES[name], SQLITE)


@pytest.mark.parametrize("name", ["web", "worker", "boss"])
def test_check_insists_on_postgresql_only_for_whom_it_is_asked(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    lines, sound = configuration(name)
    assert not sound
    assert name in "\n".join(lines)
    assert configuration()[1]


def test_the_server_is_named_as_its_own_library_names_it() -> None:
    assert conninfo_of(POSTGRESQL) == "postgresql://bot:pw@db:5432/triagebot?sslmode=require"
    assert conninfo_of(SQLITE) == ""


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_whatever_the_store_opens_as_a_server_has_the_dispatcher_of_a_server(scheme: str) -> None:
    assert conninfo_of(on(f"{scheme}://bot:pw@db/triagebot")) == "postgresql://bot:pw@db/triagebot"


def test_check_says_where_the_links_of_a_worker_lead(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgresql_url)
    monkeypatch.setenv("TRIAGE_SIGNING_KEY", "5e" * 32)
    monkeypatch.delenv("TRIAGE_PUBLIC_URL", raising=False)
    for name in ROLES:
        lines, sound = configuration(name)
        assert sound, lines
        assert any("TRIAGE_PUBLIC_URL is not set" in line for line in lines) == (name == "worker")
