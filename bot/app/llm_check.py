"""`triagebot llm check`, and what `triagebot check` says about the model."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import cast
from urllib.parse import urlsplit

from pydantic import ValidationError

from bot.agent.exchange import LanguageModel, ModelError, ModelReply, Prompt
from bot.agent.llm.named import VARIABLES, ModelName, model_names
from bot.agent.llm.opening import open_language_model
from bot.agent.llm_settings import LlmSettings
from bot.agent.window import ASSUMED_TOKENS
from bot.errors import ConfigError
from bot.incident.facts_run import Receipt
from bot.settings import effective, environment, secret, variable

NO_MODEL = "no model: the rule-based planner chooses every step (LLM_MODEL names one)"
WORD = "connection-proven"
"""Only the schema says it: who answers it has read the schema."""
SECRET = re.compile(r"KEY|TOKEN|SECRET")
SHOWN_CHARS = 80
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

PROBE = Prompt(
    system="This is a test of the connection. No incident is open.",
    stable="Answer by the schema that you were given.",
    volatile="Answer now.",
    schema={
        "type": "object",
        "properties": {"step": {"type": "string", "enum": [WORD]}},
        "required": ["step"],
        "additionalProperties": False,
    },
    digest="",
    estimated_tokens=100,
    receipt=Receipt(estimated_tokens=100, window_tokens=0),
)


def load_llm_settings() -> LlmSettings:
    """Read LLM_… from the environment, each also from the file that `…_FILE` names.

    Raises:
        ConfigError: A value is not acceptable; each fault is a line that names its variable.
    """
    names = {field: variable(field, LlmSettings) for field in LlmSettings.model_fields}
    given = {field: value for field, name in names.items() if (value := secret(name))}
    try:
        return LlmSettings.model_validate(given)
    except ValidationError as error:
        faults = [
            f"{variable(str(fault['loc'][0]), LlmSettings)}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigError("\n".join(faults)) from None


def model_rows(settings: LlmSettings) -> list[tuple[str, str, str]]:
    """Return (variable, value, description) of LLM_… and of what the named providers read."""
    rows = effective(settings)
    with suppress(ConfigError):  # what is wrong with a name, `inspect_model` says
        named = model_names(settings.model)
        for name in dict.fromkeys(name for one in named for name in VARIABLES[one.provider]):
            if value := secret(name):
                shown = "***" if SECRET.search(name) else value
                rows.append((name, shown, "Of the model's provider."))
    return rows


UNKNOWN_WINDOW = (
    "the window of {} is not known, and {:,} tokens are assumed: too few for most incidents, so "
    "the planner would choose; set LLM_WINDOW_TOKENS to what the model takes"
)


async def inspect_model(settings: LlmSettings) -> tuple[list[str], list[str]]:
    """Return the problems and the notes about the model; nothing is sent."""
    problems = unknown_names(environment())
    try:
        async with open_language_model(settings, secret) as model:
            if model is None:
                return problems, [NO_MODEL]
            first, *others = model.members
            notes = [f"model: {_told(first)}; the rule-based planner stands in for it"]
            notes += [f"model, when none before it answers: {_told(one)}" for one in others]
            notes += [UNKNOWN_WINDOW.format(first.name, ASSUMED_TOKENS)] * (not first.window)
            notes += open_addresses(model_names(settings.model), secret)
            return problems, notes
    except ConfigError as error:
        return [*problems, *str(error).splitlines()], []


def open_addresses(names: Sequence[ModelName], variable_of: Callable[[str], str]) -> list[str]:
    """Return a note for each address that prompts and the key would go to unencrypted."""
    variables = dict.fromkeys(name for one in names for name in VARIABLES[one.provider])
    found: list[str] = []
    for name in variables:
        url = urlsplit(variable_of(name) if "KEY" not in name else "")
        if url.scheme == "http" and (url.hostname or "") not in LOOPBACK:
            found.append(
                f"{name}: prompts and the key go to {url.hostname} unencrypted; use https, unless "
                "nobody else is on that network"
            )
    return found


def unknown_names(given: Mapping[str, str]) -> list[str]:
    """Return a problem for each name that is nearly one of ours; other programs have LLM_… too."""
    known = {variable(field, LlmSettings) for field in LlmSettings.model_fields}
    strange = [
        name
        for name in sorted(given)
        if name[:4] == "LLM_" and name.removesuffix("_FILE") not in known
    ]
    near = {name: get_close_matches(name, sorted(known), n=1, cutoff=0.8) for name in strange}
    return [
        f"{name}: no such setting; did you mean {ours[0]}?" for name, ours in near.items() if ours
    ]


def check_model() -> tuple[list[str], bool]:
    """Ask every configured model for one tiny step; return what to print, and whether all is well.

    Raises:
        ConfigError: A setting is wrong, or a model cannot be opened.
    """
    return asyncio.run(try_models(load_llm_settings(), secret))


async def try_models(settings: LlmSettings, secret: Callable[[str], str]) -> tuple[list[str], bool]:
    """As `check_model`, with settings and secrets that are given."""
    async with open_language_model(settings, secret) as model:
        if model is None:
            return [NO_MODEL], True
        tried = [await _tried(one, settings) for one in model.members]
    lines = [line for some, _ in tried for line in some]
    sound = all(sound for _, sound in tried)
    closing = "the model can choose steps" if sound else "mend what failed above"
    return [*lines, f"llm check: {closing}"], sound


async def _tried(model: LanguageModel, settings: LlmSettings) -> tuple[list[str], bool]:
    try:
        reply = await model.ask(PROBE, "", settings.deadline_s)
    except ModelError as error:
        return [model.name, _row("failed", str(error))], False
    sound = _holds(reply.text)
    return [model.name, *_rows(model, reply), _row("schema", _schema(reply, sound=sound))], sound


def _rows(model: LanguageModel, reply: ModelReply) -> list[str]:
    usage = reply.usage
    counted = usage.input_tokens or usage.output_tokens
    price = usage.micro_usd
    return [
        _row("answered", f"in {usage.seconds:.2f} s, as {usage.model}"),
        _row("window", f"{model.window} tokens" if model.window else _UNKNOWN_WINDOW),
        _row(
            "tokens",
            f"{usage.input_tokens} in ({usage.cached_tokens} cached), {usage.output_tokens} out"
            if counted
            else "not counted by the server: budgets rest on estimates",
        ),
        _row("price", _UNKNOWN_PRICE if price is None else f"{price / 1_000_000:.6f} US dollars"),
    ]


_UNKNOWN_WINDOW = "unknown: a small one is assumed; LLM_WINDOW_TOKENS sets it"
_UNKNOWN_PRICE = "unknown; LLM_INPUT_USD and LLM_OUTPUT_USD set it"


def _holds(text: str) -> bool:
    """True when the answer is what the schema alone allows."""
    try:
        return json.loads(text) == {"step": WORD}
    except ValueError:
        return False


def _schema(reply: ModelReply, *, sound: bool) -> str:
    exchange = cast("dict[str, object]", reply.exchange)
    output = exchange["output"]
    if sound:
        return f"enforced ({output})"
    mend = (
        "set LLM_OUTPUT=tool, or use a server that enforces response_format json_schema"
        if output == "native"
        else "use a model or a server that can be made to call a tool"
    )
    said = " ".join(reply.text.split())[:SHOWN_CHARS]
    return f"NOT enforced, the server fails open: it answered {said!r}; {mend}"


def _told(model: LanguageModel) -> str:
    window = f"window of {model.window} tokens" if model.window else "window unknown"
    return f"{model.name} ({window})"


def _row(name: str, value: str) -> str:
    return f"  {name:<10}{value}"
