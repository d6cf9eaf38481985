"""Scenarios, cassettes, scores: whether the bot still decides right, before it is live."""
