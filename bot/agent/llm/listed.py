"""Whether the price list that ships with the providers' package knows a model; nothing is sent."""

from bot.agent.llm.named import ModelName


def is_listed(named: ModelName) -> bool:
    """Return True when a reply of this model can be priced."""
    from genai_prices import Usage, calc_price  # heavy, and needed only where money is a limit

    try:
        calc_price(Usage(input_tokens=1), model_ref=named.model, provider_id=named.provider)
    except LookupError:
        return False
    return True
