"""Records beside the published numbers, and what they say of the papers."""
