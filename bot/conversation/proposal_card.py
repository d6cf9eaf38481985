"""The card a human approves: trusted code draws it from the frozen proposal alone (E-04). Pure."""

from collections.abc import Iterator

from bot.conversation.look import Look, Terms, footer_line
from bot.conversation.outcome import became, status_line_of
from bot.conversation.phrases import (
    TITLE_CHARS,
    author_words,
    clip,
    code_of,
    fallback_line,
    one_line,
    trust_by,
)
from bot.conversation.shown import (
    argument_blocks,
    card_texts,
    probe_blocks,
)
from bot.incident.card import Block, Card, Code, Confirm, Control, FactLine, Items, Text, When
from bot.incident.facts_run import StepChosen
from bot.incident.leaves import must_show, uninspectable
from bot.incident.model import Link, Risk
from bot.incident.renewal import renewed
from bot.incident.state import State
from bot.incident.views import ProposalView

REASONING = "Reasoning (not verified)"
"""Title of the one block with prose; it and what follows belong below the controls (A-19)."""
REASON_CHARS = 2000
REFUSED_CHARS = 500
DIGEST_CHARS = 12
CONFIRM: dict[Risk, Confirm] = {"low": "none", "medium": "dialog", "high": "typed"}


def draw_proposal(state: State, view: ProposalView, look: Look) -> Card:
    """Return a revision's card; its key stays when it is decided, run, checked, undone, replaced.

    There is no approve control when something it would run cannot be shown (E-03).
    """
    proposal, status = view.proposal, status_line_of(view)
    card = Card(
        key=f"proposal:{proposal.id}:{proposal.revision}",
        version=state.seq,
        kind="proposal",
        title=clip(f"{code_of(view)} {one_line(proposal.title)}", TITLE_CHARS),
        fallback=fallback_line(state, f"{code_of(view)} {clip(one_line(status), 110)}"),
        severity=state.incident.severity,
        state=status,
        facts=_facts(view, look.terms.get(proposal.id)),
        blocks=tuple(_trusted(view)),
        links=(
            *look.page(f"/proposals/{proposal.id}", "open the full view"),
            *_step_up(view, look),
            *look.outside(view.link, "open the result"),
            *look.evidence((*view.asked.evidence, view.evidence)),
        ),
        mentions=_mentions(view, look),
        footer=footer_line(state, look),
    )
    hidden = unshown(card, view)
    warning = Text(value=f"It cannot be approved: {hidden}.")
    first = (warning,) if hidden and view.status == "pending" else ()
    blocks = (*first, *card.blocks, *became(view), *_reasoning(view))
    controls = tuple(_controls(state, view, look, may_approve=not hidden))
    return card.model_copy(update={"blocks": blocks, "controls": controls})


def _mentions(view: ProposalView, look: Look) -> tuple[str, ...]:
    terms = look.terms.get(view.proposal.id)
    return look.actors_of(terms.on_call) if terms and view.status == "pending" else ()


def unshown(card: Card, view: ProposalView) -> str:
    """Return why the card, drawn without prose, does not show all that would run; "" when it does.

    This is E-03 as code: whatever the drawing forgets or cannot show costs the approve control.
    """
    if why := uninspectable(view.proposal):
        return why
    texts = card_texts(card)
    if not all(any(leaf in text for text in texts) for leaf in must_show(view.proposal)):
        return "a parameter does not fit on this card"
    return ""


def _step_up(view: ProposalView, look: Look) -> tuple[Link, ...]:
    """Return where those who are awaited give their one-time code (E-24)."""
    if view.status != "pending" or not view.awaiting:
        return ()
    path = f"/proposals/{view.proposal.id}#decide"
    return look.page(path, f"step-up of {', '.join(view.awaiting)}: approve with a one-time code")


def _facts(view: ProposalView, terms: Terms | None) -> tuple[FactLine, ...]:
    proposal = view.proposal
    least = 2 if proposal.risk == "high" else 1
    asked = terms or Terms(f"whom rule {proposal.rule} of policy.yaml names", least)
    approved = [made.person for _, made in view.decisions if made.verdict == "approve"]
    so_far = f"{len(approved)} of {'' if terms else 'at least '}{asked.needed}"
    given = f"{so_far} ({', '.join(approved)})" if approved else so_far
    undoing = f" It would undo P-{view.asked.undo_of}." if view.asked.undo_of else ""
    lines = (
        ("What", f"{proposal.title}{f'.{undoing}' if undoing else ''}"),
        ("Action", f"{proposal.action} (tool {proposal.tool})"),
        ("Target", proposal.target),
        ("Environment", proposal.environment or "not named"),
        ("Service", proposal.service or "unknown"),
        ("Risk", f"{proposal.risk}{'' if proposal.undo or proposal.ends else ', irreversible'}"),
        ("Who may approve", asked.approvers),
        ("Approvals", given),
        *_called(view, asked),
        ("Hash", f"{view.asked.digest[:DIGEST_CHARS]} (revision {proposal.revision})"),
        ("Requested by", proposal.requested_by),
        *((("Edited by", ", ".join(proposal.edited_by)),) if proposal.edited_by else ()),
        ("Rule", f"{proposal.rule} (policy {proposal.policy_digest[:DIGEST_CHARS]})"),
    )
    ours = {"Risk", "Hash", "Approvals"}
    return tuple(
        FactLine(label=label, text=Text(value=value, trust="ours" if label in ours else "outside"))
        for label, value in lines
    )


