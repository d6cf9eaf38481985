"""Tests of what the team wrote down, and of redaction."""
