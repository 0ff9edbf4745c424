"""What the two engines have in common: what they are given, what they hand over, what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from neuronet.channels.placement import ChannelAt, channels_by_location
from neuronet.channels.router import check_router_state, is_router_state, layer_delays
from neuronet.core.array_types import Array, Memory
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.learning.optimizers import SGD, Optimizer
from neuronet.core.learning.update_schedule import Synchronous, UpdateSchedule, check_update_schedule
from neuronet.core.payoff import CrossEntropy, Payoff
from neuronet.core.policy import Policy, check_axes
from neuronet.core.random_streams import check_seed
from neuronet.core.structure.network import Bools, Network
from neuronet.core.structure.population import Group, layer_groups, policies_by_layer

DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Setup:
    """All that fixes a game before its first round.

    Attributes:
        network: Who listens to whom, and the weights at the start.
        policies: For each listening layer a policy, or the groups that share it out; a single policy stands for all layers.
        optimizer: How intended changes become changes.
        learning_rate: eta, above 0.
        payoff: What outputs are worth.
        seed: Of all chance within the rounds.
        dtype: "float64" or "float32".
        silent: The nodes of neurons that say nothing, demand nothing and do not adapt; inputs may be among them.
        frozen: The nodes of neurons that speak and demand as ever, but do not adapt.
        max_node: The largest node that there has been, where it may have left; no newcomer has its number.
        channels: Channels between the layers, in the order in which messages pass them.
        update_schedule: Which neurons act in a round.

    Raises:
        NeuroNetError: Something does not fit.
    """

    network: Network
    policies: Policy | Sequence[Policy | Sequence[Group]]
    optimizer: Optimizer = field(default_factory=SGD)
    learning_rate: float = 0.1
    payoff: Payoff = field(default_factory=CrossEntropy)
    seed: int = 0
    dtype: str = "float64"
    silent: frozenset[int] = frozenset()
    frozen: frozenset[int] = frozenset()
    max_node: int = -1
    channels: tuple[ChannelAt, ...] = ()
    update_schedule: UpdateSchedule = field(default_factory=Synchronous)

    def __post_init__(self) -> None:
        for name, part, kind in (
            ("network", self.network, Network),
            ("optimizer", self.optimizer, Optimizer),
            ("payoff", self.payoff, Payoff),
            ("update_schedule", self.update_schedule, UpdateSchedule),
            *(("channels", channel, ChannelAt) for channel in self.channels),
        ):
            if not isinstance(part, kind):
                raise NeuroNetError(f"{name} must be a {kind.__name__}, got {part!r}")
        check_seed(self.seed)
        check_number("learning_rate", self.learning_rate, 0, above=True)
        if self.dtype not in DTYPES:
            raise NeuroNetError(f"dtype must be float32 or float64, got {self.dtype!r}")
        object.__setattr__(self, "policies", policies_by_layer(self.policies, self.network.sizes))
        strange = (self.silent | self.frozen).difference(*(nodes.tolist() for nodes in self.network.nodes))
        if strange:
            raise NeuroNetError(f"node {min(strange)} is not in the network: it can be neither silent nor frozen")
        there = channels_by_location(self.channels, self.network.sizes)  # refuses channels where no layer is
        groups = [group for layer in range(1, len(self.network.sizes)) for group in self.groups(layer)]
        delays = bool(layer_delays(there, len(self.network.sizes)))
        check_update_schedule(self.update_schedule, groups, channels=bool(there), delays=delays)
        expected_arrays(self)  # refuses memory along unknown axes

    def groups(self, layer: int) -> tuple[Group, ...]:
        """The groups of a listening layer, 1 for the first."""
        return layer_groups(self.policies[layer - 1], self.network.sizes[layer], layer)  # type: ignore[index]

    def is_silent(self, layer: int) -> Bools:
        """Which neurons of a layer are silent, (J,); 0 for the inputs."""
        return np.isin(self.network.nodes[layer], list(self.silent))

    def is_fixed(self, layer: int) -> Bools:
        """Which neurons of a layer do not adapt, since they are silent or frozen, (J,)."""
        return np.isin(self.network.nodes[layer], list(self.silent | self.frozen))

    def with_seed(self, seed: int, network: Network) -> Setup:
        """The same game from another seed: for replicas."""
        return replace(self, seed=seed, network=network)


@dataclass(frozen=True, eq=False)
class State:
    """Where a game stands: enough for either engine to go on as if nothing had happened.

    Attributes:
        round: How many rounds have been played.
        arrays: By name; `1.weights` (J, I) and `1.bias` (J,) for the first listening layer, `1.velocity.weights` and so on for
            what its optimizer keeps, `1.group0.NAME` (members, ...) for what the policy of its first group keeps. Where
            channels delay messages, `1.in_flight.demand.0.2` (B, K) for what came into the first one above layer 1 two rounds
            ago,
            and `1.history.2.speaker_activity` (B, I) and the like for what a neuron that waits for late demands keeps of that
            round. R replicas have a leading axis R.
    """

    round: int
    arrays: Mapping[str, np.ndarray[Any, Any]]

    def network(self, old: Network) -> Network:
        """The network with the weights and biases of this state; everything else is the old one's."""
        depth = range(1, len(old.weights) + 1)
        return replace(
            old,
            weights=tuple(self.arrays[f"{layer}.weights"].astype(np.float64) for layer in depth),
            biases=tuple(self.arrays[f"{layer}.bias"].astype(np.float64) for layer in depth),
        )

    def replica(self, index: int) -> State:
        """One of the replicas, alone."""
        return State(self.round, {name: array[index] for name, array in self.arrays.items()})


