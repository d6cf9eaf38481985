"""A siege: kill -9 at random moments of a running load, with an approver outside."""
