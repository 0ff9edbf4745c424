"""Policies that learn from a scalar reward."""
