"""Settings: environment only, read once by the composition root, passed down as values."""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import ConfigError

SHIPPED_RUNBOOKS = Path(__file__).resolve().parent.parent / "runbooks"


class Section(BaseSettings):
    """One adapter's settings, declared in that adapter's own file."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)


class Settings(Section, env_prefix="TRIAGE_"):
    """What the bot itself needs. Every field is one `TRIAGE_…` variable, or `…_FILE` for a file.

    Durations are seconds, sizes bytes. `DATABASE_URL`, `HOST` and `PORT` keep their usual names.
    """

    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///triagebot.db"),
        validation_alias="DATABASE_URL",
        description="Where events live: a SQLite file, or `postgresql+psycopg://user:pw@host/db`.",
    )
    host: str = Field(
        default="127.0.0.1", validation_alias="HOST", description="Address to listen on."
    )
    port: int = Field(
        default=8080, ge=0, le=65535, validation_alias="PORT", description="Port; 0 picks one."
    )
    public_url: HttpUrl | None = Field(
        default=None, description="Address people reach the bot at; links point there."
    )
    runbooks: Path = Field(
        default=SHIPPED_RUNBOOKS,
        description="Folder of runbooks, services, people, policy, jobs and hooks.",
    )
    operator_token_file: Path = Field(
        default=Path("triagebot.token"),
        description="Where the operator's token is kept (mode 0600); made at first start.",
    )
    operator_token: SecretStr = Field(
        default=SecretStr(""),
        description="The operator's token itself, shared by several web processes; no file then.",
    )
    read_only: bool = Field(default=False, description="1 starts no action whatever policy says.")
    console: bool = Field(default=True, description="Print cards on the server's terminal.")
    allow_insecure_webhook: str = Field(
        default="", description="Comma-separated source/route names that may go unsigned."
    )
    body_max_bytes: int = Field(
        default=5 * 1024 * 1024, ge=1024, description="Largest webhook body, inflated."
    )
    queue_max: int = Field(
        default=2000, ge=1, description="Writes that may wait before 503 is answered."
    )
    debounce_s: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Seconds before an investigation begins; critical never waits.",
    )
    max_steps: int = Field(default=10, ge=1, le=10, description="Steps of one investigation.")
    run_max_s: float = Field(default=600.0, ge=1, description="Seconds one investigation may take.")
    proposal_ttl_low_s: int = Field(
        default=3600, ge=30, le=14400, description="Seconds a proposal of low risk stays open."
    )
    proposal_ttl_medium_s: int = Field(
        default=1800, ge=30, le=14400, description="Seconds a proposal of medium risk stays open."
    )
    proposal_ttl_high_s: int = Field(
        default=900, ge=30, le=14400, description="Seconds a proposal of high risk stays open."
    )
    question_ttl_s: int = Field(default=86400, ge=60, description="Seconds a question stays open.")
    remind_after_s: int = Field(
        default=300,
        ge=30,
        le=86400,
        description="Seconds without an answer after which those on call are asked again.",
    )
    escalate_after_s: int = Field(
        default=600,
        ge=30,
        le=86400,
        description="Seconds without an answer after which the next level is called.",
    )
    unack_after_s: int = Field(
        default=1800,
        ge=60,
        le=86400,
        description="Seconds without a human word after which an ack counts no more.",
    )
    accept_chat_only_high: bool = Field(
        default=False,
        description="1 lets high risk be approved without a one-time code; each card says so.",
    )
    signing_key_file: Path = Field(
        default=Path("triagebot.key"),
        description="Where the key that seals decisions and checkpoints is kept (mode 0600).",
    )
    signing_key: SecretStr = Field(
        default=SecretStr(""),
        description="That key itself (64 hex characters), shared by several processes; no file.",
    )
    changes_window_s: int = Field(
        default=86400,
        ge=60,
        description="Seconds back that the first card looks for changes.",
    )
    group_window_s: int = Field(
        default=14400,
        ge=60,
        description="Seconds of quiet after which a group opens a new incident.",
    )
    investigations: int = Field(
        default=16, ge=1, le=1000, description="Incidents investigated at once; others wait."
    )
    service_slots: int = Field(
        default=4, ge=1, le=64, description="Incidents of one service investigated at once."
    )
    actions_at_once: int = Field(
        default=4, ge=1, le=64, description="Actions run at once, by all processes together."
    )
    close_after_s: float = Field(
        default=300.0, ge=0, description="Seconds an incident stays resolved before it closes."
    )
    keep_deliveries_days: int = Field(
        default=30, ge=0, description="Days a raw delivery is kept; 0 for ever."
    )
    keep_evidence_days: int = Field(
        default=90, ge=0, description="Days a tool's result is kept; 0 for ever."
    )
    keep_max_bytes: int = Field(
        default=0,
        ge=0,
        description="Bytes of deliveries and results kept, oldest go first; 0 for no limit.",
    )
    checkpoints: Path | None = Field(
        default=None,
        description="File the heads of the log are written to each hour; none without it.",
    )
    evals: Path | None = Field(
        default=None, description="Folder of scenarios the configured model is tried on."
    )
    eval_schedule: str = Field(
        default="",
        pattern=r"^(|\d{1,4}[mhd])$",
        description="How often it is tried on them, such as 24h; never without it.",
    )
    eval_floor: float = Field(
        default=0.0, ge=0, le=1, description="Share of them that should pass at least, 0 to 1."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level of log lines."
    )


PREFIX = "TRIAGE_"


def environment() -> Mapping[str, str]:
    """Return the process environment; the only place that reads it."""
    return os.environ


def secret(name: str) -> str:
    """Return a secret from `NAME`, or from the file that `NAME_FILE` names; "" when unset.

    Raises:
        ConfigError: The file cannot be read.
    """
    env = environment()
    if env.get(name):
        return env[name]
    path = env.get(f"{name}_FILE", "")
    return _read(f"{name}_FILE", path) if path else ""


def variable(field: str, section: type[Section] = Settings) -> str:
    """Return the name of the environment variable that sets a field of a section."""
    alias = section.model_fields[field].validation_alias
    prefix = section.model_config.get("env_prefix", "")
    return alias if isinstance(alias, str) else f"{prefix}{field}".upper()


def load_settings(also_known: Iterable[str] = ()) -> Settings:
    """Read the environment once.

    Args:
        also_known: `TRIAGE_…` names that files of the knowledge folder declare (hook secrets).

    Raises:
        ConfigError: A value is out of range, a `…_FILE` cannot be read, or a `TRIAGE_…` name is
            unknown; the message lists every fault, one a line, with its mend.
    """
    env = environment()
    names = {field: variable(field) for field in Settings.model_fields}
    faults = _unknown(env, {*names.values(), *also_known})
    from_files = {
        str(Settings.model_fields[field].validation_alias or field): secret(name)
        for field, name in names.items()
        if env.get(f"{name}_FILE") and not env.get(name) and f"{name}_FILE" not in names.values()
    }
    try:
        settings = Settings(**from_files)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            field = str(fault["loc"][0]) if fault["loc"] else "?"
            name = variable(field) if field in Settings.model_fields else field
            faults.append(f"{name}: {fault['msg']}")
        raise ConfigError("\n".join(faults)) from None
    if faults:
        raise ConfigError("\n".join(faults))
    return settings


def _unknown(env: Mapping[str, str], known: set[str]) -> list[str]:
    faults: list[str] = []
    for name in sorted(env):
        if name.startswith(PREFIX) and not {name, name.removesuffix("_FILE")} & known:
            near = get_close_matches(name, sorted(known), n=1)
            hint = f"; did you mean {near[0]}?" if near else "; remove it"
            faults.append(f"{name}: no such setting{hint}")
    return faults


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{name}: cannot read {path} ({error}); name a file the bot may read"
        ) from None


def effective(section: Section) -> list[tuple[str, str, str]]:
    """Return (variable, value, description) of every setting; secrets show as `***`."""
    kind = type(section)
    rows: list[tuple[str, str, str]] = []
    for field, declared in kind.model_fields.items():
        value = getattr(section, field)
        shown = _masked(value.get_secret_value()) if isinstance(value, SecretStr) else value
        rows.append((variable(field, kind), _shown(shown), declared.description or ""))
    return rows


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _masked(url: str) -> str:
    """Hide the password of a URL; anything else that is secret becomes `***`, if it is set."""
    if not url:
        return ""
    return re.sub(r"://([^:/@]+):[^@]*@", r"://\1:***@", url) if "://" in url else "***"
