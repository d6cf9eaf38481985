"""What the model sees and chooses: prompts, the context window, budgets, and providers."""
