"""Whether numbers moved: `reference` runs, committed `checkpoints`, and the consistency of `records`."""
