"""To whom an intervention happens: neurons by their places, by a share of a layer, or everybody in it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number, unknown_name_error
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.network import Bools
from neuronet.engines.base import Setup, State
from neuronet.interventions.base import Intervention

SELECTIONS = ("random", "most", "least")
"""How a share is chosen: by chance, or those that receive the most or the least attention, the sum of `w^2 / 2`."""

Targets = Mapping[int, NDArray[np.int64]]
"""For each layer, who in it, as ascending places."""


def rng_for(setup: Setup, state: State, layer: int, what: str) -> np.random.Generator:
    """The chance of an intervention in a layer: it depends on the seed, the round, the layer and its kind alone."""
    return generator(setup.seed, Purpose.INTERVENTION, layer, state.round, zlib.crc32(what.encode()))


def check_layer(setup: Setup, layer: object, low: int, high: int, what: str) -> int:
    """The layer's number, if it is one from `low` to `high`.

    Raises:
        NeuroNetError: It is not.
    """
    if isinstance(layer, bool) or not isinstance(layer, (int, np.integer)) or not low <= layer <= high:
        if low > high:
            raise NeuroNetError(f"there is no layer {what}: the network has {len(setup.network.sizes)} layers")
        span = f"layer {low}" if low == high else f"one of the layers {low} to {high}"
        raise NeuroNetError(f"layer must be {span}, {what}, got {layer!r}")
    return int(layer)


@dataclass(frozen=True)
class NeuronIntervention(Intervention):
    """An intervention that happens to some neurons.

    Args:
        layer: Which layer, 1 for the first that listens; without it, every hidden layer.
        neurons: Their places within the layer, from 0: a number or several.
        share: A part of the layer instead, above 0 to 1; each replica has a choice of its own.
        select: How the share is chosen: "random", or those with the "most" or the "least" attention received.

    Raises:
        NeuroNetError: These do not go together.
    """

    layer: int | None = None
    neurons: int | tuple[int, ...] | None = None
    share: float | None = None
    select: str = "random"

    first_layer: ClassVar[int] = 1  # 0 where it can happen to inputs
    all_layers: ClassVar[bool] = False  # whether, without a layer, it happens in every layer and not in the hidden ones alone
    condition: ClassVar[str] = "there"

    def __post_init__(self) -> None:
        if self.neurons is not None:
            one = isinstance(self.neurons, (int, np.integer)) and not isinstance(self.neurons, bool)
            several: Any = (self.neurons,) if one else self.neurons
            given = tuple(several) if isinstance(several, Iterable) else ()
            if not given or any(isinstance(each, bool) or not isinstance(each, (int, np.integer)) for each in given):
                raise NeuroNetError(f"{self.name}: neurons must be places within the layer, from 0, got {self.neurons!r}")
            object.__setattr__(self, "neurons", tuple(int(each) for each in given))
        if self.share is not None:
            check_number(f"{self.name}: share", self.share, 0, 1, above=True)
        if self.neurons is not None and (self.layer is None or self.share is not None):
            raise NeuroNetError(f"{self.name}: neurons are places within a layer: give layer with them, and no share")
        if self.select not in SELECTIONS:
            raise unknown_name_error(f"way to choose a share of {self.name}", self.select, SELECTIONS)
        if self.select != "random" and self.share is None:
            raise NeuroNetError(f"{self.name}: select='{self.select}' chooses a share: give share with it")

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """To whom it can happen in a layer, (J,)."""
        return np.ones(setup.network.sizes[layer], dtype=np.bool_)

    def targets(self, setup: Setup, state: State) -> Targets:
        """To whom it happens.

        Raises:
            NeuroNetError: To nobody, or there is no such layer or neuron.
        """
        last = len(setup.network.sizes) - 1
        if self.layer is not None:
            what = "the inputs included" if self.first_layer == 0 else "1 for the first that listens"
            layers = [check_layer(setup, self.layer, self.first_layer, last, what)]
        else:
            layers = list(range(self.first_layer, last + 1) if self.all_layers else range(1, last))
        found = {layer: self._targets_in_layer(setup, state, layer) for layer in layers}
        found = {layer: places for layer, places in found.items() if places.size}
        if not found:
            where = "" if self.layer is None else f" of layer {self.layer}"
            raise NeuroNetError(f"{self}: none of these neurons{where} is {self.condition}")
        return found

    def _targets_in_layer(self, setup: Setup, state: State, layer: int) -> NDArray[np.int64]:
        able, size = self.eligible(setup, layer), setup.network.sizes[layer]
        if isinstance(self.neurons, tuple):
            wrong = next((place for place in self.neurons if not 0 <= place < size), None)
            if wrong is not None:
                raise NeuroNetError(f"{self.name}: layer {layer} has neurons 0 to {size - 1}, but no {wrong}")
            return np.asarray(sorted({place for place in self.neurons if able[place]}), dtype=np.int64)
        candidates = np.flatnonzero(able)
        if self.share is None:
            return candidates
        count = round(self.share * size)
        if count < 1:
            raise NeuroNetError(f"{self.name}: a share of {self.share:g} is not even one of the {size} neurons of layer {layer}")
        count = min(count, candidates.size)
        if self.select == "random":
            return np.sort(rng_for(setup, state, layer, self.name).choice(candidates, count, replace=False))
        received = attention_received(setup, state, layer)[candidates]
        order = np.argsort(-received if self.select == "most" else received, kind="stable")
        return np.sort(candidates[order[:count]])


def attention_received(setup: Setup, state: State, layer: int) -> NDArray[np.float64]:
    """The attention that each neuron of a layer receives, the sum of `w^2 / 2` over its listeners, (J,).

    Raises:
        NeuroNetError: It is the output layer, to which nobody listens.
    """
    if layer == len(setup.network.sizes) - 1:
        raise NeuroNetError("nobody listens to output neurons: choose a share of them by chance")
    weights = state.arrays[f"{layer + 1}.weights"].astype(np.float64)
    received: NDArray[np.float64] = (weights * weights).sum(axis=0) / 2
    return received


def nodes_of(setup: Setup, places: Targets) -> tuple[int, ...]:
    """Their nodes in the graph."""
    return tuple(int(setup.network.nodes[layer][place]) for layer, some in places.items() for place in some)
