"""How many tokens a text will be, for any tokenizer, and how sure that is. Pure."""
