"""Made-up neurons and what they see, so that a policy can be tried without an engine."""

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

from neuronet.core.array_types import Array, Namespace
from neuronet.core.observation import Birth, Observation
from neuronet.core.random_streams import LayerRandom, Purpose, RandomStream, generator, pick

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
}
"""What a neuron can see, with its axes in letters."""

OWN_FIELDS = {"intention": "JS", "change": "JS"}
"""What the verbs `adapt` and `remember` are told besides: a neuron's own response, and the change that came of it."""


LEARNING_RATE = 0.1

OTHER_SEED_OFFSET = 1000
"""How far the seed of another scene is away."""


@dataclass(frozen=True)
class Library:
    """An array library in one precision.

    Attributes:
        name: For messages.
        xp: Its namespace.
        dtype: Of all its arrays.
        make: From numpy.
        values: To numpy; zeros where arrays have shapes but no values.
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
"""Its arrays have no values, so that nothing can branch on a value or leave the library unnoticed."""


class SyntheticLayer:
    """A layer of made-up neurons, or several replicas of it, and what they see in any round.

    Args:
        seeds: One for each replica; with several, every array has a leading axis.
        lengths: How many of each letter: B samples, J neurons, K listeners, I speakers, O outputs.
        sparse: Whether some connections are missing; attention and response are 0 there, as in the tensor engine.
        zero_fields: Sights that are 0 throughout.
        reversed_samples: Whether the samples of a round come in the opposite order.
        first: The number of the first round.
        isolated_neuron: The one neuron to whom everything is as without this, while whatever it cannot see is another's; for
            one replica.

    Attributes:
        lengths: Of each letter, S synapses included.
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
        isolated_neuron: int | None = None,
    ) -> None:
        self.seeds = tuple(seeds)
        self.lengths = {"B": 5, "J": 4, "K": 3, "I": 6, "O": 2, **(lengths or {})}
        self.lengths["S"] = self.lengths["I"] + 1
        self.sparse = sparse
        self.zero_fields = frozenset(zero_fields)
        self.reversed_samples = reversed_samples
        self.first = first
        self.isolated_neuron = isolated_neuron

    @property
    def lead(self) -> tuple[int, ...]:
        """The leading axis, if there are several replicas."""
        return (len(self.seeds),) if len(self.seeds) > 1 else ()

    @cached_property
    def connections(self) -> dict[str, NDArray[np.bool_]]:
        """Who is connected, in the first replica: "KJ", listeners to neurons, and "JS", neurons to synapses."""
        return self._connections(self.seeds[0])

    def _connections(self, seed: int) -> dict[str, NDArray[np.bool_]]:
        rng = generator(seed, Purpose.WIRING)
        masks = {axes: rng.random(self.shape(axes)) < (0.6 if self.sparse else 2.0) for axes in ("KJ", "JS")}
        masks["KJ"][:1] = True  # nobody is unheard
        masks["JS"][:, -1] = True  # everybody has a bias
        return masks

    def shape(self, axes: str) -> tuple[int, ...]:
        """The shape that the letters spell, in one replica."""
        return tuple(self.lengths[letter] for letter in axes)

    def fields(self, number: int) -> dict[str, Floats]:
        """What there is to see in a round, for the whole layer: FIELDS and OWN_FIELDS by name."""
        replicas = [self._fields(seed, number) for seed in self.seeds]
        if self.isolated_neuron is not None:
            others = self._fields(self.seeds[0] + OTHER_SEED_OFFSET, number)
            return {
                name: self._replaced_outside(replicas[0][name], others[name], axes)
                for name, axes in (FIELDS | OWN_FIELDS).items()
            }
        return {name: np.stack([each[name] for each in replicas]) if self.lead else replicas[0][name] for name in replicas[0]}

    def replaced_outside(self, own: Floats, others: Floats, axes: str) -> Floats:
        """The part of an array that the neuron `isolated_neuron` sees, among what is another's."""
        assert self.isolated_neuron is not None
        picks = self.picks(self.isolated_neuron)
        places = np.ix_(*(np.arange(self.lengths[letter])[picks.get(letter, slice(None))] for letter in axes))
        result = others.copy()
        result[places] = own[places]
        return result

    def _replaced_outside(self, own: Floats, others: Floats, axes: str) -> Floats:
        """As `replaced_outside`; but where the neuron is not connected, it keeps its 0."""
        if "J" not in axes:
            return self.replaced_outside(own, others, axes)
        place = (slice(None),) * axes.index("J") + (self.isolated_neuron,)
        result = others.copy()
        result[place] = own[place]
        return result

    def _fields(self, seed: int, number: int) -> dict[str, Floats]:
        rng = generator(seed, Purpose.DATA, number)
        fields = {name: rng.standard_normal(self.shape(axes)) for name, axes in (FIELDS | OWN_FIELDS).items()}
        if self.reversed_samples:
            fields = {name: data[::-1] if (FIELDS | OWN_FIELDS)[name].startswith("B") else data for name, data in fields.items()}
        fields["activity"] = np.tanh(fields["potential"])
        fields["slope"] = 1 - fields["activity"] ** 2
        fields["reward"] = -np.abs(fields["reward"])
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
        """The parts of every axis that belong to one neuron."""
        synapses = np.flatnonzero(self.connections["JS"][neuron])
        listeners = np.flatnonzero(self.connections["KJ"][:, neuron])
        return {"J": slice(neuron, neuron + 1), "K": listeners, "S": synapses, "I": synapses[:-1]}