def _called(view: ProposalView, terms: Terms) -> tuple[tuple[str, str], ...]:
    """Return who of the approvers is on call, by name, while it waits."""
    if view.status != "pending" or not (terms.on_call or terms.quiet):
        return ()
    quiet = f" ({', '.join(terms.quiet)}: quiet hours)" if terms.quiet else ""
    return (("On call", f"{', '.join(terms.on_call) or 'nobody to be called now'}{quiet}"),)


def _trusted(view: ProposalView) -> Iterator[Block]:
    proposal = view.proposal
    if view.status == "pending":
        yield When(at=proposal.expires_at, title="Expires")
    if view.edit_refused:
        yield Text(value=clip(view.edit_refused, REFUSED_CHARS), trust="outside")
    if view.asked.risk_why:
        why = tuple(Text(value=clip(line, REFUSED_CHARS)) for line in view.asked.risk_why)
        yield Items(title=f"Why the risk is {proposal.risk}", items=why)
    if proposal.run_if_resolved:
        yield Text(value="It stays although the alert resolves meanwhile: its rule says so.")
    yield from argument_blocks(proposal.args, "Parameters")
    if proposal.preconditions:
        yield from probe_blocks(proposal.preconditions, "Read again right before it runs")
    else:
        yield Text(value="Nothing is read again before it runs.")
    if view.asked.preview:
        yield Code(value=view.asked.preview, title="Preview", trust="outside")
    else:
        yield Text(value="No preview is available; that raises the risk by one class.")
    if proposal.undo is None:
        yield Text(value=proposal.ends or "Irreversible: there is no undo.")
    else:
        yield Text(value=f"Undo, as a new proposal: {proposal.undo.title}", trust="outside")
        yield from argument_blocks(proposal.undo.args, f"Undo runs {proposal.undo.tool}")
    if proposal.verify:
        after = ", ".join(f"{seconds} s" for seconds in proposal.verify_after_s)
        yield from probe_blocks(proposal.verify, f"Checked {after} afterwards")
    else:
        yield Text(value="Nothing is checked afterwards.")


def _reasoning(view: ProposalView) -> tuple[Block, ...]:
    asked = view.asked
    if not asked.reason:
        return ()
    who = author_words(asked.reason_by)
    text = Text(value=clip(asked.reason, REASON_CHARS), trust=trust_by(asked.reason_by))
    return (Items(title=REASONING, items=(text, Text(value=who))),)


def _controls(
    state: State, view: ProposalView, look: Look, *, may_approve: bool
) -> Iterator[Control]:
    if view.replaced_by:
        return
    if view.status == "pending":
        if may_approve and not look.read_only:
            yield _control(view, "approve", "Approve", CONFIRM[view.proposal.risk])
        yield _control(view, "deny", "Deny…")
        if may_approve and not look.read_only:
            yield _control(view, "edit", "Edit…")
        yield _control(view, "details", "Details")
    elif view.status == "unknown":
        yield _control(view, "reconcile", "It worked", value="worked")
        yield _control(view, "reconcile", "It did not", value="failed")
    elif isinstance(renewed(state, view, ""), StepChosen):
        yield _control(view, "renew", "Propose again")
    elif view.status == "succeeded" and view.proposal.undo and not view.undo_requested:
        yield _control(view, "undo", "Undo…")


def _control(
    view: ProposalView, verb: str, label: str, confirm: Confirm = "none", value: str = ""
) -> Control:
    proposal = view.proposal
    word = label.rstrip("…")
    return Control.model_validate(
        {
            "verb": verb,
            "label": label,
            "proposal": proposal.id,
            "revision": proposal.revision,
            "digest12": view.asked.digest[:DIGEST_CHARS],
            "value": value,
            "confirm": confirm,
            "accessible": f"{word}: {one_line(proposal.title)} ({one_line(proposal.target)})",
        }
    )
