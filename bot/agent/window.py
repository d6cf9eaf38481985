"""Makes a context fit its share of the window, and writes the receipt. Pure."""