class LayerView:
    """A synthetic layer, or one of its neurons, watching round after round in some array library.

    Args:
        synthetic: What is watched.
        library: Whose arrays it sees.
        picks: The parts that it sees; without, everything.

    Attributes:
        drawn: The random numbers of the present round, by kind, axes and name.
        drawn_names: The names of all draws that were asked for in any round; those of birth do not count.
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
        self.draws = RandomStream(self._draw)

    def _draw(self, kind: str, name: str, axes: str) -> Array:
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
        """This watcher's part of an array, in its own library."""
        return self.library.make(np.array(pick(array, axes, self.picks), order="C"))

    def shape(self, axes: str) -> tuple[int, ...]:
        """The shape that the letters spell for this watcher."""
        return tuple(np.shape(pick(np.zeros((*self.layer.lead, *self.layer.shape(axes))), axes, self.picks)))

    def birth(self) -> Birth:
        """What it is told when it is born."""
        return Birth(self.draws, lambda axes: self.library.make(np.zeros(self.shape(axes))))

    def open(self, number: int) -> dict[str, Array]:
        """Begin a round, counted from the scene's first; gives everything that there is to see in it, by name."""
        number += self.layer.first
        self.drawn.clear()
        self.in_round = True
        for rng in (*self.rngs, self.other_rng):
            rng.open(number, self.layer.lengths["B"])
        whole = self.layer.fields(number)
        return {name: self.take(whole[name], axes) for name, axes in (FIELDS | OWN_FIELDS).items()}

    def observe(self, fields: Mapping[str, Array], *, learning: bool = True) -> Observation:
        """An observation that shows the given sights and hides the others; replicas have a learning rate each."""
        rate = self.library.make(np.full((*self.layer.lead, 1, 1), LEARNING_RATE)) if self.layer.lead else LEARNING_RATE
        return Observation(xp=self.library.xp, learning_rate=rate, draws=self.draws, learning=learning, **fields)


def example_observation(synthetic: SyntheticLayer | None = None, *, xp: ModuleType | None = None, number: int = 0) -> Observation:
    """All that a layer of made-up neurons can see, for tests of one's own.

    Args:
        synthetic: What to see; without, a small one.
        xp: The array library, such as torch or array_api_strict; numpy without.
        number: The round.
    """
    library = NUMPY
    if xp is not None:
        namespace = array_api_compat.array_namespace(xp.asarray(0.0))
        library = Library(xp.__name__, namespace, namespace.float64, namespace.asarray, np.asarray)
    view = LayerView(synthetic or SyntheticLayer(), library)
    fields = view.open(number)
    return view.observe({name: fields[name] for name in FIELDS})
