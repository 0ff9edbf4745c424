"""Matrix products of a round, by the faster of torch's libraries for their size and for the processor."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

from neuronet.engines.tensors.kernels.processor import processor_family
from neuronet.engines.tensors.kernels.product_table import PRODUCT_TABLE, ProductRow

PRODUCTS = ("torch", "onednn")
"""Libraries for large single-precision products on a CPU: torch's own, or oneDNN, which torch ships."""

ANY_PROCESSOR = ProductRow(2_000_000, 10_000, "known")
"""Sizes from which oneDNN is used where it is asked for and the table has none."""


def products_of_machine() -> str:
    """Return the library for large products on this machine: the choice of the table, never that of a timing.

    So a run repeats to the last bit on one machine.
    """
    row = PRODUCT_TABLE.get(processor_family())
    return "torch" if row is None or row.min_work is None or _linear() is None else "onednn"


@cache
def _linear() -> Any:
    """Return oneDNN's `x @ w.T + b`, which torch ships, into new memory: it has no form with `out`; None where torch has none."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    found = getattr(getattr(torch.ops.mkldnn, "_linear_pointwise", None), "default", None)
    return getattr(found, "_op", found)


def select_linear(lead: tuple[int, ...], work: int, like: Tensor, products: str, weights: int | None = None) -> Any:
    """Return oneDNN's product; None for torch's own: for replicas, small products, other devices and double precision.

    Args:
        lead: () or (R,).
        work: Number of multiplications.
        like: A tensor in the engine's precision, on its device.
        products: One of PRODUCTS.
        weights: Number of weights; None where few of them are no reason against oneDNN.
    """
    if products != "onednn" or lead or like.dtype != torch.float32 or like.device.type != "cpu":
        return None
    row = PRODUCT_TABLE.get(processor_family(), ANY_PROCESSOR)
    row = ANY_PROCESSOR if row.min_work is None else row
    assert row.min_work is not None
    return _linear() if work >= row.min_work and (weights is None or weights >= row.min_weights) else None


class MatmulBackend:
    """Matrix products of a layer: potential, feedback and response.

    Args:
        lead: () or (R,).
        batch: Samples a round.
        weights: Number of weights between the two layers.
        like: A tensor in the engine's precision, on its device.
        products: One of PRODUCTS.
    """

    def __init__(self, lead: tuple[int, ...], batch: int, weights: int, like: Tensor, products: str = "torch") -> None:
        self._linear = select_linear(lead, batch * weights, like, products, weights)
        self._add_product = torch.baddbmm if lead else torch.addmm
        self._product = torch.bmm if lead else torch.mm

    @property
    def is_native(self) -> bool:
        """Whether these are torch's own products."""
        return self._linear is None

    def potential(self, heard: Tensor, weights: Tensor, bias: Tensor, out: Tensor) -> Tensor:
        """Return `heard @ weights.T + bias`, (..., B, J), in `out` or in new memory."""
        if self._linear is not None:
            return self._linear(heard, weights, bias, "none", [], "")  # type: ignore[no-any-return]
        return self._add_product(bias, heard, weights.mT, out=out)

    def feedback(self, demand: Tensor, feedback_weights: Tensor, out: Tensor) -> Tensor:
        """Return `demand @ feedback_weights`, (..., B, J), in `out` or in new memory."""
        if self._linear is not None:
            return self._linear(demand, feedback_weights.mT, None, "none", [], "")  # type: ignore[no-any-return]
        return self._product(demand, feedback_weights, out=out)

    def respond(self, demand: Tensor, heard: Tensor, into: Tensor, decay: float) -> None:
        """Compute `into = decay * into + demand.T @ heard / B`, (..., J, I)."""
        scale = 1 / demand.shape[-2]
        if self._linear is None:
            self._add_product(into, demand.mT, heard, beta=decay, alpha=scale, out=into)
            return
        # the demand is small: scaling it saves a pass over the weights
        product = self._linear((demand * scale).mT, heard.mT, None, "none", [], "")
        if decay:
            torch.add(product, into, alpha=decay, out=into)
        else:
            into.copy_(product)
