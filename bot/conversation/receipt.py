"""How a card says where its words come from: who chose, what it cost, what was left out. Pure."""

from bot.conversation.look import Look
from bot.conversation.phrases import clip, counted, one_line
from bot.incident.card import Block, Items, Text
from bot.incident.ending import BY_RULE, PLANNER, Ending, Provenance
from bot.incident.facts_run import FallbackKind
from bot.incident.model import Link

DIGEST_CHARS = 12
MODEL_CHARS = 80
WHY_CHARS = 160
LEFT_OUT_LINKS = 3
FALLBACKS: dict[FallbackKind, str] = {
    "budget": "the model's budget is spent",
    "slow": "the model was too slow",
    "rate_limited": "the model was rate limited",
    "overloaded": "the model was overloaded",
    "unreachable": "the model could not be reached",
    "refused": "the model refused",
    "invalid": "the model gave no valid step",
}


def who_found(ending: Ending) -> str:
    """Return who concluded, saying plainly when no model did, and why not."""
    why = fallback_words(ending.made)
    if ending.by == PLANNER and why:
        return f"rule-based because {why}"
    if ending.by == PLANNER:
        source = "" if ending.asked is not None else ", from the runbook"
        return f"rule-based{source}; no model was used"
    if ending.by in BY_RULE:
        return f"rule-based, by {ending.by}"
    return f"by {ending.by}; not verified" if ending.by else "not verified"


def fallback_words(made: Provenance) -> str:
    """Return why the configured model did not choose the last Step; empty when it did."""
    if not made.fallback:
        return ""
    why = clip(one_line(made.fallback_why), WHY_CHARS)
    return f"{FALLBACKS[made.fallback]}{f' ({why})' if why else ''}"


def receipt_line(made: Provenance) -> str:
    """Return what the run cost: model, requests, tokens, price, window; empty without a model."""
    if not made.requests:
        return ""
    named = clip(one_line(made.model), MODEL_CHARS) or "a model"
    return f"{named} · {cost_line(made)}"


def cost_line(made: Provenance) -> str:
    """Return the same without the model's name, where that stands already."""
    if not made.requests:
        return ""
    parts = [
        counted(made.requests, "request"),
        f"{made.input_tokens:,} tokens in, {made.output_tokens:,} out",
        price_words(made.micro_usd),
    ]
    receipt = made.receipt
    if receipt is not None and receipt.window_tokens:
        share = 100 * receipt.estimated_tokens / receipt.window_tokens
        parts.append(f"{share:.0f} % of the window" if share >= 1 else "under 1 % of the window")
    elif receipt is not None:
        parts.append("its window is not known")
    if made.left_out:
        parts.append(f"left out: {counted(len(made.left_out), 'thing')}")
    return " · ".join(parts)


def price_words(micro_usd: int | None) -> str:
    """Return `$0.0021`, with as many digits as say something; `price unknown` for None."""
    if micro_usd is None:
        return "price unknown"
    digits = 2 if micro_usd >= 1_000_000 or not micro_usd else 4
    return f"${micro_usd / 1_000_000:.{digits}f}"


def receipt_blocks(made: Provenance) -> tuple[Block, ...]:
    """Return the receipt, and what was dropped; nothing when there is nothing to tell."""
    blocks: list[Block] = []
    line = receipt_line(made)
    if line:
        blocks.append(Text(value=line))
    if made.left_out:
        items = tuple(Text(value=clip(one_line(one.what), WHY_CHARS)) for one in made.left_out)
        blocks.append(Items(title="The model was not shown", items=items))
    if made.dropped:
        items = tuple(
            Text(value=clip(one_line(one), WHY_CHARS), trust="model") for one in made.dropped
        )
        many = counted(len(made.dropped), "claim")
        blocks.append(Items(title=f"Dropped for want of evidence: {many}", items=items))
    return tuple(blocks)


def receipt_links(made: Provenance, look: Look) -> tuple[Link, ...]:
    """Return where the exchange, and what was left out, can be read."""
    shown = tuple(one.evidence for one in made.left_out if one.evidence)[:LEFT_OUT_LINKS]
    exchange = look.page(f"/e/{made.exchange}", "what the model was sent and answered")
    return (*look.evidence(shown), *(exchange if made.exchange.isalnum() else ()))


def provenance_line(made: Provenance) -> str:
    """Return model id, prompt and tools digest for the foot of a card; empty for no Step (F-12)."""
    if not made.by:
        return ""
    named = clip(one_line(made.by), MODEL_CHARS)
    parts = [
        "rule-based" if made.by == PLANNER else named,
        f"prompt {made.prompt[:DIGEST_CHARS]}" if made.prompt else "",
        f"tools {made.tools[:DIGEST_CHARS]}" if made.tools else "",
    ]
    return " · ".join(part for part in parts if part)
