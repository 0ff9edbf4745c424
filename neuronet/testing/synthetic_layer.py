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
from neuronet.core.observation import Observation, Place
from neuronet.core.random_streams import Draws, LayerChance, Purpose, generator, pick

Floats = NDArray[np.float64]

SIGHTS = {
    "potential": "BJ",
    "activity": "BJ",
    "slope": "BJ",
    "attention": "KJ",
    "connected": "KJ",
    "demand": "BK",
    "response": "KJ",
    "broadcast": "BO",
    "reward": "B",
    "heard": "BI",
    "synapses": "JS",
    "listening": "JS",
}
"""What a neuron can see, with its axes in letters."""

OWN = {"intention": "JS", "change": "JS"}
"""What the verbs `adapt` and `remember` are told besides: a neuron's own response, and the change that came of it."""


LEARNING_RATE = 0.1

ANOTHER = 1000
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
OTHERS = (_numpy("float32"), _torch("float64"), _torch("float32"), *_strict())
SHAPES_ALONE = _torch("float64", "meta")
"""Its arrays have no values, so that nothing can branch on a value or leave the library unnoticed."""


class Scene:
    """A layer of made-up neurons, or several replicas of it, and what they see in any round.

    Args:
        seeds: One for each replica; with several, every array has a leading axis.
        lengths: How many of each letter: B samples, J neurons, K listeners, I speakers, O outputs.
        sparse: Whether some connections are missing; attention and response are 0 there, as in the tensor engine.
        silent: Sights that are 0 throughout.
        backwards: Whether the samples of a round come in the opposite order.
        first: The number of the first round.
        alike: The one neuron to whom everything is as without this, while whatever it cannot see is another's; for one replica.

    Attributes:
        lengths: Of each letter, S synapses included.
    """

    def __init__(
        self,
        seeds: Sequence[int] = (1,),
        *,
        lengths: Mapping[str, int] | None = None,
        sparse: bool = False,
        silent: Sequence[str] = (),
        backwards: bool = False,
        first: int = 0,
        alike: int | None = None,
    ) -> None:
        self.seeds = tuple(seeds)
        self.lengths = {"B": 5, "J": 4, "K": 3, "I": 6, "O": 2, **(lengths or {})}
        self.lengths["S"] = self.lengths["I"] + 1
        self.sparse = sparse
        self.silent = frozenset(silent)
        self.backwards = backwards
        self.first = first
        self.alike = alike

    @property
    def lead(self) -> tuple[int, ...]:
        """The leading axis, if there are several replicas."""
        return (len(self.seeds),) if len(self.seeds) > 1 else ()

    @cached_property
    def connections(self) -> dict[str, NDArray[np.bool_]]:
        """Who is connected, in the first replica: "KJ", listeners to neurons, and "JS", neurons to synapses."""
        return self._connections(self.seeds[0])

    def _connections(self, seed: int) -> dict[str, NDArray[np.bool_]]:
        chance = generator(seed, Purpose.WIRING)
        there = {axes: chance.random(self.shape(axes)) < (0.6 if self.sparse else 2.0) for axes in ("KJ", "JS")}
        there["KJ"][:1] = True  # nobody is unheard
        there["JS"][:, -1] = True  # everybody has a bias
        return there

    def shape(self, axes: str) -> tuple[int, ...]:
        """The shape that the letters spell, in one replica."""
        return tuple(self.lengths[letter] for letter in axes)

    def sights(self, number: int) -> dict[str, Floats]:
        """What there is to see in a round, for the whole layer: SIGHTS and OWN by name."""
        replicas = [self._sights(seed, number) for seed in self.seeds]
        if self.alike is not None:
            others = self._sights(self.seeds[0] + ANOTHER, number)
            return {name: self._among(replicas[0][name], others[name], axes) for name, axes in (SIGHTS | OWN).items()}
        return {name: np.stack([each[name] for each in replicas]) if self.lead else replicas[0][name] for name in replicas[0]}

    def mixed(self, own: Floats, others: Floats, axes: str) -> Floats:
        """The part of an array that the neuron `alike` sees, among what is another's."""
        assert self.alike is not None
        picks = self.picks(self.alike)
        places = np.ix_(*(np.arange(self.lengths[letter])[picks.get(letter, slice(None))] for letter in axes))
        mix = others.copy()
        mix[places] = own[places]
        return mix

    def _among(self, own: Floats, others: Floats, axes: str) -> Floats:
        """As `mixed`; but where the neuron is not connected, it keeps its 0."""
        if "J" not in axes:
            return self.mixed(own, others, axes)
        place = (slice(None),) * axes.index("J") + (self.alike,)
        mix = others.copy()
        mix[place] = own[place]
        return mix

    def _sights(self, seed: int, number: int) -> dict[str, Floats]:
        chance = generator(seed, Purpose.DATA, number)
        sights = {name: chance.standard_normal(self.shape(axes)) for name, axes in (SIGHTS | OWN).items()}
        if self.backwards:
            sights = {name: sight[::-1] if (SIGHTS | OWN)[name].startswith("B") else sight for name, sight in sights.items()}
        sights["activity"] = np.tanh(sights["potential"])
        sights["slope"] = 1 - sights["activity"] ** 2
        sights["reward"] = -np.abs(sights["reward"])
        sights["change"] = 0.1 * sights["intention"]
        for name in self.silent:
            sights[name] = np.zeros_like(sights[name])
        there = self._connections(seed)
        sights["connected"] = there["KJ"].astype(np.float64)
        sights["listening"] = there["JS"].astype(np.float64)
        sights["synapses"] = sights["synapses"] * there["JS"]
        sights["attention"] = sights["attention"] * there["KJ"]
        sights["response"] = sights["demand"].T @ sights["activity"] / self.lengths["B"] * there["KJ"]
        for name in OWN:
            sights[name] = sights[name] * there["JS"]
        return sights

    def picks(self, neuron: int) -> dict[str, Any]:
        """The parts of every axis that belong to one neuron."""
        synapses = np.flatnonzero(self.connections["JS"][neuron])
        listeners = np.flatnonzero(self.connections["KJ"][:, neuron])
        return {"J": slice(neuron, neuron + 1), "K": listeners, "S": synapses, "I": synapses[:-1]}


