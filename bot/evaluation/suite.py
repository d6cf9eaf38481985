"""Reads scenario folders, and lays out the knowledge one of them is played with."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigError
from bot.evaluation.scenario import RecordedResult, Scenario
from bot.incident.model import Value
from bot.knowledge.document import Document, read

FILE = "scenario.yaml"
KNOWLEDGE = "knowledge"
RESULTS = "results"


class MoreResults(Value):
    """A file of `results/`, for what would bury the scenario: more of its recorded results."""

    results: tuple[RecordedResult, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A scenario and where it stands. `knowledge` are folders laid over the team's, in order."""

    name: str
    scenario: Scenario
    knowledge: tuple[Path, ...] = ()


def read_suite(folder: Path) -> list[Trial]:
    """Return the scenarios of a folder, sorted by name: its subfolders, or the folder itself.

    A `knowledge` folder beside them is laid over the team's for all, one inside for that one.

    Raises:
        ConfigError: There is none, or one cannot be read; names the file, the line and the field.
    """
    if folder.joinpath(FILE).is_file():
        return [_case(folder, _shared(folder.absolute().parent))]
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder")
    found = sorted(path.parent for path in folder.glob(f"*/{FILE}"))
    if not found:
        raise ConfigError(f"{folder}: no folder in it holds a {FILE}")
    return [_case(path, _shared(folder)) for path in found]


def lay_out(team: Path, case: Trial, folder: Path) -> None:
    """Write the knowledge that the case is played with into a folder.

    Raises:
        ConfigError: A folder cannot be read.
    """
    for place in (team, *case.knowledge):
        try:
            shutil.copytree(
                place, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__*")
            )
        except (OSError, shutil.Error) as error:
            raise ConfigError(f"{place}: this knowledge cannot be read ({error})") from None


def _shared(folder: Path) -> tuple[Path, ...]:
    return tuple(path for path in (folder / KNOWLEDGE,) if path.is_dir())


def _case(folder: Path, shared: Sequence[Path]) -> Trial:
    scenario = read_document(folder / FILE).validate(Scenario)
    more = tuple(_results(folder / RESULTS))
    whole = scenario.model_copy(update={"results": (*scenario.results, *more)})
    return Trial(folder.absolute().name, whole, (*shared, *_shared(folder)))


def _results(folder: Path) -> Iterator[RecordedResult]:
    for path in (*sorted(folder.glob("*.yaml")), *sorted(folder.glob("*.json"))):
        yield from read_document(path).validate(MoreResults).results


def read_document(path: Path) -> Document:
    """Return what a YAML or JSON file says.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return Document(str(path), json.loads(text), None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    return read(str(path), text)
