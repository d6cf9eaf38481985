"""The event log and the tables around it, on SQL."""
