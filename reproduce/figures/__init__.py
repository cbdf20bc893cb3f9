"""Figures of tables, and pictures of what networks made of images."""
