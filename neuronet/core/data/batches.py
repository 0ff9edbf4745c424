"""Order of the samples: a new permutation in each epoch, determined by the seed alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import ConfigurationError
from neuronet.core.random_streams import Purpose, generator


@dataclass(frozen=True)
class Batches:
    """Order in which samples are played.

    Args:
        samples: Number of samples, 1 or more.
        size: Batch size, 1 or more; the last round of an epoch has the remaining samples.
        seeds: One seed for each replica; each replica has its own order.

    Raises:
        ConfigurationError: A size is out of range.
    """

    samples: int
    size: int
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.samples < 1 or self.size < 1:
            raise ConfigurationError(f"batches need a sample and a size of 1 or more, got {self.samples}, {self.size}")

    @property
    def per_epoch(self) -> int:
        """Number of rounds in an epoch."""
        return -(-self.samples // self.size)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the order of all samples in an epoch: (N,), or (R, N) for R > 1 replicas."""
        orders = [generator(seed, Purpose.BATCHES, epoch).permutation(self.samples) for seed in self.seeds]
        return orders[0] if len(orders) == 1 else np.stack(orders)

    def slice_of(self, step: int) -> slice:
        """Return the slice of an epoch's order that belongs to one round.

        Args:
            step: The round within the epoch, from 0.
        """
        return slice(step * self.size, min((step + 1) * self.size, self.samples))

    def samples_before(self, number: int) -> int:
        """Return how many samples the rounds before this one play, counted from round 0 over all epochs."""
        epoch, step = divmod(number, self.per_epoch)
        return epoch * self.samples + step * self.size

    def indices(self, number: int) -> NDArray[np.int64]:
        """Return the sample indices of a round: (B,) or (R, B).

        Args:
            number: The round, counted from 0 over all epochs.
        """
        epoch, step = divmod(number, self.per_epoch)
        return self.order(epoch)[..., self.slice_of(step)]
