"""The propositions of the attention game, each checked by live computation; docs/theory.md states them.

Every check compares the engines and policies with an independent oracle: torch's autograd, a second backward sweep, finite
differences of the utility, or conditions that only the right answer meets. The oracles in `reference` share no code with what
they check, on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuronet.theory.check import Above, Below, Bound, Check, Near

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Above", "Below", "Bound", "Check", "Near", "check_all", "checks"]


def checks() -> Iterator[Check]:
    """Yield every check as soon as it is computed, in the order of the propositions."""
    # imported here because they load torch and mesa
    from neuronet.theory import (
        agreement,
        best_response,
        budget,
        equivalence,
        foresight,
        inflation,
        measures,
        strategy,
    )
    from neuronet.theory.stationarity import equilibrium, potential, reacting_demands, second_order

    parts: tuple[Callable[[], Iterator[Check]], ...] = (
        strategy.checks,
        budget.checks,
        equivalence.checks,
        foresight.checks,
        measures.checks,
        best_response.checks,
        equilibrium.checks,
        second_order.checks,
        reacting_demands.checks,
        potential.checks,
        inflation.checks,
        agreement.checks,
    )
    for part in parts:
        yield from part()


def check_all() -> list[Check]:
    """Compute every check, in some seconds; torch uses one thread meanwhile."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the layers are small: more threads would wait for each other
    try:
        return list(checks())
    finally:
        torch.set_num_threads(threads)
