"""What sending costs, measured against peers in one interleaved run. `python -m tests.benchmarks.sending`."""
