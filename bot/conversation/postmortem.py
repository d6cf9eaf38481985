"""The timeline and the postmortem draft of an incident, as Markdown. Pure."""
