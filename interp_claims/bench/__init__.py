"""Benchmarks: how fast the suite is, always as a ratio of two ways of doing the same work in one run."""
