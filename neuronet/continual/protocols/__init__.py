"""Sequences of tasks."""
