"""Runs: many rounds, with their configuration, record and checkpoints."""
