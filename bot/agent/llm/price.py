"""What a reply cost, in millionths of a US dollar, from price lists on this machine."""

import math
from dataclasses import dataclass
from decimal import Decimal

from pydantic_ai.messages import ModelResponse


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars of a million tokens, for models that the shipped price list does not know.

    Both 0: nobody said, so their price stays unknown. A cached token counts in full.
    """

    input_usd: float = 0.0
    output_usd: float = 0.0

    def of(self, response: ModelResponse) -> int | None:
        """Return what it cost, rounded up; None when nobody knows, never 0 for what costs."""
        tokens = response.usage.input_tokens, response.usage.output_tokens
        if not any(tokens):
            return None  # a server that does not count
        listed = _listed(response)
        if listed is not None:
            return listed
        if not self.input_usd and not self.output_usd:
            return None
        prices = Decimal(str(self.input_usd)), Decimal(str(self.output_usd))
        return math.ceil(tokens[0] * prices[0] + tokens[1] * prices[1])


def _listed(response: ModelResponse) -> int | None:
    """Return what the price list says, which is part of a package: nothing is fetched."""
    if not response.model_name:
        return None
    try:
        return math.ceil(response.cost().total_price * 1_000_000)
    except (LookupError, ValueError):
        return None
