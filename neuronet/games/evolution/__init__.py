"""Evolutionary dynamics of policies in one network."""
