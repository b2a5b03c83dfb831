"""Benchmarks: proofs and figures over real HTTP, each run as `python -m benchmarks.NAME`."""
