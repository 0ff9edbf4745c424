"""Games of neurons as PettingZoo environments."""
