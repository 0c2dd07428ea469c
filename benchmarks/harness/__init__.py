"""What the benchmarks share: contenders, load, rounds, reports."""