class Watcher:
    """One layer of a scene, or one of its neurons, watching round after round in some array library.

    Args:
        scene: What is watched.
        library: Whose arrays it sees.
        picks: The parts that it sees; without, everything.

    Attributes:
        drawn: The random numbers of the present round, by kind, axes and name.
        asked: The names of all draws that were asked for in any round; those of birth do not count.
    """

    def __init__(self, scene: Scene, library: Library = NUMPY, picks: Mapping[str, Any] | None = None) -> None:
        self.scene = scene
        self.library = library
        self.picks = dict(picks or {})
        self.chances = [LayerChance(seed, 1, scene.lengths) for seed in scene.seeds]
        self.strangers = LayerChance(scene.seeds[0] + ANOTHER, 1, scene.lengths)
        self.drawn: dict[str, Array] = {}
        self.asked: set[str] = set()
        self.in_play = False
        self.draws = Draws(self._draw)

    def _draw(self, kind: str, name: str, axes: str) -> Array:
        key = f"{kind}:{axes}:{name}"
        if self.in_play:
            self.asked.add(name)
        if key not in self.drawn:
            replicas = [chance.draw(kind, name, axes) for chance in self.chances]
            if self.scene.alike is not None:
                replicas = [self.scene.mixed(replicas[0], self.strangers.draw(kind, name, axes), axes)]
            self.drawn[key] = self.see(np.stack(replicas) if self.scene.lead else replicas[0], axes)
        return self.drawn[key]

    def see(self, array: Floats, axes: str) -> Array:
        """This watcher's part of an array, in its own library."""
        return self.library.make(np.array(pick(array, axes, self.picks), order="C"))

    def shape(self, axes: str) -> tuple[int, ...]:
        """The shape that the letters spell for this watcher."""
        return tuple(np.shape(pick(np.zeros((*self.scene.lead, *self.scene.shape(axes))), axes, self.picks)))

    def place(self) -> Place:
        """What it is told when it is born."""
        return Place(self.draws, lambda axes: self.library.make(np.zeros(self.shape(axes))))

    def open(self, number: int) -> dict[str, Array]:
        """Begin a round, counted from the scene's first; gives everything that there is to see in it, by name."""
        number += self.scene.first
        self.drawn.clear()
        self.in_play = True
        for chance in (*self.chances, self.strangers):
            chance.open(number, self.scene.lengths["B"])
        whole = self.scene.sights(number)
        return {name: self.see(whole[name], axes) for name, axes in (SIGHTS | OWN).items()}

    def observe(self, sights: Mapping[str, Array], *, learning: bool = True) -> Observation:
        """An observation that shows the given sights and hides the others; replicas have a learning rate each."""
        rate = self.library.make(np.full((*self.scene.lead, 1, 1), LEARNING_RATE)) if self.scene.lead else LEARNING_RATE
        return Observation(xp=self.library.xp, learning_rate=rate, draws=self.draws, learning=learning, **sights)


def glimpse(scene: Scene | None = None, *, xp: ModuleType | None = None, number: int = 0) -> Observation:
    """All that a layer of made-up neurons can see, for tests of one's own.

    Args:
        scene: What to see; without, a small one.
        xp: The array library, such as torch or array_api_strict; numpy without.
        number: The round.
    """
    library = NUMPY
    if xp is not None:
        namespace = array_api_compat.array_namespace(xp.asarray(0.0))
        library = Library(xp.__name__, namespace, namespace.float64, namespace.asarray, np.asarray)
    watcher = Watcher(scene or Scene(), library)
    sights = watcher.open(number)
    return watcher.observe({name: sights[name] for name in SIGHTS})
