"""What the price list that ships with the providers' package knows of a model; nothing is sent."""

from collections.abc import Sequence

from bot.agent.llm.named import ModelName

TOKENS = 10_000
"""So many are priced: a small request, for large ones may have another price."""


def listed_usd(named: ModelName) -> tuple[float, float] | None:
    """Return the dollars of a million input and output tokens, None for what is not listed."""
    from genai_prices import Usage, calc_price  # heavy, and needed only where money is a limit

    usage = Usage(input_tokens=TOKENS, output_tokens=TOKENS)
    try:
        price = calc_price(usage, model_ref=named.model, provider_id=named.provider)
    except LookupError:
        return None
    million = 1_000_000 / TOKENS
    return float(price.input_price) * million, float(price.output_price) * million


def is_listed(named: ModelName) -> bool:
    """Return True when a reply of this model can be priced."""
    return listed_usd(named) is not None


def highest_usd(names: Sequence[ModelName]) -> tuple[float, float]:
    """Return the highest prices of these models as `listed_usd`; 0 where none is listed."""
    known = [one for one in map(listed_usd, names) if one is not None]
    return max((one[0] for one in known), default=0.0), max((one[1] for one in known), default=0.0)
