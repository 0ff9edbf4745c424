"""Matrix products of a round, by whichever library of torch's is the quicker for their size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor

LARGE = 2_000_000
"""Multiplications in a product from which oneDNN repays the microseconds that its call costs ..."""

MANY = 10_000
"""... if there are at least so many weights."""


@cache
def _linear() -> Any:
    """The `x @ w.T + b` of oneDNN, which torch ships, or None where torch's own product is as quick.

    Torch's products in float32 go to MKL, which uses AVX-512 on Intel's processors alone; oneDNN uses it wherever there is any.
    The choice depends on the machine and never on a timing, so that a run repeats itself to the last bit.
    """
    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    wide = capabilities.get("architecture") == "x86_64" and capabilities.get("avx512_f", False)
    if not wide or "intel" in str(capabilities.get("cpu_name", "")).lower() or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    found = getattr(getattr(torch.ops.mkldnn, "_linear_pointwise", None), "default", None)
    return getattr(found, "_op", found)


def linear_for(lead: tuple[int, ...], work: int, like: Tensor) -> Any:
    """What `_linear` gives, for a product of so many multiplications; None for replicas, small products and other devices.

    Args:
        lead: () or (R,).
        work: Multiplications.
        like: A tensor in the engine's precision, on its device.
    """
    large = not lead and work >= LARGE and like.dtype == torch.float32 and like.device.type == "cpu"
    return _linear() if large else None


class Products:
    """The products of a layer: what it hears by its weights, its listeners' demands by a weighing, its demands by what it heard.

    Args:
        lead: () or (R,).
        batch: Samples a round.
        weights: How many connect the two layers.
        like: A tensor in the engine's precision, on its device.
    """

    def __init__(self, lead: tuple[int, ...], batch: int, weights: int, like: Tensor) -> None:
        self._linear = linear_for(lead, batch * weights, like) if weights >= MANY else None
        self._add_product = torch.baddbmm if lead else torch.addmm
        self._product = torch.bmm if lead else torch.mm

    @property
    def own(self) -> bool:
        """Whether they are torch's own products."""
        return self._linear is None

    def potential(self, heard: Tensor, weights: Tensor, bias: Tensor, out: Tensor) -> Tensor:
        """`heard @ weights.T + bias`, (..., B, J); in `out` or in memory of its own."""
        if self._linear is not None:
            return self._linear(heard, weights, bias, "none", [], "")  # type: ignore[no-any-return]
        return self._add_product(bias, heard, weights.mT, out=out)

    def feedback(self, demand: Tensor, weighing: Tensor, out: Tensor) -> Tensor:
        """`demand @ weighing`, (..., B, J); in `out` or in memory of its own."""
        if self._linear is not None:
            return self._linear(demand, weighing.mT, None, "none", [], "")  # type: ignore[no-any-return]
        return self._product(demand, weighing, out=out)

    def respond(self, demand: Tensor, heard: Tensor, into: Tensor, decay: float) -> None:
        """`into = decay * into + demand.T @ heard / B`, (..., J, I)."""
        share = 1 / demand.shape[-2]
        if self._linear is None:
            self._add_product(into, demand.mT, heard, beta=decay, alpha=share, out=into)
            return
        # the demand is small: its share of 1 / B saves another walk through the weights
        product = self._linear((demand * share).mT, heard.mT, None, "none", [], "")
        if decay:
            torch.add(product, into, alpha=decay, out=into)
        else:
            into.copy_(product)
