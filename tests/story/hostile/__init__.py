"""Attacks on a real server over real HTTP, one file a surface."""
