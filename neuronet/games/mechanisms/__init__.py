"""Mechanisms that reward or bind neurons, and what deviations gain under them."""
