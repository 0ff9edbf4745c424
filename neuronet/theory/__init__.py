"""The propositions of the attention game, each checked by live computation; docs/theory.md states them.

Every check sets the engines and policies as they are against something written apart from them: torch's autograd, a loop of
its own, finite differences of the utility, or conditions that only the right answer meets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuronet.theory.check import Below, Bound, Check, Near

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Below", "Bound", "Check", "Near", "check_all", "checks"]


def checks() -> Iterator[Check]:
    """Every check, one after the other as they are done, in the order of the propositions."""
    # imported here, since they bring torch and mesa
    from neuronet.theory import agreement, best_response, equilibrium, equivalence, foresight, inflation, measures, strategy

    each: tuple[Callable[[], Iterator[Check]], ...] = (
        strategy.checks,
        equivalence.checks,
        foresight.checks,
        measures.checks,
        best_response.checks,
        equilibrium.checks,
        inflation.checks,
        agreement.checks,
    )
    for part in each:
        yield from part()


def check_all() -> list[Check]:
    """Every check, done; takes some seconds. Torch computes in one thread meanwhile."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the layers are small: on a busy machine more threads would only wait for each other
    try:
        return list(checks())
    finally:
        torch.set_num_threads(threads)
