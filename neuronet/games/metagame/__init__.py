"""Empirical games between policies, and their solution concepts."""
