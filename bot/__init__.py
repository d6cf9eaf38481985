"""Turns alerts into incidents, incidents into typed proposals, and approvals into actions."""
