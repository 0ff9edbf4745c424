"""Policies that imitate, ignore or correlate rather than optimise."""
