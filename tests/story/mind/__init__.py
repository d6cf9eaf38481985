"""The mind in stories: each factor and each gate shown through the real loop or the real wire."""
