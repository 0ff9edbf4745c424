"""Benchmarks of the speed of rounds, as `neuronet bench` runs them."""
