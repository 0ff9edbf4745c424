"""Callbacks of the training loop: the protocol, what a run does by itself, and what a caller may add."""
