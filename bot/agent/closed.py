"""The closed world: the JSON schema of one incident's next Step, and its reader. Pure."""
