"""The mind in stories: factors, gates and a hostile model, through the real loop or wire."""
