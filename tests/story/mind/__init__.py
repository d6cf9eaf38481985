"""The red team of the model's side: a model that obeys every text, and what comes of it."""