@dataclass(frozen=True, eq=False)
class LayerSnapshot:
    """A layer as it is, and what it did in the last round: to be read before the next one; R replicas have a leading axis R.

    Attributes:
        activity: (B, J), what each neuron said; None if no round has been played since the game began, or became another one.
        demand: (B, J), how each wanted its own potential to move; None for inputs, and where no demand has arrived yet.
        weights: (J, I), the attention that each pays, 0 where it does not listen; None for inputs.
        bias: (J,); None for inputs.
    """

    activity: np.ndarray[Any, Any] | None = None
    demand: np.ndarray[Any, Any] | None = None
    weights: np.ndarray[Any, Any] | None = None
    bias: np.ndarray[Any, Any] | None = None


class Engine(Protocol):
    """Plays rounds.

    Attributes:
        name: "agents" or "tensors".
        device: Where it computes.
    """

    name: str
    device: str

    @property
    def setups(self) -> Sequence[Setup]:
        """The game of each replica, as it is now."""

    @property
    def round_number(self) -> int:
        """How many rounds have been played."""

    def set_lr_factor(self, factor: float) -> None:
        """Play from now on with this part of the learning rate, above 0; 1 at first."""

    def prepare(self, samples: Samples) -> Samples:
        """The samples in the engine's own library, precision and device; pass these to `play` for speed."""

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round and give the loss of each sample before it, (B,) or (R, B)."""

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds in one call.

        Args:
            samples: What `prepare` gave.
            order: (N,) or (R, N), which samples are played, in this order.
            batch_size: Samples a round; the last may have fewer.

        Returns:
            (rounds,) or (R, rounds), the sum of the samples' losses in each round.
        """

    def speak(self, inputs: Array) -> Array:
        """Begin a round: what the output neurons say to these inputs, (B, O) or (R, B, O); `learn` ends it.

        Together they are `play`, for a world whose payoff is not known beforehand.
        """

    def learn(self, feedback: Array, loss: Array) -> None:
        """End the round that `speak` began: every neuron learns.

        Args:
            feedback: (B, O) or (R, B, O), how the output neurons should want their activity to move; not divided by B.
            loss: (B,) or (R, B), what each sample cost; minus this is the reward that some policies ask to see.

        Raises:
            NeuroNetError: No round was begun, or a shape does not fit.
        """

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (B, O) or (R, B, O); nobody learns."""

    def state(self) -> State:
        """Where the game stands, as numpy copies."""

    def restore(self, state: State) -> None:
        """Go on from there.

        Raises:
            NeuroNetError: The state belongs to another game.
        """

    def use_channels(self, channels: Any) -> None:
        """Let messages pass other channels from the next round on; what is under way is lost."""

    def network(self, replica: int = 0) -> Network:
        """The network as it is now."""

    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """A layer, 0 for the inputs, as it is now, and what it did in the last round.

        Raises:
            NeuroNetError: The engine cannot see all of it.
        """

    def replace_game(self, setups: Sequence[Setup], state: State) -> None:
        """Go on as another game, between two rounds; the learning rate stays at its pace.

        Args:
            setups: The other game, one for each replica, with the same inputs, outputs, seeds and learning rates.
            state: Where it stands.

        Raises:
            NeuroNetError: They do not fit each other.
        """

    def close(self) -> None:
        """Give up all memory; the engine is not used again."""


def check_inputs(shape: tuple[int, ...], expected: int, replicas: int = 1) -> None:
    """Refuse inputs that do not fit the first layer.

    Raises:
        NeuroNetError: They do not.
    """
    lead = () if replicas == 1 else (replicas,)
    fits = len(shape) in (2, 2 + len(lead)) and shape[-1] == expected and shape[-2] > 0
    if not fits or (len(shape) == 3 and shape[:1] != lead):
        raise NeuroNetError(f"inputs must have the shape (samples, {expected}), got {tuple(shape)}")


def check_targets(inputs: tuple[int, ...], targets: tuple[int, ...], outputs: int, payoff: Payoff) -> None:
    """Refuse targets that do not fit their inputs.

    Raises:
        NeuroNetError: They do not.
    """
    # the values of classes are the environment's to answer for: looking at them here would make a GPU wait
    expected = inputs[:-1] if payoff.classes else (*inputs[:-1], outputs)
    if targets != expected:
        raise NeuroNetError(f"{inputs[-2]} samples need targets of shape {expected}, got {targets}")


def check_output_feedback(feedback: tuple[int, ...], loss: tuple[int, ...], outputs: tuple[int, ...] | None) -> None:
    """Refuse a feedback and a loss that do not fit what was said in this round.

    Args:
        feedback: The shape given.
        loss: The shape given.
        outputs: The shape of what the output neurons said; None if no round was begun.

    Raises:
        NeuroNetError: They do not.
    """
    if outputs is None:
        raise NeuroNetError("learn ends a round that speak has begun: call speak(inputs) first")
    if feedback != outputs or loss != outputs[:-1]:
        raise NeuroNetError(f"feedback must have the shape {outputs} and loss {outputs[:-1]}, got {feedback} and {loss}")


def check_replicas(setups: Sequence[Setup]) -> None:
    """Refuse games that cannot be played at once.

    Raises:
        NeuroNetError: They differ in more than seed, network, learning rate and the parameters of policies.
    """
    if not setups:
        raise NeuroNetError("the tensor engine needs a game to play")
    first = setups[0]
    for other in setups[1:]:
        alike = (other.network.sizes, other.network.activations) == (first.network.sizes, first.network.activations)
        same = (other.optimizer, other.payoff, other.dtype) == (first.optimizer, first.payoff, first.dtype)
        same = same and (other.channels, other.update_schedule) == (first.channels, first.update_schedule)
        if not alike or not same:
            raise NeuroNetError("replicas must be the same game but for seed, network, learning rate and policies")
        if expected_arrays(other) != expected_arrays(first) or _group_sizes(other) != _group_sizes(first):
            raise NeuroNetError("replicas must have as many followers of each policy, and policies that keep the same")


def _group_sizes(setup: Setup) -> list[list[int]]:
    depth = range(1, len(setup.network.sizes))
    return [[len(group.members) for group in setup.groups(layer)] for layer in depth]


def expected_arrays(setup: Setup) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a state's arrays for a game, without the axis of replicas."""
    shapes: dict[str, tuple[int, ...]] = {}
    sizes = setup.network.sizes
    for layer in range(1, len(sizes)):
        here, below = sizes[layer], sizes[layer - 1]
        for kept in ("", *(f"{name}." for name in setup.optimizer.state_names)):
            shapes[f"{layer}.{kept}weights"] = (here, below)
            shapes[f"{layer}.{kept}bias"] = (here,)
        for number, group in enumerate(setup.groups(layer)):
            lengths = axis_lengths(sizes, layer) | {"J": len(group.members)}
            for name, axes in group.policy.memory_axes.items():
                check_axes(name, axes)
                if "J" not in axes and setup.network.masks[layer - 1] is not None:
                    raise NeuroNetError(
                        f"{group.policy!r} keeps '{name}' in common, but not all neurons of layer {layer} hear all speakers: "
                        "use dense wiring"
                    )
                shapes[memory_name(layer, number, name)] = tuple(lengths[letter] for letter in axes)
    return shapes


