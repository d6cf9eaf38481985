"""Makes scenarios of ours from incidents that others recorded; nothing of theirs is kept here."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.evaluation.scenario import RecordedResult, Scenario
from bot.evaluation.suite import Trial

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
    said: Mapping[str, Any] = json.loads(path.read_text())
    results = [_result(one) for one in said["evidence"]]
    detail: Mapping[str, Any] = said.get("expected_detail") or {}
    terms = said.get("answer_terms") or detail.get("required_keywords") or []
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


def _alert(said: Mapping[str, Any]) -> Mapping[str, Any]:
    alert: Mapping[str, Any] = said.get("alert") or {}
    labels = {str(name): str(value) for name, value in (alert.get("commonLabels") or {}).items()}
    subject: Mapping[str, Any] = alert.get("subject") or {}
    labels |= {
        name: str(value) for name, value in subject.items() if isinstance(value, str) and value
    }
    annotations = {
        str(name): str(value) for name, value in (alert.get("commonAnnotations") or {}).items()
    }
    if alert.get("description"):
        annotations["description"] = str(alert["description"])
    severity = labels.get("severity", "")
    return {
        "title": str(alert.get("title") or said["question"])[:TITLE_CHARS],
        "severity": severity if severity in SEVERITIES else "unknown",
        "service": labels.get("service", ""),
        "labels": labels,
        "annotations": annotations,
    }


def _result(one: Mapping[str, Any]) -> dict[str, Any]:
    output = one["output"]
    text = output if isinstance(output, str) else json.dumps(output)
    made = {
        "tool": re.sub(r"[^a-z0-9_]", "_", str(one["tool"]).lower()),
        "args": one["params"] or {},
    }
    line = " ".join(text.split())[:SUMMARY_CHARS]
    if one["status"] in DEAD:
        return {**made, "error": line or str(one["status"])}
    return {**made, "summary": line, "body": output}
