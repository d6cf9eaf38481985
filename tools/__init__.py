"""Adapters the model may name: `read` looks at once, `write` acts only through a Proposal."""
