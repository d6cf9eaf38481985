import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.knowledge.redact import redact
from bot.logs import correlation, start_logging


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    out = io.StringIO()
    start_logging("info", lambda text: redact(text).text, out)
    yield out
    root.handlers[:] = kept
    root.setLevel(level)


def test_g12_a_line_is_json_with_incident_seq_and_correlation(lines: io.StringIO) -> None:
    token = correlation.set("c0ffee")
    logging.getLogger("bot.x").info("held", extra={"incident": "INC-1", "seq": 7, "odd": "no"})
    correlation.reset(token)
    line = json.loads(lines.getvalue())
    assert line["event"] == "held"
    assert (line["incident"], line["seq"], line["correlation"]) == ("INC-1", 7, "c0ffee")
    assert line["level"] == "info"
    assert line["ts"].endswith("+00:00")
    assert "odd" not in line


def test_g12_a_secret_never_reaches_a_line_nor_its_error(lines: io.StringIO) -> None:
    canary = "AKIA" + "IOSFODNN7EXAMPLQ"
    try:
        int(f"cannot use {canary}")
    except ValueError:
        logging.getLogger("bot.x").exception("failed with %s", canary)
    text = lines.getvalue()
    assert canary not in text
    assert "ValueError" in json.loads(text)["error"]


def test_g12_a_secret_in_a_field_never_reaches_a_line(lines: io.StringIO) -> None:
    canary = "AKIA" + "IOSFODNN7EXAMPLQ"
    logging.getLogger("bot.x").info("refused", extra={"route": canary, "seq": 3})
    assert canary not in lines.getvalue()
    assert json.loads(lines.getvalue())["seq"] == 3


def test_g12_every_line_stays_one_line(lines: io.StringIO) -> None:
    logging.getLogger("bot.x").warning("a\nb\u2028c")
    assert len(lines.getvalue().splitlines()) == 1


@pytest.mark.parametrize("name", ["anthropic", "botocore", "google_genai", "httpx2", "openai"])
def test_f07_an_sdk_of_a_model_says_nothing_of_its_requests_even_at_debug(
    name: str, lines: io.StringIO
) -> None:
    logging.getLogger().setLevel("DEBUG")
    logging.getLogger(name).debug("Request options: a whole prompt")
    logging.getLogger(f"{name}._client").info("HTTP Request: POST https://…")
    assert lines.getvalue() == ""
