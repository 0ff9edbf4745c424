"""Figures of continual-learning studies."""
