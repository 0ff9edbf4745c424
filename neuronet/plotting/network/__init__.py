"""The figure of a network."""
