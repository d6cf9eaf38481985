import hashlib
from pathlib import Path

import pytest

from bot.agent.prompt_files import FOLDER, WORDS, read_prompts
from bot.agent.tokens import safe
from bot.errors import ConfigError

SPECIALISTS = ["deploy_regression", "generalist"]
MODELS = ("gpt", "claude", "gemini", "llama", "openai", "anthropic", "mistral", "qwen")


def folder_of(home: Path, **files: str) -> Path:
    turn = "".join(f"{name}: {name}\n" for name in WORDS)
    for name, text in {"system": "You look.", "turn": turn, "own": "Look.\n", **files}.items():
        (home / f"{name}.md").write_text(text)
    return home


def test_each_specialist_has_one_purpose_sentence() -> None:
    prompts = read_prompts()
    assert list(prompts.styles) == SPECIALISTS
    for name, style in prompts.styles.items():
        assert style.name == name
        assert style.purpose.count(".") == 1
        assert style.purpose in style.system


@pytest.mark.parametrize("name", SPECIALISTS)
def test_a_system_prompt_is_within_its_budget(name: str) -> None:
    system = read_prompts().style(name).system
    assert safe(system) <= 900  # the limit is 1,200
    assert len(system) <= 3600


@pytest.mark.parametrize("name", SPECIALISTS)
def test_a_prompt_names_no_model_and_no_company(name: str) -> None:
    system = read_prompts().style(name).system.lower()
    assert [one for one in MODELS if one in system] == []


def test_f12_the_digest_changes_with_each_file_that_makes_the_style(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, other="Mend.\n")
    before = read_prompts(folder)
    assert len(before.style("own").digest) == 64
    for name in ("system", "turn", "own"):
        path = folder / f"{name}.md"
        whole = path.read_text()
        path.write_text(whole + "\n")
        after = read_prompts(folder)
        assert after.style("own").digest != before.style("own").digest
        assert (after.style("other").digest == before.style("other").digest) == (name == "own")
        path.write_text(whole)
    assert read_prompts(folder) == before


def test_the_digest_is_over_the_bytes_of_the_files() -> None:
    digest = hashlib.sha256()
    for name in ("system.md", "turn.md", "generalist.md"):
        raw = FOLDER.joinpath(name).read_bytes()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    assert read_prompts().style("generalist").digest == digest.hexdigest()


def test_an_unknown_specialist_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'dba'; there is deploy_regression, generalist"):
        read_prompts().style("dba")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"own": "# Look\n"}, "must begin with its purpose"),
        ({"own": "Look at it\n"}, "ends with a full stop"),
        ({"own": "  \n"}, "must hold 1 to"),
        ({"system": "x" * 20_000}, "must hold 1 to"),
        ({"turn": "choose: now\n"}, "missing: fences, tools"),
        ({"turn": "".join(f"{n}: x\n" for n in WORDS) + "extra: x\n"}, "unknown: extra"),
    ],
)
def test_a_file_that_is_wrong_says_how(tmp_path: Path, files: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_prompts(folder_of(tmp_path, **files))


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"system\.md cannot be read"):
        read_prompts(tmp_path)
    folder_of(tmp_path).joinpath("own.md").write_bytes(b"\xff.")
    with pytest.raises(ConfigError, match=r"own\.md is not UTF-8"):
        read_prompts(tmp_path)
    tmp_path.joinpath("own.md").unlink()
    with pytest.raises(ConfigError, match="has no specialist"):
        read_prompts(tmp_path)
