"""Names and marks of a network's neurons, as the figure of the network shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import TypedDict

import numpy as np
import pandas as pd

from neuronet.core import Policy
from neuronet.engines.base import Setup
from neuronet.registry import short_name


class NetworkLabels(TypedDict):
    """Options of the figure "network" besides the network itself.

    Attributes:
        policies: For each listening layer, the name of each neuron's policy.
        silent: For each layer, the inputs first, the positions of its silent neurons.
        shape: Shape of one input; None where it does not fit the network's inputs.
    """

    policies: tuple[tuple[str, ...], ...]
    silent: tuple[frozenset[int], ...]
    shape: tuple[int, ...] | None


def network_labels(setup: Setup, shape: tuple[int, ...] | None) -> NetworkLabels:
    """Return the labels of a setup's network.

    Args:
        setup: Setup of the network as it is now.
        shape: Shape of one input, such as (28, 28); None where it is unknown.
    """
    fits = shape is not None and prod(shape) == setup.network.sizes[0]
    return {"policies": policy_names(setup), "silent": silent_positions(setup), "shape": shape if fits else None}


def policy_names(setup: Setup, name: Callable[[Policy], str] = short_name) -> tuple[tuple[str, ...], ...]:
    """Return the name of each neuron's policy, a tuple for each listening layer.

    Args:
        setup: Setup of the network.
        name: Gives a policy its name.
    """
    layers = []
    for layer, size in enumerate(setup.network.sizes[1:], start=1):
        names = [""] * size
        for group in setup.groups(layer):
            group_name = name(group.policy)
            for member in group.members:
                names[member] = group_name
        layers.append(tuple(names))
    return tuple(layers)


def in_epochs(events: Iterable[tuple[int, str]], metrics: pd.DataFrame) -> list[tuple[float, str]]:
    """Return events with their times in epochs instead of rounds, each once.

    Args:
        events: After how many rounds, and what.
        metrics: Metrics of the run, with a row at the end of each epoch.
    """
    if metrics.empty:
        return []
    rounds = float((metrics["round"] / metrics["epoch"]).iloc[0])  # of an epoch
    return [(number / rounds, what) for number, what in dict.fromkeys(events)]


def silent_positions(setup: Setup) -> tuple[frozenset[int], ...]:
    """Return the positions of the silent neurons, a set for each layer, the inputs first."""
    layers = range(len(setup.network.sizes))
    return tuple(frozenset(np.flatnonzero(setup.is_silent(layer)).tolist()) for layer in layers)
