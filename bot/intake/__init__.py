"""From outside to events: the one way in."""
