"""Pure readers of what the team wrote down: runbooks, services, people, policy."""
