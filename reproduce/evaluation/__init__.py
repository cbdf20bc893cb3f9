"""How a trained row is evaluated: each protocol in one place."""
