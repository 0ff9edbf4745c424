"""Input-shift protocols: the same classes in every task, with transformed inputs and shared outputs.

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
from neuronet.core import DataError, Environment, Purpose, Samples, Scaling, check_number, generator


def _all_classes(environment: Environment) -> tuple[int, ...]:
    return tuple(range(environment.outputs))


@dataclass(frozen=True)
class Permuted(Protocol):
    """Permuted inputs, shared outputs: the first task has the original inputs, each later task a random permutation of them.

    Args:
        tasks: Number of tasks.
    """

    tasks: int = 10

    def make_tasks(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        """Return the original task and one task for each permutation."""
        orders = [generator(seed, Purpose.TASKS, number).permutation(environment.inputs) for number in range(1, self.tasks)]
        first = Task("as it is", _all_classes(environment), environment, lambda samples: samples)
        return (first, *(self._task(environment, number, order) for number, order in enumerate(orders, start=2)))

    def _task(self, environment: Environment, number: int, order: NDArray[np.int64]) -> Task:
        def view(samples: Samples) -> Samples:
            scaling = samples.scaling
            permuted = None if scaling is None else Scaling(scaling.shift[order], scaling.factor[order])
            return Samples(np.ascontiguousarray(samples.inputs[:, order]), samples.targets, permuted)

        return Task(f"order {number}", _all_classes(environment), environment, view)


@dataclass(frozen=True)
class Gradual(Permuted):
    """Permuted inputs with gradual drift: each task blends into the next, the later one's share of samples growing linearly.

    Methods that need task boundaries are given the middle of each transition.

    Args:
        tasks: Number of tasks.
        blend: Fraction of a task's length, centred at the boundary, that the transition takes (> 0, at most 1).
    """

    blend: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("blend", self.blend, 0, 1, above=True)


@dataclass(frozen=True)
class Rotated(Protocol):
    """Rotated images, shared outputs: evenly spaced angles in random order.

    Images are rotated before the environment's scaling is applied. Without a scaling they are rotated as they are, and the
    corners are filled with 0.

    Args:
        tasks: Number of tasks.
        degrees: Range of the angles, which are 0, degrees / tasks, 2 degrees / tasks, ... (> 0, at most 360).
    """

    tasks: int = 10
    degrees: float = 180.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("degrees", self.degrees, 0, 360, above=True)

    def make_tasks(self, environment: Environment, seed: int) -> tuple[Task, ...]:
        """Return a task for each angle."""
        if len(environment.shape) not in (2, 3):
            raise DataError(f"rotated needs images, but {type(environment).__name__} has inputs of shape {environment.shape}")
        order = generator(seed, Purpose.TASKS).permutation(self.tasks)
        return tuple(self._task(environment, self.degrees * int(step) / self.tasks) for step in order)

    def _task(self, environment: Environment, angle: float) -> Task:
        rotation = Rotation(environment.shape, angle)
        return Task(f"{angle:g} degrees", _all_classes(environment), environment, rotation.samples)


@final
class Rotation:
    """Rotation of flat images about their centre, with bilinear interpolation.

    A rotation is linear in the pixels, so it is applied as a sparse matrix, built from the rotated unit images.

    Args:
        shape: (height, width) or (channels, height, width).
        angle: Angle in degrees, counter-clockwise.
    """

    def __init__(self, shape: tuple[int, ...], angle: float) -> None:
        self._shape = shape
        self._angle = angle

    @cached_property
    def _matrix(self) -> Any:
        """Sparse matrix (pixels, pixels) of one channel: row, the target pixel; column, the source pixel."""
        from scipy import ndimage, sparse

        height, width = self._shape[-2:]
        unit_images = np.eye(height * width).reshape(-1, height, width)
        rotated = ndimage.rotate(unit_images, self._angle, axes=(2, 1), reshape=False, order=1, prefilter=False)
        return sparse.csr_array(rotated.reshape(height * width, -1).T)

    def samples(self, samples: Samples) -> Samples:
        """Return rotated samples; uint8 inputs are rounded to uint8."""
        raw = samples.inputs
        channels = raw.reshape(-1, self._shape[-2] * self._shape[-1])
        rotated = (self._matrix @ channels.T.astype(np.float64)).T
        values = np.rint(rotated) if raw.dtype == np.uint8 else rotated
        return Samples(np.ascontiguousarray(values.reshape(raw.shape).astype(raw.dtype)), samples.targets, samples.scaling)
