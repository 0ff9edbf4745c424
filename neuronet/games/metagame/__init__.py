"""Empirical games whose strategies are policies."""
