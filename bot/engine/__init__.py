"""Drives one incident after the other: load, fold, decide, perform, write."""
