"""The pure vocabulary and state machine of an incident: no clock, no I/O."""
