"""Benchmarks: ratios measured within one run against a named floor or peer."""
