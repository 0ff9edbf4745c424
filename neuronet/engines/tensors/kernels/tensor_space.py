"""The space of a layer's tensors: replicas, axis lengths, precision, device and random numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuronet.core import LayerRandom
from neuronet.engines.base.setup import Setup, axis_lengths
from neuronet.engines.tensors.kernels.device import to_device


class TensorSpace:
    """Makes tensors and random numbers for one listening layer.

    Args:
        setups: The game of each replica.
        number: Listening layer, 1 for the first.
        like: A tensor in the engine's precision, on its device.
        products: Library for large products, one of `kernels.matmul.PRODUCTS`.

    Attributes:
        layer: Number of the layer.
        lead: () or (R,), the leading axis of all arrays.
        lengths: Length of each axis by its letter, without B.
    """

    def __init__(self, setups: Sequence[Setup], number: int, like: Tensor, products: str = "torch") -> None:
        self.layer, self.products = number, products
        self.lead = () if len(setups) == 1 else (len(setups),)
        self.lengths = axis_lengths(setups[0].network.sizes, number)
        self.dtype, self.device = like.dtype, str(like.device)
        by_seed = {setup.seed: LayerRandom(setup.seed, number, self.lengths) for setup in setups}
        self._generators = [by_seed[setup.seed] for setup in setups]  # equal numbers are drawn once

    def empty(self, *shape: int) -> Tensor:
        """Return an uninitialised tensor."""
        return torch.empty(shape, dtype=self.dtype, device=self.device)

    def aligned(self, rows: int, columns: int) -> Tensor:
        """Return an empty tensor (..., rows, columns) whose rows begin at multiples of 16 numbers, where products are faster."""
        return self.empty(*self.lead, rows, -(-columns // 16) * 16)[..., :columns]

    def tensor(self, arrays: Sequence[Any]) -> Tensor:
        """Return one array per replica as one tensor; the axis R is left out for a single game."""
        whole = arrays[0] if len(arrays) == 1 else np.stack(arrays)
        return to_device(torch.as_tensor(np.require(whole, requirements=("C", "W"))).to(self.dtype), self.device)

    def draw_initial(self, kind: str, name: str, axes: str) -> Tensor:
        """Return the layer's random numbers for initial memories; only before the first round is drawn."""
        return self.tensor([generator.draw(kind, name, axes) for generator in self._generators])

    def draw(self, number: int, batch: int, kind: str, name: str, axes: str, replicas: slice | None = None) -> Tensor:
        """Return the layer's random numbers of a round, with the shape that `axes` spells.

        Args:
            number: Number of the round, from 0.
            batch: Samples in the whole batch.
            kind: "normal" or "uniform".
            name: Name of the draw.
            axes: Letters of its axes.
            replicas: Some of the replicas, which are then the leading axis; None for all, or for a single game.
        """
        everywhere = range(len(self._generators))
        chosen = everywhere if replicas is None else everywhere[replicas]
        arrays = self.draw_arrays(chosen, number, batch, kind, name, axes)
        return self.tensor(arrays if replicas is None else [np.stack(arrays)])

    def draw_arrays(self, replicas: Iterable[int], number: int, batch: int, kind: str, name: str, axes: str) -> list[Any]:
        """Return the layer's random numbers of a round for some replicas, an array each; replicas of equal seeds share it.

        Args:
            replicas: Positions of the replicas.
            number: Number of the round, from 0.
            batch: Samples in the whole batch.
            kind: "normal" or "uniform".
            name: Name of the draw.
            axes: Letters of its axes.
        """
        generators = [self._generators[replica] for replica in replicas]
        for generator in generators:
            generator.open(number, batch)
        return [generator.draw(kind, name, axes) for generator in generators]
