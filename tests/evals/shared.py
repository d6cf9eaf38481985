"""Makes scenarios of ours from incidents that others recorded; nothing of theirs is kept here."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.evaluation.scenario import RecordedResult, Scenario
from bot.evaluation.suite import Trial

Said = Mapping[str, Any]
EMPTY: Said = {}
SCENARIOS = "shared/data/scenarios"
TITLE_CHARS = 200
SUMMARY_CHARS = 400
DEAD = {"error", "no_data"}
SEVERITIES = {"critical", "high", "warning", "info"}


def shared_files() -> list[Path]:
    """Return the files, none where they are not at hand."""
    folders = [up / SCENARIOS for up in Path(__file__).parents if (up / SCENARIOS).is_dir()]
    return sorted(folders[0].glob("*.json")) if folders else []


def converted(path: Path) -> Trial:
    """Return one recorded incident as a scenario; what is for scoring is in `expect` only."""
    said: Said = json.loads(path.read_text())
    results = [_result(one) for one in said["evidence"]]
    detail: Said = said.get("expected_detail") or EMPTY
    terms: list[str] = said.get("answer_terms") or detail.get("required_keywords") or []
    scenario = {
        "title": said["id"],
        "alerts": [_alert(said)],
        "tools": [{"name": name} for name in sorted({one["tool"] for one in results})],
        "results": results,
        "expect": {
            "cause": terms,
            "forbidden": detail.get("forbidden_keywords") or [],
            "outcome": ["cause_found", "not_an_incident"],
        },
    }
    return Trial(said["id"], Scenario.model_validate(scenario))


def answered(trial: Trial) -> list[RecordedResult]:
    """Return the results that a model could look at, without twins."""
    kept: dict[str, RecordedResult] = {}
    for one in trial.scenario.results:
        kept.setdefault(json.dumps([one.tool, one.args], sort_keys=True), one)
    return [one for one in kept.values() if not one.error]


def _alert(said: Said) -> Said:
    alert: Said = said.get("alert") or EMPTY
    labels = {**_texts(alert.get("commonLabels")), **_texts(alert.get("subject"))}
    annotations = _texts(alert.get("commonAnnotations"))
    annotations |= _texts({"description": alert.get("description")})
    severity = labels.get("severity", "")
    return {
        "title": str(alert.get("title") or said["question"])[:TITLE_CHARS],
        "severity": severity if severity in SEVERITIES else "unknown",
        "service": labels.get("service", ""),
        "labels": labels,
        "annotations": annotations,
    }


def _texts(value: Any) -> dict[str, str]:  # noqa: ANN401 - whatever stands there
    found: Said = value or EMPTY
    return {name: one for name, one in found.items() if isinstance(one, str) and one}


def _result(one: Said) -> Said:
    output = one["output"]
    text = output if isinstance(output, str) else json.dumps(output)
    made: Said = {
        "tool": re.sub(r"[^a-z0-9_]", "_", str(one["tool"]).lower()),
        "args": one["params"] or EMPTY,
    }
    line = " ".join(text.split())[:SUMMARY_CHARS]
    if one["status"] in DEAD:
        return {**made, "error": line or str(one["status"])}
    return {**made, "summary": line, "body": output}
