"""Evolutionary dynamics of policies in a network that learns."""
