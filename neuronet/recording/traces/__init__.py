"""Traces: which quantities of which neurons are recorded, and where."""
