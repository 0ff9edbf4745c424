"""What games brought, as arrays and as tables: per neuron, per group, per layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuronet.core.structure.population import Layers
from neuronet.games.simulation.payoffs import KINDS, Floats
from neuronet.games.simulation.profiles import cached_short_name, policies_of


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What P profiles brought from S seeds.

    Attributes:
        payoffs: By the names in KINDS, an array (P, S, J) for each hidden layer.
        before: What was held at first: by the names in HELD, an array (P, S, J) for each hidden layer.
        loss: (P, S), on test samples, at the end.
        accuracy: (P, S), likewise, 0 to 1; nan where targets are values.
        train_loss: (P, S), the mean loss of the samples played, each before its round.
        layers: The profile of each of the P times S games.
        sizes: Neurons in each layer, inputs first.
        seeds: The S seeds.
    """

    payoffs: Mapping[str, tuple[Floats, ...]]
    before: Mapping[str, tuple[Floats, ...]]
    loss: Floats
    accuracy: Floats
    train_loss: Floats
    layers: tuple[tuple[Layers, ...], ...]
    sizes: tuple[int, ...]
    seeds: tuple[int, ...]

    def table(self) -> pd.DataFrame:
        """A line for each profile, seed and hidden neuron: its policy, and its payoffs by name."""
        return payoff_table(self.payoffs, self.layers, self.sizes, self.seeds)

    def by_group(self) -> pd.DataFrame:
        """A line for each profile, seed, hidden layer and policy: how many follow it, and their mean payoffs."""
        return mean_payoffs(self.table(), ["profile", "seed", "layer", "policy"])

    def by_layer(self) -> pd.DataFrame:
        """A line for each profile, seed and hidden layer: mean payoffs."""
        return mean_payoffs(self.table(), ["profile", "seed", "layer"])


def mean_payoffs(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Mean payoffs, and of how many neurons."""
    kinds = [kind for kind in KINDS if kind in table.columns]
    groups = table.groupby(list(keys), sort=False)
    return groups.size().rename("neurons").to_frame().join(groups[kinds].mean()).reset_index()


def payoff_table(
    payoffs: Mapping[str, tuple[Floats, ...]], layers: Sequence[Sequence[Layers]], sizes: Sequence[int], seeds: Sequence[int]
) -> pd.DataFrame:
    """A line for each profile, seed and hidden neuron, with what is in the arrays (P, S, J) of each layer by name."""
    parts = []
    for p, games in enumerate(layers):
        for s, game in enumerate(games):
            for number, policies in enumerate(policies_of(game, sizes)[:-1], start=1):
                known = {id(policy): cached_short_name(policy) for policy in policies}
                parts.append(
                    pd.DataFrame(
                        {
                            "profile": p,
                            "seed": seeds[s],
                            "layer": number,
                            "neuron": np.arange(len(policies)),
                            "policy": [known[id(policy)] for policy in policies],
                            **{kind: arrays[number - 1][p, s] for kind, arrays in payoffs.items()},
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)
