"""The reproduction suite: rerun a paper's table, compare with the published numbers, keep watch over them.

Data flows one way: `table` and `recipe` say what a paper's table is, `running` performs its rows (`tasks`, `training`,
`evaluation`) into the run store (`records`), `comparison` puts records beside the numbers of `published`, and `report`
writes what comes of it as tables and `figures`. `regression` and `benchmarks` watch over numbers and speed; `cli` is
what a user types.
"""
