"""Padded lists of each neuron's neighbours: how the policies of a sparse layer see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.core import Pattern

MAX_WASTE = 2.0
"""Length of padded lists, in units of the entries in them, up to which neurons of different degrees share them ..."""

SMALL_LISTS = 4096
"""... or up to this length in any case: a policy's call takes longer than so many numbers."""


@dataclass(frozen=True)
class Lists:
    """Padded lists of the neighbours of some neurons.

    Attributes:
        neighbours: (M, W), index of each neighbour in its layer; 0 where a list has ended.
        places: (M, W), place of the connection in the pattern of the listening layer; 0 where a list has ended.
        padding: (M, W), True where a list has ended; None if all lists have the same length.
        lengths: (M,), number of neighbours.
    """

    neighbours: Tensor
    places: Tensor
    padding: Tensor | None
    lengths: NDArray[np.int64]

    @property
    def width(self) -> int:
        """Length of the padded lists, W; at least 1."""
        return self.neighbours.shape[1]


def padded_lists(pattern: Pattern, members: NDArray[np.int64], order: NDArray[np.int64] | None, device: str) -> Lists:
    """Return the lists of some rows of a pattern.

    Args:
        pattern: Connections with a row for each neuron that has the lists.
        members: (M,), the rows.
        order: (E,), place of each connection in the pattern of the listening layer; None for the same place.
        device: Where the lists are stored.
    """
    lengths = pattern.in_degrees[members]
    within = np.arange(max(1, int(lengths.max(initial=0))))
    padding = within >= lengths[:, None]
    here = np.where(padding, 0, pattern.starts[members][:, None] + within)
    if not pattern.count:
        empty = torch.zeros(here.shape, dtype=torch.int64, device=device)
        return Lists(empty, empty, torch.ones(here.shape, dtype=torch.bool, device=device), lengths)
    places = here if order is None else order[here]
    index = [np.where(padding, 0, array).astype(np.int64) for array in (pattern.columns[here], places)]
    neighbours, own = (torch.as_tensor(array, device=device) for array in index)
    return Lists(neighbours, own, torch.as_tensor(padding, device=device) if padding.any() else None, lengths)


def by_degree(members: NDArray[np.int64], *degrees: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield parts of some neurons, in which lists of either degree need little padding.

    Args:
        members: (M,), the neurons.
        degrees: (J,) each, numbers of neighbours of all neurons of the layer.
    """
    if not degrees or not len(members):
        yield members
        return
    own, further = np.maximum(degrees[0][members], 1), degrees[1:]
    if len(members) * own.max() <= max(MAX_WASTE * own.sum(), SMALL_LISTS):
        yield from by_degree(members, *further)
        return
    classes = np.ceil(np.log2(own)).astype(np.int64)
    for number in np.unique(classes):
        yield from by_degree(members[classes == number], *further)
