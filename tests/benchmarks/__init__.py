"""Benchmarks: ratios of two things measured in turn in the same run, never bare numbers against a limit."""
