from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.token import known_token, make_token, operator_token, read_token
from bot.errors import ConfigError
from bot.settings import Settings, load_settings


def test_the_first_start_makes_a_token_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token, is_new = make_token(path)
    assert is_new
    assert len(token) >= 40
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_second_start_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    first, _ = make_token(path)
    assert make_token(path) == (first, False)
    assert read_token(path) == first


def test_a_token_others_may_read_is_refused_with_its_mend(tmp_path: Path) -> None:
    path = tmp_path / "token"
    make_token(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        make_token(path)


def test_an_empty_token_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    with pytest.raises(ConfigError, match="is empty"):
        make_token(path)


def test_a_missing_folder_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TRIAGE_OPERATOR_TOKEN_FILE"):
        make_token(tmp_path / "none" / "token")
    with pytest.raises(ConfigError, match="start the bot once"):
        read_token(tmp_path / "token")


def test_a_token_from_the_environment_is_shared_and_makes_no_file(tmp_path: Path) -> None:
    path, token = tmp_path / "token", "a-token-that-all-processes-share"
    settings = Settings(operator_token=SecretStr(token), operator_token_file=path)
    assert operator_token(settings) == (token, False)
    assert known_token(settings) == token
    assert not path.exists()
    alone = Settings(operator_token_file=path)
    made, is_new = operator_token(alone)
    assert is_new
    assert known_token(alone) == made


def test_a_token_that_could_be_guessed_is_refused() -> None:
    settings = Settings(operator_token=SecretStr("hunter2"))
    with pytest.raises(ConfigError, match="shorter than 20"):
        operator_token(settings)


def test_the_file_of_the_token_may_be_named_before_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAGE_OPERATOR_TOKEN_FILE", str(tmp_path / "token"))
    assert load_settings().operator_token_file == tmp_path / "token"
