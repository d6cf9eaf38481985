"""Driving by N processes on PostgreSQL: jobs of procrastinate, heartbeats, duties."""
