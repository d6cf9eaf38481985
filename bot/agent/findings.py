"""What code thinks of a model's claims: it drops, caps and lowers, and never raises. Pure."""
