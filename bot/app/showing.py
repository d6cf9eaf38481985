"""An incident's cards, or one proposal's, as plain text; and the documents about an incident."""

import re
from typing import Literal

from bot.conversation.archive import Archive
from bot.conversation.cards import draw
from bot.conversation.look import Look
from bot.errors import InputError, NotFoundError
from bot.ports import IncidentRow, ProposalRow
from bot.settings import Settings
from bot.store.store import Store
from bot.version import VERSION
from channels.console.text import render_text, visible

INCIDENT = re.compile(r"^inc-(\d{1,9})$", re.IGNORECASE)


async def show_text(store: Store, name: str) -> str:
    """Return the cards as text.

    Raises:
        NotFoundError: There is no such incident or proposal.
        InputError: The name could mean several proposals.
    """
    found = INCIDENT.match(name)
    if found is not None:
        return await _cards(store, f"INC-{int(found[1])}", "")
    row = await proposal_meant(store, name)
    return await _cards(store, row.incident, row.id)


async def paper_text(
    store: Store, settings: Settings, kind: Literal["timeline", "postmortem"], name: str
) -> str:
    """Return a document about an incident as Markdown.

    Raises:
        NotFoundError: There is no such incident.
    """
    found = INCIDENT.match(name)
    if found is None:
        raise NotFoundError(f"there is no incident {name}")
    papers, incident = Archive(store.log, str(settings.public_url or "")), f"INC-{int(found[1])}"
    if kind == "timeline":
        return await papers.timeline(incident)
    return await papers.postmortem(incident)


async def proposal_meant(store: Store, name: str) -> ProposalRow:
    """Return the one proposal that `name` (`P-7F3K`, an id, its first characters) means.

    Raises:
        NotFoundError: There is no such proposal.
        InputError: The name could mean several proposals.
    """
    prefix = name.upper().removeprefix("P-")
    rows = await store.incidents.find_proposal(prefix) if len(prefix) >= 4 else []
    exact = [row for row in rows if row.id == prefix] or rows
    if not exact:
        raise NotFoundError(f"there is no incident or proposal {name}")
    if len(exact) > 1:
        names = ", ".join(f"P-{row.id}" for row in exact[:5])
        raise InputError(f"{name} could be {names}; type more characters")
    return exact[0]


def row_line(row: IncidentRow) -> str:
    """Return an incident as one line of a list; unseen characters are spelled out."""
    pending = f"  {row.pending} to decide" if row.pending else ""
    return visible(
        f"{row.id:<8} {row.status:<8} {row.severity:<8} {row.service or '-':<16} "
        f"{row.opened_at:%Y-%m-%d %H:%M} {row.title}{pending}"
    )


async def _cards(store: Store, incident: str, proposal: str) -> str:
    state = await store.log.state(incident)
    if not state.exists:
        raise NotFoundError(f"there is no incident {incident}")
    cards = draw(state, Look(version=f"triagebot {VERSION}"))
    wanted = [card for card in cards if not proposal or card.key.startswith(f"proposal:{proposal}")]
    return "\n".join(render_text(card, incident) for card in wanted)
