"""Settings of the model; without `LLM_MODEL` there is none, and the planner chooses every Step."""

from typing import Literal

from pydantic import Field

from bot.settings import Section

MOST_USD = 1_000_000


class LlmSettings(Section, env_prefix="LLM_"):
    """Tokens are those the provider reports, money is US dollars; 0 means no limit of that kind.

    The provider's own usual variables (OPENAI_API_KEY, ANTHROPIC_API_KEY, …) hold the key and the
    address. An incident's limits are those of F-10.
    """

    model: str = Field(
        default="",
        description="`provider:name`, several parted by commas are tried in order; none: no model.",
    )
    window_tokens: int = Field(
        default=0, ge=0, le=10_000_000, description="The model's window, where it is not known."
    )
    output_tokens: int = Field(
        default=1200, ge=64, le=32_000, description="Most tokens one answer may have."
    )
    output: Literal["native", "tool"] = Field(
        default="native",
        description="How the answer's schema is enforced; tool where native is not.",
    )
    patience_s: float = Field(
        default=5.0, ge=0.1, le=60, description="Seconds after which the planner looks meanwhile."
    )
    deadline_s: float = Field(
        default=30.0, ge=0.5, le=50, description="Seconds one Step may take, repairs and all."
    )
    input_usd: float = Field(
        default=0,
        ge=0,
        le=MOST_USD,
        description="Price of a million input tokens, where it is not known.",
    )
    output_usd: float = Field(
        default=0,
        ge=0,
        le=MOST_USD,
        description="Price of a million output tokens, where it is not known.",
    )
    incident_input_tokens: int = Field(
        default=60_000, ge=0, description="Input tokens one incident may cost; 0: no limit."
    )
    incident_output_tokens: int = Field(
        default=6_000, ge=0, description="Output tokens one incident may cost; 0: no limit."
    )
    hour_tokens: int = Field(
        default=1_000_000,
        ge=0,
        description="Tokens all incidents may cost in an hour; 0: no limit.",
    )
    day_tokens: int = Field(
        default=5_000_000, ge=0, description="Tokens all incidents may cost in a day; 0: no limit."
    )
    incident_usd: float = Field(
        default=0, ge=0, le=MOST_USD, description="Dollars one incident may cost; 0: no limit."
    )
    day_usd: float = Field(
        default=0,
        ge=0,
        le=MOST_USD,
        description="Dollars all incidents may cost in a day; 0: no limit.",
    )
    second_look: bool = Field(
        default=False,
        description="1 lets the model check its own findings; it may only lower them.",
    )
