"""Matrix products of a round, by the faster of torch's libraries for their size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor

MIN_ONEDNN_WORK = 2_000_000
"""Multiplications in a product from which oneDNN is faster in spite of its costlier call ..."""

MIN_ONEDNN_WEIGHTS = 10_000
"""... if there are at least so many weights."""


@cache
def _linear() -> Any:
    """Return oneDNN's `x @ w.T + b`, which torch ships; None where torch's own product is equally fast.

    Torch computes float32 products by MKL, which uses AVX-512 on Intel processors only; oneDNN uses it on all that have it.
    The choice depends on the machine and never on a timing, so that a run repeats to the last bit.
    """
    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    wide = capabilities.get("architecture") == "x86_64" and capabilities.get("avx512_f", False)
    if not wide or "intel" in str(capabilities.get("cpu_name", "")).lower() or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    found = getattr(getattr(torch.ops.mkldnn, "_linear_pointwise", None), "default", None)
    return getattr(found, "_op", found)


def select_linear(lead: tuple[int, ...], work: int, like: Tensor) -> Any:
    """Return oneDNN's product for a number of multiplications; None for replicas, small products and other devices.

    Args:
        lead: () or (R,).
        work: Number of multiplications.
        like: A tensor in the engine's precision, on its device.
    """
    large = not lead and work >= MIN_ONEDNN_WORK and like.dtype == torch.float32 and like.device.type == "cpu"
    return _linear() if large else None


class MatmulBackend:
    """Matrix products of a layer: potential, feedback and response.

    Args:
        lead: () or (R,).
        batch: Samples a round.
        weights: Number of weights between the two layers.
        like: A tensor in the engine's precision, on its device.
    """

    def __init__(self, lead: tuple[int, ...], batch: int, weights: int, like: Tensor) -> None:
        self._linear = select_linear(lead, batch * weights, like) if weights >= MIN_ONEDNN_WEIGHTS else None
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
