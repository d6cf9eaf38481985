from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import Settings, effective, load_settings, secret, variable


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)


def test_an_empty_environment_is_a_valid_configuration() -> None:
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "sqlite:///triagebot.db"
    assert settings.read_only is False


def test_e13_how_long_a_proposal_stays_open_by_its_risk_and_four_hours_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = load_settings()
    assert plain.proposal_ttl_low_s == 60 * 60
    assert plain.proposal_ttl_medium_s == 30 * 60
    assert plain.proposal_ttl_high_s == 15 * 60
    for risk in ("LOW", "MEDIUM", "HIGH"):
        monkeypatch.setenv(f"TRIAGE_PROPOSAL_TTL_{risk}_S", "14401")
        with pytest.raises(ConfigError, match="less than or equal to 14400"):
            load_settings()
        monkeypatch.setenv(f"TRIAGE_PROPOSAL_TTL_{risk}_S", "14400")


def test_g04_an_unknown_triage_name_is_an_error_that_suggests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIAGE_DEBOUNC_S", "3")
    with pytest.raises(ConfigError, match="TRIAGE_DEBOUNC_S: no such setting; did you mean"):
        load_settings()


def test_g04_a_name_that_hooks_declare_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_HOOK_SHOP", "s")
    with pytest.raises(ConfigError, match="TRIAGE_HOOK_SHOP"):
        load_settings()
    assert load_settings({"TRIAGE_HOOK_SHOP"}).max_steps == 10


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "x", "PORT: Input should be a valid integer"),
        ("PORT", "70000", "PORT: Input should be less than or equal to 65535"),
        ("TRIAGE_MAX_STEPS", "11", "TRIAGE_MAX_STEPS: Input should be less than or equal to 10"),
        ("TRIAGE_PUBLIC_URL", "shop", "TRIAGE_PUBLIC_URL: Input should be a valid URL"),
    ],
)
def test_g04_a_wrong_value_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert said in str(caught.value)


def test_g04_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("TRIAGE_MAX_STEPS", "0")
    monkeypatch.setenv("TRIAGE_WHAT", "1")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert {line.split(":")[0] for line in str(caught.value).splitlines()} == {
        "PORT",
        "TRIAGE_MAX_STEPS",
        "TRIAGE_WHAT",
    }


def test_g04_every_setting_may_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = tmp_path / "url"
    url.write_text("sqlite:////data/bot.db\n")
    steps = tmp_path / "steps"
    steps.write_text("7\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(url))
    monkeypatch.setenv("TRIAGE_MAX_STEPS_FILE", str(steps))
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "sqlite:////data/bot.db"
    assert settings.max_steps == 7


def test_g04_a_setting_whose_own_name_ends_in_file_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRIAGE_OPERATOR_TOKEN_FILE", str(tmp_path / "token"))
    assert load_settings().operator_token_file == tmp_path / "token"


def test_g04_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PORT_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="PORT_FILE: cannot read"):
        load_settings()


def test_g04_the_effective_configuration_hides_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://bot:c4nary@db/triage")
    shown = str(effective(load_settings()))
    assert "c4nary" not in shown
    assert "bot:***@db" in shown


def test_every_setting_says_what_it_is() -> None:
    assert all(words for _, _, words in effective(load_settings()))


def test_a_secret_comes_from_its_variable_or_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert secret("SHOP_TOKEN") == ""
    file = tmp_path / "token"
    file.write_text("from-file\n")
    monkeypatch.setenv("SHOP_TOKEN_FILE", str(file))
    assert secret("SHOP_TOKEN") == "from-file"
    monkeypatch.setenv("SHOP_TOKEN", "from-env")
    assert secret("SHOP_TOKEN") == "from-env"
