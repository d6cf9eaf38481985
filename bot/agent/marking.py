"""Fences and marks text from outside, so that a model can tell it from ours. Pure."""
