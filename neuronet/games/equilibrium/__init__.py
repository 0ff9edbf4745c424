"""Deviations, exploitability, and local best responses."""
