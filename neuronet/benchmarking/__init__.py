"""Benchmarks of the speed of rounds, as `neuronet bench` runs them."""

from neuronet.benchmarking.api import BATCHES, QUICK, SIZES, Row, TimingBudget, bench, threads
from neuronet.benchmarking.machine import machine_name, pinned
from neuronet.benchmarking.suites import benchmark_suites

__all__ = ["BATCHES", "QUICK", "SIZES", "Row", "TimingBudget", "bench", "benchmark_suites", "machine_name", "pinned", "threads"]
