"""Figures of game-theoretic analyses."""
