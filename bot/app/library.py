"""The knowledge folder as a port: the newest good state, and facts about every reload."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue

from bot import telemetry
from bot.errors import BotError, UnreadableError
from bot.incident.authority import Person, Policy
from bot.incident.fact import HOUSE
from bot.incident.facts_house import KnowledgeLoaded, PolicyLoaded
from bot.incident.model import Runbook
from bot.knowledge.catalog import Catalogue
from bot.knowledge.library import Knowledge
from bot.knowledge.people import People
from bot.knowledge.routes import Routing
from bot.ports import Draft, Log
from bot.store.folder import Folder
from bot.version import VERSION
from bot.version import revision as build_revision

log = logging.getLogger(__name__)
ACTOR = "bot:library"
LOOK_S = 2.0
LAX = {"chat_only_high": True}


class FolderLibrary:
    """Implements ports.Library over a folder; a broken folder leaves the last good state in use."""

    def __init__(self, path: Path, *, chat_only_high: bool = False) -> None:
        self._chat_only_high = chat_only_high
        self._folder = Folder(path)
        self._folder.load()
        self._told = self.knowledge

    @property
    def knowledge(self) -> Knowledge:
        """Everything, at one revision."""
        return self._folder.knowledge

    @property
    def problem(self) -> str:
        """Why the folder as it stands now is not in use; empty when it is."""
        return self._folder.problem

    @property
    def runbooks(self) -> tuple[Runbook, ...]:
        """Every runbook, sorted by name."""
        return self.knowledge.runbooks

    @property
    def catalogue(self) -> Catalogue:
        """The services."""
        return self.knowledge.catalogue

    @property
    def people(self) -> People:
        """The persons."""
        return self.knowledge.people

    @property
    def policy(self) -> Policy:
        """The policy in force, with what the operator set beside the file."""
        policy = self.knowledge.policy
        return policy.model_copy(update=LAX) if self._chat_only_high else policy

    @property
    def routes(self) -> Routing:
        """Who investigates what, and what may be used and named at all."""
        return self.knowledge.routes

    @property
    def job_names(self) -> tuple[str, ...]:
        """The jobs that `jobs.yaml` declares, in its order."""
        return tuple(str(job["name"]) for job in self.knowledge.jobs if "name" in job)

    @property
    def digests(self) -> Mapping[str, str]:
        """File name → hex SHA-256 of its bytes."""
        return self.knowledge.digests

    @property
    def revision(self) -> str:
        """The folder's state in one word."""
        return self.knowledge.revision

    async def afresh(self) -> None:
        """Look whether a file changed, now.

        Raises:
            UnreadableError: The folder as it stands now cannot be read.
        """
        await asyncio.to_thread(self._folder.reload)
        if self.problem:
            raise UnreadableError(
                f"the knowledge folder cannot be read as it stands now ({self.problem}), "
                "so nobody can be authorised"
            )

    def owner(self, service: str) -> str:
        """Return the owner of a service; empty when unknown."""
        found = self.catalogue.get(service)
        return found.owner if found is not None else ""

    def on_call(self, service: str, at: datetime, level: int = 1) -> tuple[Person, ...]:
        """Return who is on call for a service at a time, on a level of its ladder; maybe nobody."""
        return self.people.on_call(self.owner(service), at, level, service)

    def file(self, name: str) -> JsonValue:
        """Return a YAML file's parsed value; {} when absent."""
        return self.knowledge.file(name)

    async def announce(self, log_port: Log, *, policy_changed: bool = True) -> None:
        """Record, and tell the metrics, which knowledge (and policy) is in force from now on."""
        knowledge = self.knowledge
        loaded = KnowledgeLoaded(revision=self.revision, digests=dict(self.digests))
        policy = PolicyLoaded(digest=self.policy.digest)
        facts = (loaded, policy) if policy_changed else (loaded,)
        telemetry.build_info.clear()
        telemetry.build_info.labels(VERSION, build_revision(), self.revision).set(1)
        await log_port.record(HOUSE, lambda _state: Draft(ACTOR, facts))
        self._told = knowledge

    async def announce_change(self, log_port: Log) -> None:
        """Record what is in force now if the log does not say so yet (E-42).

        Whoever looked afresh may have read a change before the watch did, and a log that took
        nothing then is told at the next look.
        """
        if self.knowledge.digests == self._told.digests:
            return
        log.info("knowledge reloaded, revision %s", self.revision)
        changed = self.knowledge.policy.digest != self._told.policy.digest
        with suppress(BotError):
            await self.announce(log_port, policy_changed=changed)

    async def watch(self, log_port: Log, stopping: asyncio.Event) -> None:
        """Look every two seconds whether a file changed, until stopping."""
        told = ""
        while not stopping.is_set():
            await asyncio.to_thread(self._folder.reload)
            await self.announce_change(log_port)
            if self.problem != told:
                told = self.problem
                if told:
                    log.error("the knowledge folder is broken, the last good one stays: %s", told)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), LOOK_S)
