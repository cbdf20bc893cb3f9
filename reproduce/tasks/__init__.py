"""What the suite does with a row, one module for each kind of table."""
