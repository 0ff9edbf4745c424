"""Contract of an intervention: a pure function from a setup and a state to another setup and state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from neuronet.core import ConfigurationError, PolicyError, check_signatures, to_sparse
from neuronet.engines.base import (
    Engine,
    Setup,
    State,
    check_replicas,
    check_state,
    dense_game,
    stack_replicas,
    to_dense_state,
    to_sparse_state,
)
from neuronet.policies import POLICIES
from neuronet.registry import format_spec

InterventionResult = tuple[Setup, State, tuple[int, ...]]
"""Setup and state after an intervention, and the nodes that it changed."""


class Intervention(ABC):
    """Change of a network between two rounds; a frozen dataclass with its parameters as fields.

    Attributes:
        name: Name in a spec such as "lesion(layer=1)".
        takes_sparse: Whether `apply` takes the games of sparse networks as they are, with a number for each connection. Others
            get them with matrices, for layers that are small enough.
    """

    name: ClassVar[str]
    takes_sparse: ClassVar[bool] = False

    @abstractmethod
    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Return the setup and the state after the intervention, of one replica, and the changed nodes.

        Args:
            setup: Setup before it.
            state: State before it; it is not modified.

        Raises:
            NeuroNetError: The intervention is not possible here.
        """

    def __str__(self) -> str:
        """Return the spec, such as "lesion(layer=1, share=0.2)"."""
        return format_spec(self, {self.name: type(self), **POLICIES})


@dataclass(frozen=True)
class Event:
    """Record of an intervention that was applied.

    Attributes:
        round: Number of rounds played before it.
        what: Spec of the intervention.
        nodes: Graph nodes that it changed, in each replica.
    """

    round: int
    what: str
    nodes: tuple[tuple[int, ...], ...]


def apply_intervention(engine: Engine, intervention: Intervention) -> Event:
    """Apply an intervention to an engine between two rounds.

    Raises:
        NeuroNetError: The intervention is not possible here; nothing has changed.
    """
    given: object = engine
    if not isinstance(given, Engine):
        raise ConfigurationError(
            f"an intervention is applied to an engine, a NeuronModel or TensorEngine, got {type(given).__name__}"
        )
    setups, state, nodes = apply_to_setups(engine.setups, engine.state(), intervention)
    engine.replace_game(setups, state)
    return Event(state.round, str(intervention), nodes)


def apply_to_setups(
    setups: Sequence[Setup], state: State, intervention: Intervention
) -> tuple[list[Setup], State, tuple[tuple[int, ...], ...]]:
    """Return the setups and the state after an intervention, and the changed nodes of each replica.

    Args:
        setups: Setup of each replica; they are not modified.
        state: State of all replicas; it is not modified.
        intervention: Applied to each replica.

    Raises:
        NeuroNetError: The intervention is not possible here, or replicas would no longer fit together.
    """
    if not (isinstance(intervention, Intervention) and hasattr(intervention, "__dataclass_fields__")):
        expected = "a dataclass such as neuronet.interventions.Lesion"
        raise PolicyError(f"an intervention must be {expected}, got {type(intervention).__name__}")
    check_signatures(intervention)
    check_state(state, setups)
    alone = len(setups) == 1
    results = [_applied(intervention, setup, state if alone else state.replica(index)) for index, setup in enumerate(setups)]
    after, nodes = [setup for setup, _, _ in results], tuple(nodes for _, _, nodes in results)
    check_replicas(after)
    if alone:
        return after, results[0][1], nodes
    return after, stack_replicas([part for _, part, _ in results]), nodes


def _applied(intervention: Intervention, setup: Setup, state: State) -> tuple[Setup, State, tuple[int, ...]]:
    """Return a game after an intervention; a sparse one becomes dense for it and sparse again, unless it takes sparse ones."""
    if intervention.takes_sparse or not setup.network.is_sparse:
        return intervention.apply(setup, state)
    game, changed, nodes = intervention.apply(dense_game(setup), to_dense_state(state, setup))
    sparse = replace(game, network=to_sparse(game.network))
    return sparse, to_sparse_state(changed, sparse), nodes
