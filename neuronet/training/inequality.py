"""Inequality of the attention that hidden neurons receive, from epoch to epoch.

The attention of a neuron is `sum_k w_kj^2 / 2` over its listeners. Layers differ in its size, so that here it counts in units of
the mean of the neuron's layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import SparseNetwork
from neuronet.engines.base import Setup, State
from neuronet.statistics import gini
from neuronet.training.alignment import build_neuron_sets

TOP = 0.1
"""Share of the neurons whose part of the attention is measured."""


class Inequality:
    """Measurement of the inequality of attention, prepared once and repeated after every epoch.

    Args:
        setups: Setup of each replica.
    """

    def __init__(self, setups: Sequence[Setup]) -> None:
        self.setups = setups
        hidden = [neuron_set for neuron_set in build_neuron_sets(setups) if neuron_set.layer < len(setups[0].network.sizes) - 1]
        self.neuron_sets = [part for part in hidden if any(bool(mask.any()) for mask in part.members[:-1])]

    def measure(self, state: State, epoch: int) -> list[dict[str, Any]]:
        """Return a row for each neuron set and replica, keyed by INEQUALITY_COLUMNS; none without hidden layers.

        gini is Gini's coefficient (0 where all are equal, towards 1 where one has everything), top_tenth the share of the
        attention that the tenth of the neurons with the most has, rounded up to whole neurons; attention the mean attention
        of the set's neurons, in units of the mean of their layers; attention_share their part of it. Silent neurons are left
        out. Values are nan where there is no neuron or no attention.

        Args:
            state: State of the engine.
            epoch: Number of the epoch, for the rows.
        """
        rows = []
        relative = [self._relative_attention(state, replica) for replica in range(len(self.setups))]
        for part in self.neuron_sets:
            for replica, layers in enumerate(relative):
                members = [mask[replica].numpy() for mask in part.members[:-1]]
                values = np.concatenate([layer[mask] for layer, mask in zip(layers, members, strict=True)])
                total = np.concatenate([layer for layer, mask in zip(layers, members, strict=True) if mask.any()])
                values, total = values[~np.isnan(values)], total[~np.isnan(total)]
                row: dict[str, Any] = {"epoch": epoch, "round": state.round, "replica": replica}
                row |= {"layer": part.layer, "group": part.group, "policy": part.policy, "neurons": len(values)}
                rows.append({**row, **_numbers(values, total)})
        return rows

    def _relative_attention(self, state: State, replica: int) -> list[NDArray[np.float64]]:
        """Return the attention of each hidden layer's neurons in units of its mean, (J,) each; nan for silent neurons."""
        setup, found = self.setups[replica], []
        network = setup.network
        for number, above in enumerate(state.layers[1:], start=1):
            weights = np.asarray(above.weights if len(self.setups) == 1 else above.weights[replica], dtype=np.float64)
            if isinstance(network, SparseNetwork):
                pattern = network.patterns[number]
                received = np.bincount(pattern.columns, weights**2, minlength=pattern.speakers) / 2
            else:
                mask = network.masks[number]
                received = ((weights if mask is None else weights * mask) ** 2).sum(axis=0) / 2
            received = np.where(setup.is_silent(number), math.nan, received)
            heard = received[~np.isnan(received)]
            mean = heard.mean() if len(heard) else math.nan
            found.append(received / mean if mean > 0 else np.full_like(received, math.nan))
        return found


def _numbers(values: NDArray[np.float64], total: NDArray[np.float64]) -> dict[str, float]:
    if not len(values) or values.sum() <= 0:
        return dict.fromkeys(("gini", "top_tenth", "attention", "attention_share"), math.nan)
    top = math.ceil(TOP * len(values))
    return {
        "gini": gini(values),
        "top_tenth": float(np.sort(values)[-top:].sum() / values.sum()),
        "attention": float(values.mean()),
        "attention_share": float(values.sum() / total.sum()),
    }
