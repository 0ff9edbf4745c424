"""Synthetic neurons and their observations, to try a policy without an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import array_api_compat
import array_api_compat.numpy
import array_api_compat.torch
import numpy as np
import torch
from numpy.typing import NDArray

from neuronet.core import LAYER_FIELDS, Array, Birth, LayerRandom, Namespace, Observation, Purpose, RandomStream, generator, pick

Floats = NDArray[np.float64]

FIELDS = {
    "potential": "BJ",
    "activity": "BJ",
    "slope": "BJ",
    "attention": "KJ",
    "listener_mask": "KJ",
    "demand": "BK",
    "response": "KJ",
    "broadcast": "BO",
    "reward": "B",
    "speaker_activity": "BI",
    "synapses": "JS",
    "synapse_mask": "JS",
    "layer_demand": "L",
    "layer_response": "L",
}
"""Fields of an observation with their axes; random numbers are drawn in this order."""

OWN_FIELDS = {"intention": "JS", "change": "JS"}
"""Further arguments of `adapt` and `remember`: a neuron's own response, and its actual change."""

LEARNING_RATE = 0.1

OTHER_SEED_OFFSET = 1000
"""Difference between the seeds of two synthetic layers."""


@dataclass(frozen=True)
class Library:
    """Array library in one precision.

    Attributes:
        name: Name for messages.
        xp: Its namespace.
        dtype: Type of all its arrays.
        make: Conversion from numpy.
        values: Conversion to numpy; zeros for arrays without values.
    """

    name: str
    xp: Namespace
    dtype: Any
    make: Callable[[Floats], Array]
    values: Callable[[Array], NDArray[Any]]


def _numpy(precision: str) -> Library:
    xp = array_api_compat.numpy
    return Library(f"numpy in {precision}", xp, np.dtype(precision), lambda a: a.astype(precision), np.asarray)


def _torch(precision: str, device: str = "cpu") -> Library:
    dtype = getattr(torch, precision)
    name = f"torch in {precision}" if device == "cpu" else f"torch on the device '{device}'"
    values = torch.Tensor.numpy if device == "cpu" else lambda a: np.zeros(a.shape)
    return Library(name, array_api_compat.torch, dtype, lambda a: torch.tensor(a, dtype=dtype, device=device), values)


def _strict() -> list[Library]:
    try:
        import array_api_strict as xp
    except ImportError:
        return []
    return [Library("array-api-strict in float64", xp, xp.float64, xp.asarray, np.asarray)]


NUMPY = _numpy("float64")
OTHER_LIBRARIES = (_numpy("float32"), _torch("float64"), _torch("float32"), *_strict())
META = _torch("float64", "meta")
"""Arrays without values, with which branching on a value or leaving the library fails."""


