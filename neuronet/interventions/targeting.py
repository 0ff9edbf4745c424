"""Selection of the neurons that an intervention changes: by index, by a share of a layer, or all of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Bools, ConfigurationError, Purpose, SparseNetwork, check_number, generator, unknown_name_error
from neuronet.engines.base import Setup, State
from neuronet.interventions.base import Intervention
from neuronet.interventions.ranking import extreme_indices

SELECTIONS = ("random", "most", "least")
"""How a share is selected: at random, or the neurons with the most or the least attention received, the sum of `w^2 / 2`."""

Neurons = int | Iterable[int] | None
"""Indices within a layer; None where they are not given."""

Targets = Mapping[int, NDArray[np.int64]]
"""For each layer, the selected neurons as ascending indices."""


def rng_for(setup: Setup, state: State, layer: int, what: str) -> np.random.Generator:
    """Return the random generator of an intervention in a layer, keyed by seed, round, layer and kind."""
    return generator(setup.seed, Purpose.INTERVENTION, layer, state.round, zlib.crc32(what.encode()))


def check_layer(setup: Setup, layer: object, low: int, high: int, what: str) -> int:
    """Return a layer's number if it is an integer from `low` to `high`.

    Raises:
        ConfigurationError: It is not.
    """
    if isinstance(layer, bool) or not isinstance(layer, (int, np.integer)) or not low <= layer <= high:
        if low > high:
            raise ConfigurationError(f"there is no layer {what}: the network has {len(setup.network.sizes)} layers")
        span = f"layer {low}" if low == high else f"one of the layers {low} to {high}"
        raise ConfigurationError(f"layer must be {span}, {what}, got {layer!r}")
    return int(layer)


@dataclass(frozen=True)
class NeuronIntervention(Intervention):
    """Intervention that changes selected neurons.

    Args:
        layer: Number of the layer, 1 for the first hidden one. None selects every hidden layer.
        neurons: Indices within the layer, from 0: an integer or several.
        share: Fraction of the layer instead (0 < share <= 1); each replica makes its own selection.
        select: How the share is selected: "random", or the neurons with the "most" or the "least" attention received.

    Raises:
        ConfigurationError: These options do not go together.
    """

    layer: int | None = None
    neurons: Neurons = None
    share: float | None = None
    select: str = "random"

    first_layer: ClassVar[int] = 1  # 0 where inputs can be selected
    all_layers: ClassVar[bool] = False  # whether layer=None selects every layer, not the hidden ones alone
    condition: ClassVar[str] = "there"
    takes_sparse: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.layer is not None:
            check_number(f"{self.name}: layer", self.layer, 0, whole=True)
        if self.neurons is not None:
            object.__setattr__(self, "neurons", _as_indices(self.name, self.neurons))
        if self.share is not None:
            check_number(f"{self.name}: share", self.share, 0, 1, above=True)
        if self.neurons is not None and (self.layer is None or self.share is not None):
            raise ConfigurationError(f"{self.name}: neurons are indices within a layer: give layer with them, and no share")
        if self.select not in SELECTIONS:
            raise unknown_name_error(f"selection of {self.name}", self.select, SELECTIONS)
        if self.select != "random" and self.share is None:
            raise ConfigurationError(f"{self.name}: select='{self.select}' applies to a share: give share with it")

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Return which neurons of a layer can be changed, (J,)."""
        return np.ones(setup.network.sizes[layer], dtype=np.bool_)

    def targets(self, setup: Setup, state: State) -> Targets:
        """Return the selected neurons of each layer.

        Raises:
            ConfigurationError: No neuron is selected, or a layer or neuron does not exist.
        """
        last = len(setup.network.sizes) - 1
        if self.layer is not None:
            what = "the inputs included" if self.first_layer == 0 else "1 for the first hidden one"
            layers = [check_layer(setup, self.layer, self.first_layer, last, what)]
        else:
            layers = list(range(self.first_layer, last + 1) if self.all_layers else range(1, last))
        selected = {layer: self._select(setup, state, layer) for layer in layers}
        selected = {layer: indices for layer, indices in selected.items() if indices.size}
        if not selected:
            where = "" if self.layer is None else f" of layer {self.layer}"
            raise ConfigurationError(f"{self}: none of these neurons{where} is {self.condition}")
        return selected

    def _select(self, setup: Setup, state: State, layer: int) -> NDArray[np.int64]:
        candidates, size = np.flatnonzero(self.eligible(setup, layer)), setup.network.sizes[layer]
        if isinstance(self.neurons, tuple):
            wrong = next((index for index in self.neurons if not 0 <= index < size), None)
            if wrong is not None:
                raise ConfigurationError(f"{self.name}: layer {layer} has neurons 0 to {size - 1}, but no {wrong}")
            return np.intersect1d(candidates, np.asarray(self.neurons, dtype=np.int64))
        if self.share is None:
            return candidates
        count = round(self.share * size)
        if count < 1:
            raise ConfigurationError(
                f"{self.name}: a share of {self.share:g} is less than one of the {size} neurons of layer {layer}"
            )
        count = min(count, candidates.size)
        if self.select == "random":
            return np.sort(rng_for(setup, state, layer, self.name).choice(candidates, count, replace=False))
        received = attention_received(setup, state, layer)[candidates]
        return candidates[extreme_indices(received, count, largest=self.select == "most", dtype=setup.dtype)]


def _as_indices(name: str, neurons: Any) -> tuple[int, ...]:
    """Return indices as a tuple of integers."""
    indices = tuple(neurons) if isinstance(neurons, Iterable) else (neurons,)
    if not indices or any(isinstance(index, bool) or not isinstance(index, (int, np.integer)) for index in indices):
        raise ConfigurationError(f"{name}: neurons must be indices within the layer, from 0, got {neurons!r}")
    return tuple(int(index) for index in indices)


def attention_received(setup: Setup, state: State, layer: int) -> NDArray[np.float64]:
    """Return the attention that each neuron of a layer receives, the sum of `w^2 / 2` over its listeners, (J,).

    Raises:
        ConfigurationError: It is the output layer, which has no listeners.
    """
    if layer == len(setup.network.sizes) - 1:
        raise ConfigurationError("output neurons have no listeners: select a share of them with select='random'")
    weights, network = state.layer(layer + 1).weights.astype(np.float64), setup.network
    if isinstance(network, SparseNetwork):
        pattern = network.patterns[layer]
        return np.bincount(pattern.columns, weights=weights * weights, minlength=pattern.speakers) / 2
    received: NDArray[np.float64] = (weights * weights).sum(axis=0) / 2
    return received


def nodes_of(setup: Setup, targets: Targets) -> tuple[int, ...]:
    """Return the graph nodes of the selected neurons."""
    return tuple(node for layer, indices in targets.items() for node in setup.network.nodes[layer][indices].tolist())
