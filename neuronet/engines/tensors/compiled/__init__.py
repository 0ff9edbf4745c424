"""Rounds that numba compiles: when they are chosen, their memory, and the loop itself."""
