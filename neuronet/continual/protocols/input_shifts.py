"""Shifts: the same classes, seen another way in each task; one head for all.

Permuted: Goodfellow et al. 2013 (arXiv 1312.6211), after Srivastava et al. 2013; rotated: Lopez-Paz and Ranzato 2017
(arXiv 1706.08840).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from neuronet.continual.protocols.base import Protocol, Task
from neuronet.core.environment import Environment, Samples, Scaling
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.random_streams import Purpose, generator


def _all_classes(environment: Environment) -> tuple[int, ...]:
    return tuple(range(environment.outputs))


@dataclass(frozen=True)
class Permuted(Protocol):
    """The world as it is, then the world with its inputs in one random order after another; one head for all.

    Args:
        tasks: How many.
    """

    tasks: int = 10

    def _sequence(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        orders = [generator(seed, Purpose.TASKS, number).permutation(environment.inputs) for number in range(1, self.tasks)]
        first = Task("as it is", _all_classes(environment), environment, lambda samples: samples)
        return (first, *(self._task(environment, number, order) for number, order in enumerate(orders, start=2)))

    def _task(self, environment: Environment, number: int, order: NDArray[np.int64]) -> Task:
        def view(samples: Samples) -> Samples:
            scaling = samples.scaling
            moved = None if scaling is None else Scaling(scaling.shift[order], scaling.factor[order])
            return Samples(np.ascontiguousarray(samples.inputs[:, order]), samples.targets, moved)

        return Task(f"order {number}", _all_classes(environment), environment, view)


@dataclass(frozen=True)
class Gradual(Permuted):
    """As permuted, but each task blends into the next: the share of the later one's samples grows evenly (gradual drift).

    Methods that ask for task boundaries are told the middle of each border.

    Args:
        tasks: How many.
        blend: Over which part of a task's length, centred at the border; above 0, at most 1.
    """

    blend: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("blend", self.blend, 0, 1, above=True)


@dataclass(frozen=True)
class Rotated(Protocol):
    """The world's images turned by evenly spaced angles, in a random order; one head for all.

    The turned image is seen through the world's own scaling. Inputs without one are turned as they are, and what comes in at the
    corners is 0.

    Args:
        tasks: How many.
        degrees: The tasks are turned by 0, degrees / tasks, ... up to below degrees; above 0, at most 360.
    """

    tasks: int = 10
    degrees: float = 180.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("degrees", self.degrees, 0, 360, above=True)

    def _sequence(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        if len(environment.shape) not in (2, 3):
            raise NeuroNetError(
                f"only images can be turned: {type(environment).__name__} has inputs of shape {environment.shape}"
            )
        order = generator(seed, Purpose.TASKS).permutation(self.tasks)
        return tuple(self._task(environment, self.degrees * int(step) / self.tasks) for step in order)

    def _task(self, environment: Environment, angle: float) -> Task:
        rotation = Rotation(environment.shape, angle)
        return Task(f"{angle:g} degrees", _all_classes(environment), environment, rotation.samples)


@final
class Rotation:
    """Turns flat images about their middle, with bilinear interpolation.

    Turning is linear in the pixels: what it makes of each pixel alone says what it makes of all.

    Args:
        shape: (height, width) or (channels, height, width).
        angle: In degrees, counter-clockwise.
    """

    def __init__(self, shape: tuple[int, ...], angle: float) -> None:
        self._shape = shape
        self._angle = angle

    @cached_property
    def _matrix(self) -> Any:
        """(pixels, pixels) of one channel, sparse: row, the pixel before; column, the pixel after."""
        from scipy import ndimage, sparse

        height, width = self._shape[-2:]
        single = np.eye(height * width).reshape(-1, height, width)
        turned = ndimage.rotate(single, self._angle, axes=(2, 1), reshape=False, order=1, prefilter=False)
        return sparse.csr_array(turned.reshape(height * width, -1).T)

    def samples(self, samples: Samples) -> Samples:
        """The samples, turned; bytes are rounded to bytes."""
        raw = samples.inputs
        channels = raw.reshape(-1, self._shape[-2] * self._shape[-1])
        turned = (self._matrix @ channels.T.astype(np.float64)).T
        exact = np.rint(turned) if raw.dtype == np.uint8 else turned
        return Samples(np.ascontiguousarray(exact.reshape(raw.shape).astype(raw.dtype)), samples.targets, samples.scaling)
