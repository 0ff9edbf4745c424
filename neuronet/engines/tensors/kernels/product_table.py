"""Which library multiplies faster on which processors: a table that `python -m benchmarks.products --write` adds to.

A row is "measured" where that script, or its figures in docs/speed.md, compared the two on such a processor, and "known" where it
follows from what the libraries support: MKL, which torch uses on x86, has AVX-512 products on Intel's processors only; oneDNN has
them on all that have AVX-512.
"""

from __future__ import annotations

from typing import NamedTuple


class ProductRow(NamedTuple):
    """Library for large single-precision products on a family of processors.

    Attributes:
        min_work: Multiplications in a product from which oneDNN is faster in spite of its costlier call; None where it never is.
        min_weights: Weights that a product must have besides, since oneDNN is slower with few.
        basis: "measured" or "known".
    """

    min_work: int | None
    min_weights: int
    basis: str


PRODUCT_TABLE: dict[str, ProductRow] = {
    "amd zen 3": ProductRow(None, 0, "known"),
    "amd zen 4": ProductRow(None, 0, "measured"),
    "amd zen 5": ProductRow(2_000_000, 10_000, "measured"),
    "arm": ProductRow(None, 0, "known"),
    "intel": ProductRow(None, 0, "measured"),
}
"""Row of each family of processors; others use torch's own products."""
