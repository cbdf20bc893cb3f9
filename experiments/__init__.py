"""One script per paper table: it defines the table, and run as a script it runs it."""
