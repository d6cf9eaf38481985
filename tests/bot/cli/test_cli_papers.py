"""The documents about an incident on the command line, beside a running bot."""

import asyncio
from pathlib import Path

import pytest

from bot.incident.facts_alerts import NoteAdded
from tests.bot.cli.test_cli import triagebot
from tests.bot.engine.house import INC, World, open_house
from tests.fakes import url_of


@pytest.mark.parametrize("word", ["timeline", "postmortem"])
async def test_g52_a_document_is_printed_beside_a_running_bot_twice_the_same(
    tmp_path: Path, word: str
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        await house.record(NoteAdded(person="dana", text="<b>*seen*</b>"))
        seq, head = (await house.log.heads())[INC]
        where = {"DATABASE_URL": url_of(tmp_path)}
        done = [
            await asyncio.to_thread(triagebot, tmp_path, word, "inc-1", **where) for _ in range(2)
        ]
        linked = await asyncio.to_thread(
            triagebot, tmp_path, word, INC, **where, TRIAGE_PUBLIC_URL="https://bot.example/"
        )
        missing = await asyncio.to_thread(triagebot, tmp_path, word, "INC-9", **where)
        odd = await asyncio.to_thread(triagebot, tmp_path, word, "house", **where)
        after = (await house.log.heads())[INC]
    text = done[0].stdout
    assert [one.returncode for one in done] == [0, 0]
    assert text == done[1].stdout
    assert text.startswith(f'---\ndocument: "{word}"\n')
    assert f'  events: {seq}\n  head: "{head}"' in text
    assert "](/incidents/INC-1?before=201#e1)" in text
    assert "dana noted: “&lt;b&gt;\\*seen\\*&lt;/b&gt;”" in text
    assert "](https://bot.example/incidents/INC-1?before=201#e1)" in linked.stdout
    assert (missing.returncode, odd.returncode) == (1, 1)
    assert "no INC-9" in missing.stderr
    assert after == (seq, head)


@pytest.mark.parametrize("word", ["timeline", "postmortem"])
def test_g52_without_a_database_it_says_what_to_do(tmp_path: Path, word: str) -> None:
    done = triagebot(tmp_path, word, INC)
    assert done.returncode == 2
    assert "start the bot, or set DATABASE_URL" in done.stderr
    assert list(tmp_path.iterdir()) == []
