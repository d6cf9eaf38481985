import pytest

from bot.demo.shop_options import Options, ShopSettings, read_options
from bot.errors import ConfigError


def test_no_option_means_the_defaults() -> None:
    assert read_options([]) == Options()


def test_every_field_is_an_option_with_dashes() -> None:
    options = read_options(
        ["--port", "8123", "--history", "v1,v2", "--bad=v3", "--for-s", "0.5", "--requests-per-s=9"]
    )
    assert (options.port, options.history, options.bad) == (8123, ("v1", "v2"), ("v3",))
    assert (options.for_s, options.requests_per_s) == (0.5, 9.0)


@pytest.mark.parametrize(
    "argv", [["--port", "70000"], ["--window-s=0"], ["--alert-url=example"], ["--above=2"]]
)
def test_a_wrong_value_names_its_option(argv: list[str]) -> None:
    with pytest.raises(ConfigError, match=argv[0].partition("=")[0]):
        read_options(argv)


@pytest.mark.parametrize("argv", [["--deploy-token=x"], ["--por=1"], ["8080"]])
def test_secrets_abbreviations_and_words_are_no_options(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read_options(argv)
    assert "unrecognized" in capsys.readouterr().err


def test_help_lists_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        read_options(["--help"])
    said = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in said for name in Options.model_fields)


def test_secrets_come_from_the_environment_and_are_not_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_DEPLOY_TOKEN", "s3cret")
    monkeypatch.setenv("SHOP_ALERT_TOKEN", "")
    settings = ShopSettings()
    assert settings.deploy_token is not None
    assert settings.deploy_token.get_secret_value() == "s3cret"
    assert settings.alert_token is None
    assert "s3cret" not in repr(settings)
