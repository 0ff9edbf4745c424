"""Turns: which neurons act in a round, and in what order; agent-based modellers call it the schedule."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import shared_memory_names
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.population import Group

Bools = NDArray[np.bool_]


class UpdateSchedule:
    """Who acts when. It draws by seed, layer and round alone, and keeps nothing."""

    @property
    def is_layerwise(self) -> bool:
        """Whether those who act in a layer act at once, so that whole layers can be played."""
        return True

    @property
    def is_synchronous(self) -> bool:
        """Whether everybody acts in every round."""
        return False

    def update_mask(self, seed: int, layer: int, neurons: int, number: int) -> Bools | None:
        """Who adapts in a round, (J,); None for everybody.

        Args:
            seed: The game's.
            layer: Which, 1 for the first that listens.
            neurons: How many there are in it.
            number: The round's.
        """
        return None

    def active_mask(self, seed: int, layer: int, neurons: int, number: int) -> Bools | None:
        """Who speaks, demands and adapts in a round of all in a hidden layer, (J,); None for everybody."""
        return None


@dataclass(frozen=True)
class Synchronous(UpdateSchedule):
    """All neurons act in every round, and adapt at its end, at once."""

    @property
    def is_synchronous(self) -> bool:
        """They do."""
        return True


@dataclass(frozen=True)
class RandomSequential(UpdateSchedule):
    """Neurons act one after another, in another order in every round, each heard at once by those after it.

    First all speak, the environment judges and all demand as in any round. Then each neuron in turn listens again, decides,
    adapts, and speaks anew. Only the agent engine can play it.
    """

    @property
    def is_layerwise(self) -> bool:
        """They do not."""
        return False

    def order(self, seed: int, neurons: int, number: int) -> NDArray[np.int64]:
        """The order of all listening neurons in a round, counted from the first of layer 1."""
        return generator(seed, Purpose.UPDATE_SCHEDULE, 0, number, zlib.crc32(b"order")).permutation(neurons)


@dataclass(frozen=True)
class PartialUpdate(UpdateSchedule):
    """In each round a random share of every layer adapts; the others speak and demand, but change and remember nothing.

    Args:
        share: Of each layer's neurons that adapt, above 0 to 1; rounded to an integer of at least one.

    Raises:
        NeuroNetError: It is out of range.
    """

    share: float = 0.5

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, above=True)

    def update_mask(self, seed: int, layer: int, neurons: int, number: int) -> Bools:
        """Those whose turn it is."""
        return _chosen(seed, layer, neurons, number, max(1, round(self.share * neurons)))


@dataclass(frozen=True)
class Inactive(UpdateSchedule):
    """A random share of every hidden layer sleeps: it says and demands nothing, and does not adapt.

    All are awake while the network is judged; output neurons never sleep.

    Args:
        share: Of each hidden layer's neurons that sleep, 0 to below 1; rounded to an integer that leaves one awake.
        rounds: For how many rounds the same ones sleep, 1 or more.

    Raises:
        NeuroNetError: A number is out of range.
    """

    share: float = 0.2
    rounds: int = 1

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, below=True)
        check_number("rounds", self.rounds, 1, whole=True)

    def active_mask(self, seed: int, layer: int, neurons: int, number: int) -> Bools:
        """Those who do not sleep."""
        asleep = min(neurons - 1, round(self.share * neurons))
        return ~_chosen(seed, layer, neurons, number // self.rounds, asleep)


def _chosen(seed: int, layer: int, neurons: int, number: int, count: int) -> Bools:
    chosen = np.zeros(neurons, dtype=np.bool_)
    chosen[generator(seed, Purpose.UPDATE_SCHEDULE, layer, number).permutation(neurons)[:count]] = True
    return chosen


UPDATE_SCHEDULES: dict[str, type[UpdateSchedule]] = {
    "partial": PartialUpdate,
    "random-sequential": RandomSequential,
    "inactive": Inactive,
    "synchronous": Synchronous,
}
"""Every update schedule by its name on the command line."""


def check_update_schedule(update_schedule: UpdateSchedule, groups: Sequence[Group], *, channels: bool, delays: bool) -> None:
    """Refuse an update schedule that does not go with the rest of a game.

    Args:
        update_schedule: The game's.
        groups: All who follow a policy in it.
        channels: Whether there are any.
        delays: Whether they are late with demands.

    Raises:
        NeuroNetError: They do not.
    """
    if update_schedule.is_synchronous:
        return
    if channels and not update_schedule.is_layerwise:
        raise NeuroNetError(
            "channels need whole layers, and update schedule random-sequential updates single neurons: leave out one of them"
        )
    if delays and isinstance(update_schedule, Inactive):
        raise NeuroNetError(
            "an inactive neuron cannot answer for rounds in which it was active: leave out the delay or update schedule inactive"
        )
    common = next((group.policy for group in groups if shared_memory_names(group.policy)), None)
    if common is not None:
        raise NeuroNetError(
            f"{common!r} keeps '{shared_memory_names(common)[0]}' in common, which takes neurons that all act: "
            "use update schedule synchronous"
        )
