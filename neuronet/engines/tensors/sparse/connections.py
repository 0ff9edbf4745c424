"""Connections of a layer in torch, and the products along them."""

from __future__ import annotations

import warnings

import torch
from scipy.sparse import csr_array
from torch import Tensor

from neuronet.core import Pattern
from neuronet.engines.tensors.kernels.device import as_numpy, as_tensor


class Connections:
    """Connections of a layer, by listener and by speaker.

    Products take arrays (B, N), and are fastest where these are stored neuron by neuron: then each connection reads the B
    numbers of its speaker, or of its listener, in one piece.

    Args:
        pattern: The connections.
        like: A tensor in the engine's precision, on its device.

    Attributes:
        is_native: False: these are not torch's products of matrices.
        pattern: The connections.
        rows: (E,), listener of each connection.
        order: (E,), place of each connection in this order; itself ordered by speaker.
    """

    is_native = False

    def __init__(self, pattern: Pattern, like: Tensor) -> None:
        self.pattern, self._like = pattern, like[:0]
        by_speaker, order = pattern.transposed
        self._by_listener, self._by_speaker = self._indices(pattern), self._indices(by_speaker)
        self.rows, self.order = self._index(pattern.rows), self._index(order)
        # without MKL torch has no product of sparse rows on a CPU: scipy's takes about three times as long
        self._has_product = like.device.type != "cpu" or torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]

    def _index(self, array: object) -> Tensor:
        return as_tensor(array).to(self._like.device)

    def _indices(self, pattern: Pattern) -> tuple[Tensor, Tensor, tuple[int, int]]:
        return self._index(pattern.starts).to(torch.int32), self._index(pattern.columns), pattern.shape

    def matrix(self, values: Tensor, *, by_speaker: bool = False) -> Tensor:
        """Return a matrix of sparse rows that shares the memory of its values, (E,).

        Args:
            values: One for each connection.
            by_speaker: Whether they are ordered by speaker, and the matrix has a row for each of them.
        """
        starts, columns, shape = self._by_speaker if by_speaker else self._by_listener
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
            return torch.sparse_csr_tensor(starts, columns, values, size=shape, check_invariants=False)

    def potential(self, heard: Tensor, weights: Tensor, bias: Tensor, out: Tensor) -> Tensor:
        """Return `heard @ W.T + bias`, (B, J), in `out`, for weights (E,)."""
        return self._product(self.matrix(weights), heard, out).add_(bias)

    def feedback(self, demand: Tensor, feedback_weights: Tensor, out: Tensor) -> Tensor:
        """Return `demand @ W`, (B, I), in `out`, for feedback weights (E,) ordered by speaker."""
        return self._product(self.matrix(feedback_weights, by_speaker=True), demand, out)

    def _product(self, matrix: Tensor, array: Tensor, out: Tensor) -> Tensor:
        by_neuron = array.mT.contiguous()
        if self._has_product:
            torch.addmm(out.mT, matrix, by_neuron, beta=0, out=out.mT)
            return out
        parts = (matrix.values(), matrix.col_indices(), matrix.crow_indices())
        out.mT.copy_(as_tensor(csr_array(tuple(map(as_numpy, parts)), shape=tuple(matrix.shape)) @ as_numpy(by_neuron)))
        return out

    def respond(self, demand: Tensor, heard: Tensor, into: Tensor, decay: float) -> None:
        """Compute `into = decay * into + demand.T @ heard / B` for each connection, (E,)."""
        if not decay:
            into.zero_()  # the product multiplies what was there, even by 0
        matrix, by_neuron = self.matrix(into), demand.mT.contiguous()
        by_speaker = heard.mT.contiguous().mT
        torch.sparse.sampled_addmm(matrix, by_neuron, by_speaker, beta=decay, alpha=1 / demand.shape[-2], out=matrix)
