"""From a Context to the bytes a model is sent: our own format, the same every time. Pure."""
