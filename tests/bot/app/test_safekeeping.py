"""Backups that were read back before they are called one, and restores of sound ones only."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.safekeeping import back_up, bring_back
from bot.errors import ConfigError
from bot.incident.fact import HOUSE
from bot.incident.house import House, extend_house
from bot.settings import Settings
from bot.store.store import Store
from tests.bot.store.attacking import attack, notes
from tests.fakes import FakeClock, open_store

POSTGRES = "postgresql+psycopg://bob:s3cret@db.example/triage?sslmode=require&password=s3cret"
FLIP = "UPDATE event SET body = replace(body, 'note 3', 'note 4') WHERE seq = 3"


NEWER = """
CREATE TABLE alembic_version (version_num);
INSERT INTO alembic_version VALUES ('9999');
"""


def settings(folder: Path, witness: Path | None = None) -> Settings:
    url = SecretStr(f"sqlite:///{folder}/bot.db")
    return Settings(checkpoints=witness).model_copy(update={"database_url": url})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def restore(
    folder: Path, file: Path, *, replace: bool = False, witness: Path | None = None
) -> list[str]:
    chosen = settings(folder, witness)
    lines, done = await asyncio.to_thread(bring_back, chosen, FakeClock(), file, replace=replace)
    assert done == any("is restored" in line for line in lines)
    return lines


async def kept(folder: Path) -> tuple[list[str], House]:
    """Return the incidents in the database, and what its house stream adds up to."""
    async with open_store(folder) as store:
        assert await store.verify() == []
        house = extend_house(House(), await store.log.load(HOUSE))
        return sorted(set(await store.log.heads()) - {HOUSE}), house


async def a_backup(folder: Path, count: int = 1) -> Path:
    """Make a database of so many incidents and a backup of it."""
    async with open_store(folder) as store:
        for _ in range(count):
            await notes(store)
    file = folder / "first.bak"
    assert back_up(settings(folder), file)[1]
    return file


async def one_more(store: Store) -> None:
    await notes(store, 0)


async def test_g06_a_backup_beside_an_open_database_holds_all_that_was_committed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "first.bak"
    async with open_store(tmp_path) as store:
        await notes(store)
        writing = asyncio.gather(*(one_more(store) for _ in range(50)))
        lines, sound = await asyncio.to_thread(back_up, settings(tmp_path), file)
        await writing
    assert sound, lines
    assert "written and verified" in lines[0]
    assert file.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == {"bot.db", "bot.db.lock", "first.bak"}, "nothing half-made"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    await restore(elsewhere, file)
    assert "INC-1" in (await kept(elsewhere))[0]


async def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    file = await a_backup(tmp_path)
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="exists already, and a backup never overwrites"):
        back_up(settings(tmp_path), file)
    assert file.read_bytes() == before


def test_a_backup_of_nothing_or_to_nowhere_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no database at"):
        back_up(settings(tmp_path), tmp_path / "first.bak")
    asyncio.run(a_backup(tmp_path))
    with pytest.raises(ConfigError, match="cannot be written"):
        back_up(settings(tmp_path), tmp_path / "no" / "first.bak")


async def test_g06_a_backup_of_a_log_that_is_not_sound_says_so(tmp_path: Path) -> None:
    await a_backup(tmp_path)
    attack(tmp_path, FLIP)
    second = tmp_path / "second.bak"
    lines, sound = back_up(settings(tmp_path), second)
    assert not sound
    assert lines[1:] == ["INC-1 event 3: it is not what was written"]
    assert second.exists(), "it is all there is, so it is kept"
    before = tmp_path.joinpath("bot.db").read_bytes()
    assert "nothing was changed" in (await restore(tmp_path, second, replace=True))[0]
    assert tmp_path.joinpath("bot.db").read_bytes() == before


async def test_g06_a_restored_bot_is_paused_and_its_chains_are_whole(tmp_path: Path) -> None:
    file = await a_backup(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    lines = await restore(elsewhere, file)
    assert "start PAUSED" in "\n".join(lines)
    assert "triagebot resume" in "\n".join(lines)
    incidents, house = await kept(elsewhere)
    assert incidents == ["INC-1"]
    assert house.paused_by == "bot:restore"
    assert "restored from first.bak" in house.pause_reason
    assert elsewhere.joinpath("bot.db").stat().st_mode & 0o777 == 0o600


async def test_restoring_over_a_database_needs_the_word_and_keeps_it(tmp_path: Path) -> None:
    file = await a_backup(tmp_path)
    async with open_store(tmp_path) as store:
        await notes(store)
    with pytest.raises(ConfigError, match="say --replace"):
        await restore(tmp_path, file)
    assert (await kept(tmp_path))[0] == ["INC-1", "INC-2"]
    lines = await restore(tmp_path, file, replace=True)
    assert (await kept(tmp_path))[0] == ["INC-1"]
    aside = tmp_path / "bot.db.2025-03-01T120000Z"
    assert f"The database that was there is kept as {aside}." in lines
    await restore(tmp_path, aside, replace=True)
    assert (await kept(tmp_path))[0] == ["INC-1", "INC-2"]
    assert tmp_path.joinpath("bot.db.2025-03-01T120000Z-2").exists()


async def test_what_a_killed_bot_left_in_its_journal_is_kept_too(tmp_path: Path) -> None:
    file = await a_backup(tmp_path)
    async with open_store(tmp_path) as store:
        await notes(store)
        for name in ("bot.db", "bot.db-wal"):  # as a kill leaves them
            tmp_path.joinpath(f"{name}.left").write_bytes(tmp_path.joinpath(name).read_bytes())
    for name in ("bot.db", "bot.db-wal"):
        tmp_path.joinpath(f"{name}.left").rename(tmp_path / name)
    await restore(tmp_path, file, replace=True)
    assert (await kept(tmp_path))[0] == ["INC-1"]
    await restore(tmp_path, tmp_path / "bot.db.2025-03-01T120000Z", replace=True)
    assert (await kept(tmp_path))[0] == ["INC-1", "INC-2"]


async def test_no_restore_while_a_bot_runs(tmp_path: Path) -> None:
    file = await a_backup(tmp_path)
    async with open_store(tmp_path):
        with pytest.raises(ConfigError, match=r"another triagebot already runs on .* stop it"):
            await restore(tmp_path, file, replace=True)


async def test_no_restore_of_what_is_no_sound_backup_of_ours(tmp_path: Path) -> None:
    await a_backup(tmp_path)
    junk, other, newer, same = (tmp_path / name for name in ("junk", "other", "newer", "bot.db"))
    junk.write_text("not a database, though long enough to be looked at closely" * 20)
    for path, script in (
        (other, "CREATE TABLE customer (id)"),
        (newer, NEWER),
    ):
        connection = sqlite3.connect(path)
        connection.executescript(script)
        connection.close()
    before = same.read_bytes()
    for path, why in (
        (junk, "could not be copied"),
        (other, "another program"),
        (newer, "written by a newer triagebot"),
        (tmp_path / "gone", "there is no backup at"),
        (same, "the database itself"),
    ):
        with pytest.raises(ConfigError, match=why):
            await restore(tmp_path, path, replace=True)
    assert same.read_bytes() == before
    assert not [name for name in names(tmp_path) if name.startswith(".")], "nothing half-made"


async def test_a_restore_names_the_checkpoints_that_know_more(tmp_path: Path) -> None:
    file = await a_backup(tmp_path)
    witness = tmp_path / "checkpoints.jsonl"
    assert "checkpoints" not in "\n".join(await restore(tmp_path, file, replace=True))
    witness.touch()
    lines = await restore(tmp_path, file, replace=True, witness=witness)
    assert f"{witness} may tell of events that came after the backup" in "\n".join(lines)


@pytest.mark.parametrize("program", ["pg_dump", "pg_restore"])
def test_g06_postgresql_is_told_its_own_command_without_the_password(
    tmp_path: Path, program: str
) -> None:
    chosen = settings(tmp_path).model_copy(update={"database_url": SecretStr(POSTGRES)})
    file = Path("my file")

    def ask() -> object:
        if program == "pg_dump":
            return back_up(chosen, file)
        return bring_back(chosen, FakeClock(), file, replace=False)

    with pytest.raises(ConfigError) as caught:
        ask()
    words = str(caught.value)
    assert "s3cret" not in words
    assert "'postgresql://bob@db.example/triage?sslmode=require'" in words
    assert "'my file'" in words
    assert program in words
