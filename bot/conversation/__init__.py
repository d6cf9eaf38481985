"""From events to humans: the one way out."""
