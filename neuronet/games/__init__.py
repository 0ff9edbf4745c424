"""Game-theoretic analysis: networks of neurons as games of self-interested players.

`play` is what everything here stands on: games from given situations, profiles and seeds, and what they paid every neuron.
"""
