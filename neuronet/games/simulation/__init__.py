"""Replicated games and what they pay each neuron."""
