from pathlib import Path

import pytest

from bot.app.token import operator_token, read_token
from bot.errors import ConfigError


def test_the_first_start_makes_a_token_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token, is_new = operator_token(path)
    assert is_new
    assert len(token) >= 40
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_second_start_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    first, _ = operator_token(path)
    assert operator_token(path) == (first, False)
    assert read_token(path) == first


def test_a_token_others_may_read_is_refused_with_its_mend(tmp_path: Path) -> None:
    path = tmp_path / "token"
    operator_token(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        operator_token(path)


def test_an_empty_token_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    with pytest.raises(ConfigError, match="is empty"):
        operator_token(path)


def test_a_missing_folder_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TRIAGE_OPERATOR_TOKEN_FILE"):
        operator_token(tmp_path / "none" / "token")
    with pytest.raises(ConfigError, match="start the bot once"):
        read_token(tmp_path / "token")
