"""Changes that avoid inputs which the neurons of a layer remember together, as engines can compute them in fewer products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory
from neuronet.core.observation import Observation


@dataclass(frozen=True, eq=False)
class Projection:
    """A projector P (S, S), shared by a layer: it is taken from every change, and a round adds a few outer products to it.

    A policy that declares a projection promises that `adapt` returns `response - response @ P`, and that `remember` returns
    `keep * P + rows.T @ rows` and nothing else. An engine may then project what the layer hears, instead of its change, and
    update P in place. `neuronet.testing.check_policy` compares the two.

    Attributes:
        name: Name of P in the policy's memory, with the axes SS.
        keep: Factor of P in each round.
        rows: Returns the rows (..., n, S) of a round, given the observation and the memory.
    """

    name: str
    keep: float
    rows: Callable[[Observation, Memory], Array]
