"""Measurements with a bar: each prints its numbers and ends with exit code 1 below the bar."""
