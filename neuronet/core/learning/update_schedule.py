"""Update schedules: which neurons are active in a round, and in which order."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import ConfigurationError, check_number
from neuronet.core.policy_traits import shared_memory_names
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.groups import Group
from neuronet.core.structure.network import Bools


class UpdateSchedule:
    """Schedule of the neurons' activity; it depends on seed, layer and round alone and has no state."""

    @property
    def is_layerwise(self) -> bool:
        """Whether the active neurons of a layer update simultaneously, so that whole layers can be computed."""
        return True

    @property
    def is_synchronous(self) -> bool:
        """Whether all neurons update in every round."""
        return False

    def update_mask(self, seed: int, layer: int, neurons: int, number: int) -> Bools | None:
        """Return which neurons adapt in a round, (J,); None for all.

        Args:
            seed: The game's seed.
            layer: The layer, 1 for the first that listens.
            neurons: Number of neurons in the layer.
            number: The round.
        """
        return None

    def active_mask(self, seed: int, layer: int, neurons: int, number: int) -> Bools | None:
        """Return which neurons of a hidden layer speak, demand and adapt in a round, (J,); None for all."""
        return None


@dataclass(frozen=True)
class Synchronous(UpdateSchedule):
    """Schedule in which all neurons update in every round, simultaneously at its end."""

    @property
    def is_synchronous(self) -> bool:
        """True: every neuron updates in every round."""
        return True


@dataclass(frozen=True)
class RandomSequential(UpdateSchedule):
    """Schedule in which neurons update one after another, in a new random order in every round.

    First all neurons speak, the environment evaluates the outputs, and all neurons demand, as in any round. Then each neuron in
    turn listens again, decides, adapts and speaks again; later neurons hear its new activity. Only the agent engine supports
    this schedule.
    """

    @property
    def is_layerwise(self) -> bool:
        """False: neurons update one at a time."""
        return False

    def order(self, seed: int, neurons: int, number: int) -> NDArray[np.int64]:
        """Return the order of all listening neurons in a round, counted from the first of layer 1."""
        return generator(seed, Purpose.UPDATE_SCHEDULE, 0, number, zlib.crc32(b"order")).permutation(neurons)


@dataclass(frozen=True)
class PartialUpdate(UpdateSchedule):
    """Schedule in which a random share of every layer adapts in each round; the others speak and demand, but do not change.

    Args:
        share: Share of each layer's neurons that adapt, above 0 to 1; rounded to an integer of at least one.

    Raises:
        ConfigurationError: It is out of range.
    """

    share: float = 0.5

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, above=True)

    def update_mask(self, seed: int, layer: int, neurons: int, number: int) -> Bools:
        """Return a random subset of `share * neurons` neurons, (J,)."""
        return _random_mask(seed, layer, neurons, number, max(1, round(self.share * neurons)))


@dataclass(frozen=True)
class Inactive(UpdateSchedule):
    """Schedule in which a random share of every hidden layer is inactive: output and demand are 0, and synapses do not change.

    All neurons are active in evaluation; output neurons are always active.

    Args:
        share: Share of each hidden layer's neurons that are inactive, 0 to below 1; rounded so that one stays active.
        rounds: Number of rounds before a new set is drawn, 1 or more.

    Raises:
        ConfigurationError: A number is out of range.
    """

    share: float = 0.2
    rounds: int = 1

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, below=True)
        check_number("rounds", self.rounds, 1, whole=True)

    def active_mask(self, seed: int, layer: int, neurons: int, number: int) -> Bools:
        """Return the active neurons of a layer, (J,)."""
        inactive = min(neurons - 1, round(self.share * neurons))
        return ~_random_mask(seed, layer, neurons, number // self.rounds, inactive)


def _random_mask(seed: int, layer: int, neurons: int, number: int, count: int) -> Bools:
    mask = np.zeros(neurons, dtype=np.bool_)
    mask[generator(seed, Purpose.UPDATE_SCHEDULE, layer, number).permutation(neurons)[:count]] = True
    return mask


UPDATE_SCHEDULES: dict[str, type[UpdateSchedule]] = {
    "partial": PartialUpdate,
    "random-sequential": RandomSequential,
    "inactive": Inactive,
    "synchronous": Synchronous,
}
"""All update schedules by their names on the command line."""


def check_update_schedule(update_schedule: UpdateSchedule, groups: Sequence[Group], *, channels: bool, delays: bool) -> None:
    """Raise an error if an update schedule does not support the channels or policies of a game.

    Args:
        update_schedule: The game's schedule.
        groups: All groups of neurons in the game.
        channels: Whether the game has channels.
        delays: Whether channels delay demands.

    Raises:
        ConfigurationError: The combination is not supported.
    """
    if update_schedule.is_synchronous:
        return
    if channels and not update_schedule.is_layerwise:
        raise ConfigurationError("channels are not supported with the update schedule random-sequential")
    if delays and isinstance(update_schedule, Inactive):
        raise ConfigurationError("delayed demands are not supported with the update schedule inactive")
    for policy in (group.policy for group in groups):
        if names := shared_memory_names(policy):
            raise ConfigurationError(f"{policy!r} shares memory '{names[0]}' in a layer, which needs update schedule synchronous")
