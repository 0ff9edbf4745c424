"""Random games with everything that a run can have, for hypothesis to draw and to make smaller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from neuronet.core.activation import ACTIVATIONS
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.core.learning.update_schedule import Inactive, PartialUpdate, Synchronous
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.core.structure.population import Group
from neuronet.core.structure.sparse_network import with_layout
from neuronet.core.structure.wiring import Dense, SmallWorld, Sparse
from neuronet.engines.base import Setup
from neuronet.interventions import Intervention, parse_intervention
from neuronet.registry import as_channels, build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import feasible_wiring

WIRINGS = st.one_of(
    st.just(Dense()),
    st.builds(Sparse, st.floats(0.05, 1.0)),
    st.builds(SmallWorld, st.integers(1, 8), st.floats(0.0, 1.0)),
)
POLICIES = st.sampled_from([*toys.SHIPPED, *toys.TOYS])
OPTIMIZERS = {
    "float64": st.sampled_from([SGD(), Momentum(), Momentum(0.5), Adam(epsilon=1e-4), Adam()]),
    "float32": st.sampled_from([SGD(), Momentum()]),
}
KERNELS = {"float64": ["auto", "compiled"], "float32": ["auto", "compiled", "onednn"]}
SCHEDULES = st.one_of(st.just(Synchronous()), st.builds(PartialUpdate, st.floats(0.1, 1)), st.builds(Inactive, st.floats(0, 0.9)))
CHANNELS = {
    "activity": [
        "dropout(0.3)",
        "dropout(0.4, masks_feedback=false)",
        "noise(0.3)",
        "quantize(3)",
        "k-winners(0.5)",
        "k-winners(0.1)",
    ],
    "demand": ["dropout(0.3)", "noise(0.3)", "quantize(2)", "k-winners(0.1)", "k-winners(0.5)", "delay(1)", "delay(2)"],
}
INTERVENTIONS = (
    "lesion(layer={layer}, share=0.4)",
    'lesion(layer={layer}, share=0.5, select="most")',
    "lesion(layer={layer}, neurons=[0])",
    "revive()",
    "freeze(layer={layer}, neurons=[0])",
    "thaw()",
    "noise(sigma=0.3, layer={layer})",
    "switch(policy=greedy, layer={layer}, share=0.5)",
    "switch(policy=attention, layer={layer})",
    "rewire(layer={layer}, fraction=0.4)",
    "connect(layer={layer}, pairs=[[0, 0]])",
    "disconnect(layer={layer}, pairs=[[0, 0]])",
    "add(layer={layer}, neurons=2, policy=greedy)",
    "add(layer={layer}, neurons=1)",
    "remove(layer={layer}, neurons=[0])",
    "add_layer(after={layer})",
    "remove_layer(layer={layer})",
)


@dataclass(frozen=True)
class RandomGame:
    """A game to play on both engines.

    Attributes:
        setups: Setup of each replica.
        samples: The samples that are played.
        order: (N,) or (R, N), their order.
        batch_size: Samples a round; the last round may have fewer.
        interventions: Interventions, each with the number of rounds before it, ascending.
        kernels: Kernels of the tensor engine; "onednn" is for products of all sizes.
    """

    setups: tuple[Setup, ...]
    samples: Samples
    order: np.ndarray
    batch_size: int
    interventions: tuple[tuple[int, Intervention], ...]
    kernels: str

    @property
    def setup(self) -> Setup:
        """Setup of the first replica."""
        return self.setups[0]

    @property
    def rounds(self) -> int:
        """Number of rounds."""
        return -(-self.order.shape[-1] // self.batch_size)

    def options(self) -> Iterator[str]:
        """Yield what the game has, for counts."""
        setup = self.setup
        yield f"replicas {len(self.setups)}"
        yield f"dtype {setup.dtype}, kernels {self.kernels}"
        yield f"optimizer {setup.optimizer}"
        yield f"payoff {type(setup.payoff).__name__}, {min(setup.network.sizes[-1], 4)} outputs"
        yield f"update schedule {type(setup.update_schedule).__name__}"
        yield f"listening layers {len(setup.network.weights)}"
        yield f"wiring {_wiring(setup.network)}"
        yield f"activation {setup.network.activations[0]}"
        yield from {f"channel {channel.direction}:{type(channel.channel).__name__}" for channel in setup.channels}
        yield from {f"intervention {type(intervention).__name__}" for _, intervention in self.interventions}
        groups = [group for layer in range(1, len(setup.network.sizes)) for group in setup.groups(layer)]
        yield from {f"policy {type(group.policy).__name__}" for group in groups}
        yield f"groups {'one a layer' if len(groups) == len(setup.network.weights) else 'several in a layer'}"

    def segments(self) -> Iterator[tuple[int, int, list[Intervention]]]:
        """Yield the first round and the round after the last between interventions, and the interventions before them."""
        times = sorted({0, *(number for number, _ in self.interventions), self.rounds})
        for start, stop in pairwise(times):
            yield start, stop, [intervention for number, intervention in self.interventions if number == start]

    def round_order(self, start: int, stop: int) -> np.ndarray:
        """Return the indices of the samples of some rounds."""
        return self.order[..., start * self.batch_size : stop * self.batch_size]


def _wiring(network):
    if network.is_sparse:
        return "with gaps, sparse layout"
    return "dense" if all(mask is None for mask in network.masks) else "with gaps"


def layer_policies(size):
    """Return a policy for a layer of this size, or two that share its neurons."""
    if size == 1:
        return POLICIES
    members = st.integers(1, 2**size - 2).map(lambda bits: tuple(place for place in range(size) if bits >> place & 1))
    shared = st.builds(_shared_layer, st.just(size), members, POLICIES, POLICIES)
    return st.one_of(POLICIES, shared)


def _shared_layer(size, some, first, second):
    return [Group(first, some), Group(second, tuple(sorted(set(range(size)) - set(some))))]


@st.composite
def channels(draw, layers):
    """Draw up to two channels, of any layer or of all."""
    specs = []
    for _ in range(draw(st.integers(0, 2))):
        direction = draw(st.sampled_from(list(CHANNELS)))
        layer = draw(st.sampled_from(["", *(f"@{layer}" for layer in range(1 if direction == "demand" else 0, layers))]))
        specs.append(f"{direction}{layer}:{draw(st.sampled_from(CHANNELS[direction]))}")
    return as_channels(specs) if specs else ()


@st.composite
def interventions(draw, layers, rounds):
    """Draw up to two interventions, with their times."""
    found = []
    for _ in range(draw(st.integers(0, 2))):
        spec = draw(st.sampled_from(INTERVENTIONS)).format(layer=draw(st.integers(1, layers)))
        found.append((draw(st.integers(0, rounds - 1)), parse_intervention(spec)))
    return tuple(sorted(found, key=lambda entry: entry[0]))


@st.composite
def random_games(draw):
    """Draw a game, and samples that fit it."""
    sizes = draw(st.lists(st.integers(1, 7), min_size=2, max_size=5))
    policies = [draw(layer_policies(size)) for size in sizes[1:]]
    wiring = feasible_wiring(draw(WIRINGS), policies)
    activation = draw(st.sampled_from(list(ACTIVATIONS)))
    output_activation = draw(st.sampled_from(["identity", "identity", "tanh"]))
    replicas = draw(st.integers(1, 3))
    dtype = draw(st.sampled_from(["float64", "float64", "float32"]))
    classes = draw(st.booleans())
    common = {
        "optimizer": draw(OPTIMIZERS[dtype]),
        "payoff": CrossEntropy() if classes else SquaredError(),
        "dtype": dtype,
        "channels": draw(channels(len(sizes) - 1)) if draw(st.booleans()) else (),
        "update_schedule": draw(SCHEDULES) if draw(st.booleans()) else Synchronous(),
    }
    layout = draw(st.sampled_from(["dense", "dense", "sparse"])) if replicas == 1 else "dense"
    shape = {"connectivity": wiring, "activation": activation, "output_activation": output_activation, "layout": layout}
    setups = []
    for _ in range(replicas):
        seed = draw(st.integers(0, 1000))
        network = build_network(sizes, **shape, seed=seed)
        setups.append(_setup(network, policies, seed, draw(st.sampled_from([0.01, 0.05])), common))
    count, batch_size, rounds = draw(st.integers(1, 12)), draw(st.integers(1, 9)), draw(st.integers(1, 6))
    last = draw(st.integers(1, batch_size))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    inputs = rng.standard_normal((count, sizes[0]))
    targets = rng.integers(0, sizes[-1], count) if classes else rng.standard_normal((count, sizes[-1]))
    lead = () if replicas == 1 else (replicas,)
    order = rng.integers(0, count, (*lead, (rounds - 1) * batch_size + last))
    changes = draw(interventions(len(sizes) - 1, rounds)) if draw(st.booleans()) else ()
    kernels = draw(st.sampled_from(KERNELS[dtype]))
    return RandomGame(tuple(setups), Samples(inputs, targets), order, batch_size, changes, kernels)


def _setup(network, policies, seed, rate, common):
    """Return the setup; without the sparse layout, then also without channels and update schedule, where these do not fit."""
    options, dense = {"learning_rate": rate, "seed": seed, **common}, with_layout(network, "dense")
    for made in (network, dense):
        with suppress(NeuroNetError):
            return Setup(made, policies, **options)
    return Setup(dense, policies, **{**options, "channels": (), "update_schedule": Synchronous()})
