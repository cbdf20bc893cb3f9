"""Data: the dataset store, readers of published layouts, generators, and what a recipe derives from them."""
