"""Results of games as arrays and as tables: per neuron, per group, per layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuronet.core import Layers
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.profiles import cached_short_name, policies_of


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Results of P profiles played from S seeds.

    Attributes:
        payoffs: For each payoff by name, an array (P, S, J) per hidden layer.
        loss: Final test loss, (P, S).
        accuracy: Final test accuracy, (P, S), 0 to 1; nan for regression.
        train_loss: Mean loss of the samples played, (P, S), each measured before its round.
        layers: Policies of each of the P times S games.
        sizes: Neurons in each layer, inputs first.
        seeds: The S seeds.
    """

    payoffs: Mapping[str, tuple[Floats, ...]]
    loss: Floats
    accuracy: Floats
    train_loss: Floats
    layers: tuple[tuple[Layers, ...], ...]
    sizes: tuple[int, ...]
    seeds: tuple[int, ...]

    def table(self) -> pd.DataFrame:
        """Return one row per profile, seed and hidden neuron, with its policy and payoffs."""
        return payoff_table(self.payoffs, self.layers, self.sizes, self.seeds)

    def by_group(self) -> pd.DataFrame:
        """Return one row per profile, seed, hidden layer and policy, with the number of neurons and their mean payoffs."""
        return mean_payoffs(self.table(), ["profile", "seed", "layer", "policy"])

    def by_layer(self) -> pd.DataFrame:
        """Return one row per profile, seed and hidden layer, with mean payoffs."""
        return mean_payoffs(self.table(), ["profile", "seed", "layer"])


def mean_payoffs(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return mean payoffs and the number of neurons by group."""
    index = ("profile", "seed", "layer", "neuron", "policy")
    kinds = [name for name in table.columns if name not in index]
    groups = table.groupby(list(keys), sort=False)
    return groups.size().rename("neurons").to_frame().join(groups[kinds].mean()).reset_index()


def payoff_table(
    payoffs: Mapping[str, tuple[Floats, ...]], layers: Sequence[Sequence[Layers]], sizes: Sequence[int], seeds: Sequence[int]
) -> pd.DataFrame:
    """Return one row per profile, seed and hidden neuron.

    Args:
        payoffs: For each column, an array (P, S, J) per hidden layer.
        layers: Policies of each of the P times S games.
        sizes: Neurons in each layer, inputs first.
        seeds: The S seeds.
    """
    parts = []
    for profile, games in enumerate(layers):
        for index, game in enumerate(games):
            for layer, policies in enumerate(policies_of(game, sizes)[:-1], start=1):
                names = {id(policy): cached_short_name(policy) for policy in policies}
                parts.append(
                    pd.DataFrame(
                        {
                            "profile": profile,
                            "seed": seeds[index],
                            "layer": layer,
                            "neuron": np.arange(len(policies)),
                            "policy": [names[id(policy)] for policy in policies],
                            **{kind: arrays[layer - 1][profile, index] for kind, arrays in payoffs.items()},
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)