class SyntheticLayer:
    """Layer of synthetic neurons, or several replicas of it, with random observations in any round.

    Args:
        seeds: One for each replica; with several, every array has a leading axis.
        lengths: Length of each axis: B samples, J neurons, K listeners, I speakers, O outputs.
        sparse: Whether some connections are missing; attention and response are 0 there, as in the tensor engine.
        zero_fields: Fields that are 0 throughout.
        reversed_samples: Whether the samples of a round have the opposite order.
        first: Number of the first round.
        demand_scale: Factor of every demand.
        isolated_neuron: Neuron whose own fields are unchanged, while all fields that it cannot see differ; for one replica.

    Attributes:
        lengths: Length of each axis, S synapses and L neurons of the whole layer included.
    """

    def __init__(
        self,
        seeds: Sequence[int] = (1,),
        *,
        lengths: Mapping[str, int] | None = None,
        sparse: bool = False,
        zero_fields: Sequence[str] = (),
        reversed_samples: bool = False,
        first: int = 0,
        demand_scale: float = 1.0,
        isolated_neuron: int | None = None,
    ) -> None:
        self.seeds = tuple(seeds)
        self.lengths = {"B": 5, "J": 4, "K": 3, "I": 6, "O": 2, **(lengths or {})}
        self.lengths["S"], self.lengths["L"] = self.lengths["I"] + 1, self.lengths["J"]
        self.sparse = sparse
        self.zero_fields = frozenset(zero_fields)
        self.reversed_samples = reversed_samples
        self.first = first
        self.demand_scale = demand_scale
        self.isolated_neuron = isolated_neuron

    @property
    def lead(self) -> tuple[int, ...]:
        """The leading axis, if there are several replicas."""
        return (len(self.seeds),) if len(self.seeds) > 1 else ()

    @cached_property
    def connections(self) -> dict[str, NDArray[np.bool_]]:
        """Connections in the first replica: "KJ", listeners to neurons, and "JS", neurons to synapses."""
        return self._connections(self.seeds[0])

    def _connections(self, seed: int) -> dict[str, NDArray[np.bool_]]:
        rng = generator(seed, Purpose.WIRING)
        masks = {axes: rng.random(self.shape(axes)) < (0.6 if self.sparse else 2.0) for axes in ("KJ", "JS")}
        masks["KJ"][:1] = True  # every neuron has a listener
        masks["JS"][:, -1] = True  # every neuron has a bias
        return masks

    def shape(self, axes: str) -> tuple[int, ...]:
        """Return the shape that the letters spell, in one replica."""
        return tuple(self.lengths[letter] for letter in axes)

    def fields(self, number: int) -> dict[str, Floats]:
        """Return all fields of a round, for the whole layer: FIELDS and OWN_FIELDS by name."""
        replicas = [self._fields(seed, number) for seed in self.seeds]
        if self.isolated_neuron is not None:
            others = self._fields(self.seeds[0] + OTHER_SEED_OFFSET, number)
            return {
                name: self._replaced_outside(replicas[0][name], others[name], axes)
                for name, axes in (FIELDS | OWN_FIELDS).items()
            }
        if not self.lead:
            return replicas[0]
        return {name: np.stack([replica[name] for replica in replicas]) for name in replicas[0]}

    def replaced_outside(self, own: Floats, others: Floats, axes: str) -> Floats:
        """Return an array with the part of `isolated_neuron` from `own`, and the rest from `others`."""
        assert self.isolated_neuron is not None
        picks = self.picks(self.isolated_neuron)
        indices = np.ix_(*(np.arange(self.lengths[letter])[picks.get(letter, slice(None))] for letter in axes))
        result = others.copy()
        result[indices] = own[indices]
        return result

    def _replaced_outside(self, own: Floats, others: Floats, axes: str) -> Floats:
        """Return the same, but 0 where the neuron is not connected."""
        if "J" not in axes:
            return self.replaced_outside(own, others, axes)
        index = (slice(None),) * axes.index("J") + (self.isolated_neuron,)
        result = others.copy()
        result[index] = own[index]
        return result

    def _fields(self, seed: int, number: int) -> dict[str, Floats]:
        rng = generator(seed, Purpose.DATA, number)
        fields = {name: rng.standard_normal(self.shape(axes)) for name, axes in (FIELDS | OWN_FIELDS).items()}
        if self.reversed_samples:
            fields = {name: data[::-1] if (FIELDS | OWN_FIELDS)[name].startswith("B") else data for name, data in fields.items()}
        fields["demand"] = fields["demand"] * self.demand_scale
        fields["activity"] = np.tanh(fields["potential"])
        fields["slope"] = 1 - fields["activity"] ** 2
        fields["reward"] = -np.abs(fields["reward"])
        for name in LAYER_FIELDS:
            fields[name] = np.abs(fields[name])
        fields["change"] = 0.1 * fields["intention"]
        for name in self.zero_fields:
            fields[name] = np.zeros_like(fields[name])
        masks = self._connections(seed)
        fields["listener_mask"] = masks["KJ"].astype(np.float64)
        fields["synapse_mask"] = masks["JS"].astype(np.float64)
        fields["synapses"] = fields["synapses"] * masks["JS"]
        fields["attention"] = fields["attention"] * masks["KJ"]
        fields["response"] = fields["demand"].T @ fields["activity"] / self.lengths["B"] * masks["KJ"]
        for name in OWN_FIELDS:
            fields[name] = fields[name] * masks["JS"]
        return fields

    def picks(self, neuron: int) -> dict[str, Any]:
        """Return the parts of every axis that belong to one neuron."""
        synapses = np.flatnonzero(self.connections["JS"][neuron])
        listeners = np.flatnonzero(self.connections["KJ"][:, neuron])
        return {"J": slice(neuron, neuron + 1), "K": listeners, "S": synapses, "I": synapses[:-1]}


