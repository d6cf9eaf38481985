"""Everything the team wrote down at one revision, built from texts; it opens no file."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from pydantic import JsonValue

from bot.errors import ConfigError
from bot.incident.authority import Policy
from bot.incident.model import Runbook
from bot.knowledge import catalog, document, people, policy_file, routes, runbook
from bot.knowledge.catalog import Catalogue
from bot.knowledge.people import People
from bot.knowledge.routes import Routing

T = TypeVar("T")
DIGEST_CHARS = 12


@dataclass(frozen=True, slots=True)
class Knowledge:
    """One consistent state of the knowledge folder.

    `files` holds every YAML file's parsed value by name; `digests` the SHA-256 (hex) of every file
    by path. `revision` is the folder's git revision (12 characters, none outside git) and a digest
    over all files (12 characters), joined by a plus.
    """

    runbooks: tuple[Runbook, ...] = ()
    catalogue: Catalogue = field(default_factory=Catalogue)
    people: People = field(default_factory=People)
    policy: Policy = field(default_factory=Policy)
    files: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    revision: str = ""
    routes: Routing = field(default_factory=Routing)

    def file(self, name: str) -> JsonValue:
        """Return the parsed value of a YAML file such as `jobs.yaml`; {} when absent or empty."""
        value = self.files.get(name)
        return {} if value is None else value

    @property
    def jobs(self) -> list[dict[str, JsonValue]]:
        """The entries of `jobs.yaml` as written; empty when there are none."""
        return _entries(self.file("jobs.yaml"), "jobs")

    @property
    def hooks(self) -> JsonValue:
        """`hooks.yaml` as written; {} when there is none."""
        return self.file("hooks.yaml")


def gather(files: Mapping[str, bytes], git: str = "") -> Knowledge:
    """Return the knowledge in `files` (bytes by path in the folder).

    `*.md` are runbooks, named by their path without the extension, in order of their names;
    `*.yaml` at the top of the folder are the other formats. Absent files are empty: no service,
    nobody but the operator, nothing allowed.

    Raises:
        ConfigError: A file that is not UTF-8 or not of its format; every broken file is named.
    """
    faults: list[str] = []
    digests = {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)}
    texts = dict[str, str]()
    runbooks: list[Runbook] = []
    values: dict[str, JsonValue] = {}

    def attempt(path: str, parse: Callable[[str, str], T], default: T) -> T:
        try:
            return parse(path, texts.get(path, ""))
        except ConfigError as error:
            faults.append(str(error))
            return default

    for path, digest in digests.items():
        try:
            texts[path] = _decode(path, files[path])
            if path.endswith(".md"):
                name = path.removesuffix(".md")
                runbooks.append(runbook.parse(name, path, texts[path], digest))
            else:
                values[path] = document.read(path, texts[path]).value
        except ConfigError as error:
            faults.append(str(error))
    catalogue = attempt(catalog.FILE, catalog.parse, Catalogue())
    known_people = attempt(people.FILE, people.parse, People())
    policy = attempt(policy_file.FILE, policy_file.parse, Policy())
    known_routes = attempt(routes.FILE, routes.parse, Routing())
    if faults:
        raise ConfigError("\n".join(dict.fromkeys(faults)))
    return Knowledge(
        runbooks=tuple(runbooks),
        catalogue=catalogue,
        people=known_people,
        policy=policy.model_copy(update={"digest": digests.get(policy_file.FILE, "")}),
        files=MappingProxyType(values),
        digests=MappingProxyType(digests),
        revision=_revision(git, digests),
        routes=known_routes,
    )


def _decode(path: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error


def _revision(git: str, digests: Mapping[str, str]) -> str:
    whole = hashlib.sha256()
    for path in sorted(digests):
        whole.update(f"{digests[path]} {path}\n".encode())
    combined = whole.hexdigest()[:DIGEST_CHARS]
    return f"{git[:DIGEST_CHARS]}+{combined}" if git else combined


def _entries(value: JsonValue, key: str) -> list[dict[str, JsonValue]]:
    found = value.get(key) if isinstance(value, dict) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
