"""Tests of the bot itself."""