def memory_name(layer: int, group: int, name: str) -> str:
    """What a group's memory is called in a state: `2.group0.income` in the first group of layer 2."""
    return f"{layer}.group{group}.{name}"


def axis_lengths(sizes: Sequence[int], layer: int) -> dict[str, int]:
    """The lengths of the axes J, K, I, S and O as the neurons of a layer see them."""
    listeners = sizes[layer + 1] if layer + 1 < len(sizes) else 0
    return {"J": sizes[layer], "K": listeners, "I": sizes[layer - 1], "S": sizes[layer - 1] + 1, "O": sizes[-1]}


def check_memory(policy: Policy, memory: Memory) -> None:
    """Refuse a memory whose arrays are not those that the policy declares.

    Raises:
        NeuroNetError: They are not.
    """
    if memory.keys() != policy.memory_axes.keys():
        expected = ", ".join(policy.memory_axes) or "nothing"
        raise NeuroNetError(f"{policy!r} must keep {expected}, as it declares, but it remembers {', '.join(memory) or 'nothing'}")


def check_state(state: State, setups: Sequence[Setup]) -> None:
    """Refuse a state that belongs to another game than this one, or these replicas.

    Raises:
        NeuroNetError: A name or a shape differs.
    """
    lead = () if len(setups) == 1 else (len(setups),)
    expected = expected_arrays(setups[0])
    check_router_state(state.arrays, setups[0].channels, setups[0].network.sizes, len(lead))
    names = {name for name in state.arrays if not is_router_state(name)}
    if names != expected.keys():
        odd = sorted(names ^ expected.keys())[0]
        raise NeuroNetError(f"the state is of another game: '{odd}' is {'missing' if odd in expected else 'unknown'}")
    for name, shape in expected.items():
        if state.arrays[name].shape != lead + shape:
            raise NeuroNetError(f"the state is of another game: '{name}' must be {lead + shape}, got {state.arrays[name].shape}")
    for replica, setup in enumerate(setups):
        for layer, mask in enumerate(setup.network.masks, start=1):
            for kept in ("", *(f"{name}." for name in setup.optimizer.state_names)):
                array = state.arrays[f"{layer}.{kept}weights"]
                if mask is not None and (array[replica] if lead else array)[~mask].any():
                    raise NeuroNetError(
                        f"the state is of another game: '{layer}.{kept}weights' has some where nobody is connected"
                    )
