"""Adapters through which humans are reached and answer; they translate and decide nothing."""
