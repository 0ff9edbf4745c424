"""The setup of a game: everything that is fixed before its first round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from neuronet.channels import ChannelAt, channels_by_location, layer_delays
from neuronet.core import (
    SGD,
    Bools,
    ConfigurationError,
    CrossEntropy,
    Group,
    Layers,
    Network,
    Optimizer,
    Payoff,
    Policy,
    Population,
    Shares,
    StateError,
    Synchronous,
    UpdateSchedule,
    check_axes,
    check_number,
    check_seed,
    check_signatures,
    check_update_schedule,
    layer_groups,
    policies_by_layer,
    shown,
)
from neuronet.registry import Policies, parse_population

DTYPES = ("float32", "float64")


@dataclass(frozen=True, init=False)
class Setup:
    """Everything that fixes a game before its first round.

    Attributes:
        network: The connections, and the weights and biases at the start.
        policies: One policy, or a tuple of groups, for each listening layer; the constructor also takes a single policy, a
            Population, and texts such as "attention:0.9,free-rider:0.1", as `train` does. The seed draws the members of shares.
        optimizer: Turns intended changes into changes.
        learning_rate: eta, above 0.
        payoff: Loss of the outputs, and the feedback of the output neurons.
        seed: Seed of all random numbers within the rounds.
        dtype: "float64" or "float32".
        silent: Nodes of neurons whose activity and demand are 0 and that do not adapt; inputs are allowed.
        frozen: Nodes of neurons that speak and demand, but do not adapt.
        max_node: Largest node number that was ever used; new neurons get higher ones.
        channels: Channels between the layers, in the order in which messages pass them.
        update_schedule: Which neurons act in which round.

    Raises:
        ConfigurationError: Two parts do not fit each other, or a value is out of range.
        SpecError: The text of a policy cannot be parsed.
        StateError: A silent or frozen node is not in the network.
    """

    network: Network
    policies: Layers
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

    def __init__(
        self,
        network: Network,
        policies: Policies | Iterable[Policy | Iterable[Group]],
        optimizer: Optimizer | None = None,
        learning_rate: float = 0.1,
        payoff: Payoff | None = None,
        seed: int = 0,
        dtype: str = "float64",
        silent: frozenset[int] = frozenset(),
        frozen: frozenset[int] = frozenset(),
        max_node: int = -1,
        channels: Iterable[ChannelAt] = (),
        update_schedule: UpdateSchedule | None = None,
    ) -> None:
        optimizer, payoff = SGD() if optimizer is None else optimizer, CrossEntropy() if payoff is None else payoff
        update_schedule, channels = Synchronous() if update_schedule is None else update_schedule, tuple(channels)
        for name, part, kind in (
            ("network", network, Network),
            ("optimizer", optimizer, Optimizer),
            ("payoff", payoff, Payoff),
            ("update_schedule", update_schedule, UpdateSchedule),
            *(("channels", channel, ChannelAt) for channel in channels),
        ):
            if not isinstance(part, kind):
                raise ConfigurationError(f"{name} must be a {kind.__name__}, got {shown(part)}")
        check_seed(seed)
        check_number("learning_rate", learning_rate, 0, above=True)
        if dtype not in DTYPES:
            raise ConfigurationError(f"dtype must be float32 or float64, got {dtype!r}")
        unknown = (silent | frozen).difference(*(nodes.tolist() for nodes in network.nodes))
        if unknown:
            raise StateError(f"node {min(unknown)} is not in the network: it can be neither silent nor frozen")
        values = {
            "network": network,
            "policies": policies_by_layer(_with_groups(policies, network, seed), network.sizes),
            "optimizer": optimizer,
            "learning_rate": learning_rate,
            "payoff": payoff,
            "seed": seed,
            "dtype": dtype,
            "silent": silent,
            "frozen": frozen,
            "max_node": max_node,
            "channels": channels,
            "update_schedule": update_schedule,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check_parts()

    def _check_parts(self) -> None:
        sizes = self.network.sizes
        channels_at = channels_by_location(self.channels, sizes)
        groups = [group for layer in range(1, len(sizes)) for group in self.groups(layer)]
        channels = [channel.channel for channel in self.channels]
        policies = {id(group.policy): group.policy for group in groups}  # a policy may be unhashable
        for plug_in in (*policies.values(), self.optimizer, self.payoff, *channels):
            check_signatures(plug_in)
        delays = bool(layer_delays(channels_at, len(sizes)))
        check_update_schedule(self.update_schedule, groups, channels=bool(channels_at), delays=delays)
        for layer in range(1, len(sizes)):
            for group in self.groups(layer):
                self._check_memory_axes(layer, group)

    def _check_memory_axes(self, layer: int, group: Group) -> None:
        for name, axes in group.policy.memory_axes.items():
            check_axes(name, axes)
            if "J" not in axes and self.network.is_sparse:
                raise ConfigurationError(
                    f"{group.policy!r} shares '{name}' across layer {layer}, which has a sparse layout: use layout dense"
                )
            if "J" not in axes and self.network.masks[layer - 1] is not None:
                raise ConfigurationError(
                    f"{group.policy!r} shares '{name}' across layer {layer}, which is not fully connected to the layer below: "
                    "use dense wiring"
                )

    @property
    def all_policies(self) -> tuple[Policy, ...]:
        """The policies of all layers, those of a layer in the order of its groups."""
        return tuple(group.policy for layer in range(1, len(self.network.sizes)) for group in self.groups(layer))

    def groups(self, layer: int) -> tuple[Group, ...]:
        """Return the groups of a listening layer; the first is layer 1."""
        return self._groups[layer - 1]

    @cached_property
    def _groups(self) -> tuple[tuple[Group, ...], ...]:
        return tuple(
            layer_groups(given, self.network.sizes[number], number) for number, given in enumerate(self.policies, start=1)
        )

    def is_silent(self, layer: int) -> Bools:
        """Return which neurons of a layer are silent, (J,); the inputs are layer 0."""
        return np.isin(self.network.nodes[layer], list(self.silent))

    def is_fixed(self, layer: int) -> Bools:
        """Return which neurons of a layer do not adapt, because they are silent or frozen, (J,)."""
        return np.isin(self.network.nodes[layer], list(self.silent | self.frozen))


def _with_groups(policies: Any, network: Network, seed: int) -> Any:
    """Return policies by layer: those of a population or of texts, else what was given."""
    layers = policies if isinstance(policies, list | tuple) else ()
    if isinstance(policies, str | Population | Mapping) or any(isinstance(layer, str | Shares | Mapping) for layer in layers):
        return parse_population(policies).groups(network, seed)
    return policies


def axis_lengths(sizes: Sequence[int], layer: int) -> dict[str, int]:
    """Return the lengths of the axes J, K, I, S and O for the neurons of a listening layer."""
    listeners = sizes[layer + 1] if layer + 1 < len(sizes) else 0
    return {"J": sizes[layer], "K": listeners, "I": sizes[layer - 1], "S": sizes[layer - 1] + 1, "O": sizes[-1]}
