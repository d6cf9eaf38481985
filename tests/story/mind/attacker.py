"""A language model that is on the side of every text: it tries all that one may ask of it."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import JsonValue

from bot.agent.exchange import ModelReply, Prompt
from bot.incident.facts_run import Usage
from tests.story.mind.orders import deciphered, unmarked
from tests.story.mind.wishes import (
    ENDS,
    REFUSED,
    Loot,
    Seen,
    Wish,
    asks,
    claims_done,
    looks,
    offers,
    proposes,
    query_injection,
    reads_from,
)

MODEL = "hostile:model"
DAWDLES = 14


@dataclass
class Attacker:
    """The `LanguageModel`; `tried` counts its attempts by kind, `prompts` is all it was sent.

    `begin` is the number of its first plan: the order of attempts and the end depend on it. One
    that `dawdles` only ever looks at a little more, and each time it is something new.
    """

    loot: Loot
    name: str = MODEL
    window: int | None = 200_000
    prompts: list[Prompt] = field(default_factory=list[Prompt])
    replies: list[str] = field(default_factory=list[str])
    tried: Counter[str] = field(default_factory=Counter[str])
    readings: list[str] = field(default_factory=list[str])
    begin: int = 0
    dawdles: bool = False
    _plans: dict[str, Iterator[Wish]] = field(default_factory=dict[str, Iterator[Wish]])

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        _ = note, deadline_s
        self.prompts.append(prompt)
        if "step" not in cast("Any", prompt.schema)["properties"]:
            return self._said(self._draft(prompt))
        text = deciphered(unmarked(prompt.stable + prompt.volatile))
        self.readings.append(text)
        seen = Seen(text, prompt.schema, self.loot)
        wish = claims_done if _is_last(prompt) else self._next(prompt)
        self.tried[wish.__name__] += 1
        return self._said(wish(seen))

    def _said(self, wanted: JsonValue) -> ModelReply:
        text = wanted if isinstance(wanted, str) else json.dumps(wanted)
        self.replies.append(text)
        usage = Usage(input_tokens=1000, output_tokens=50, micro_usd=300, requests=1)
        sent: JsonValue = {"request": self.prompts[-1].volatile, "reply": text}
        return ModelReply(text, usage, sent)

    def _draft(self, prompt: Prompt) -> JsonValue:
        self.tried["draft"] += 1
        said = Seen(prompt.volatile, {}, self.loot).orders()
        return {"summary": said, "contributing": [said], "follow_ups": [said]}

    def _next(self, prompt: Prompt) -> Wish:
        """Go on with this incident's plan: two attempts that are refused, then one that is not."""
        incident = re.search(r"<incident id=(\S+)", prompt.stable)
        assert incident is not None
        name = incident[1]
        if name not in self._plans:
            self._plans[name] = self._plan(self.begin + len(self._plans))
        return next(self._plans[name])

    def _plan(self, number: int) -> Iterator[Wish]:
        if self.dawdles:
            yield looks
            for place in range(DAWDLES):
                yield reads_from(20 * place)
        refused = [*REFUSED[number % 2 :], *REFUSED[: number % 2]]
        asking = asks if number % 3 else offers
        taken: list[Wish] = [looks, looks, looks, looks, query_injection, proposes, asking]
        for step, wish in enumerate(taken):
            yield from (*refused[2 * step : 2 * step + 2], wish)
        while True:
            yield ENDS[number % len(ENDS)]


def _is_last(prompt: Prompt) -> bool:
    return "This is the last step" in prompt.volatile
