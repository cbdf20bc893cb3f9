"""The reproduction suite: rerun a paper's table, compare with the published numbers, keep watch over them."""