class LayerView:
    """View of a synthetic layer, or of one of its neurons, in some array library, round by round.

    Args:
        synthetic: The layer.
        library: Library of the arrays.
        picks: Parts of the axes that are visible; without, all.

    Attributes:
        drawn: Random numbers of the present round, by kind, axes and name.
        drawn_names: Names of all draws in any round; draws at birth do not count.
    """

    def __init__(self, synthetic: SyntheticLayer, library: Library = NUMPY, picks: Mapping[str, Any] | None = None) -> None:
        self.layer = synthetic
        self.library = library
        self.picks = dict(picks or {})
        self.rngs = [LayerRandom(seed, 1, synthetic.lengths) for seed in synthetic.seeds]
        self.other_rng = LayerRandom(synthetic.seeds[0] + OTHER_SEED_OFFSET, 1, synthetic.lengths)
        self.drawn: dict[str, Array] = {}
        self.drawn_names: set[str] = set()
        self.in_round = False
        self.draws = RandomStream(self.draw)

    def draw(self, kind: str, name: str, axes: str) -> Array:
        """Return the visible part of the layer's random numbers."""
        key = f"{kind}:{axes}:{name}"
        if self.in_round:
            self.drawn_names.add(name)
        if key not in self.drawn:
            replicas = [rng.draw(kind, name, axes) for rng in self.rngs]
            if self.layer.isolated_neuron is not None:
                replicas = [self.layer.replaced_outside(replicas[0], self.other_rng.draw(kind, name, axes), axes)]
            self.drawn[key] = self.take(np.stack(replicas) if self.layer.lead else replicas[0], axes)
        return self.drawn[key]

    def take(self, array: Floats, axes: str) -> Array:
        """Return the visible part of an array, in the view's library."""
        return self.library.make(np.array(pick(array, axes, self.picks), order="C"))

    def shape(self, axes: str) -> tuple[int, ...]:
        """Return the visible shape that the letters spell."""
        return tuple(np.shape(pick(np.zeros((*self.layer.lead, *self.layer.shape(axes))), axes, self.picks)))

    def birth(self) -> Birth:
        """Return the random numbers and zeros for the initial memory."""
        return Birth(self.draws, lambda axes: self.library.make(np.zeros(self.shape(axes))))

    def open(self, number: int) -> dict[str, Array]:
        """Begin a round, counted from the layer's first, and return all its fields by name."""
        number += self.layer.first
        self.drawn.clear()
        self.in_round = True
        for rng in (*self.rngs, self.other_rng):
            rng.open(number, self.layer.lengths["B"])
        fields = self.layer.fields(number)
        return {name: self.take(fields[name], axes) for name, axes in (FIELDS | OWN_FIELDS).items()}

    def observe(self, fields: Mapping[str, Array], *, learning: bool = True) -> Observation:
        """Return an observation of the given fields alone; each replica has a learning rate."""
        rate = self.library.make(np.full((*self.layer.lead, 1, 1), LEARNING_RATE)) if self.layer.lead else LEARNING_RATE
        return Observation(xp=self.library.xp, learning_rate=rate, draws=self.draws, learning=learning, **fields)


def example_observation(synthetic: SyntheticLayer | None = None, *, xp: ModuleType | None = None, number: int = 0) -> Observation:
    """Return an observation with all fields of a layer of synthetic neurons, for tests of plug-ins.

    Args:
        synthetic: The layer; without, a small one.
        xp: The array library, such as torch or array_api_strict; without, numpy.
        number: The round.
    """
    library = NUMPY
    if xp is not None:
        namespace = array_api_compat.array_namespace(xp.asarray(0.0))
        library = Library(xp.__name__, namespace, namespace.float64, namespace.asarray, np.asarray)
    view = LayerView(synthetic or SyntheticLayer(), library)
    fields = view.open(number)
    return view.observe({name: fields[name] for name in FIELDS})
