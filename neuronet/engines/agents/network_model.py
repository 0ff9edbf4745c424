"""Mesa's model and sets of agents, which cannot disagree with the network: a neuron of a layer does not leave."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any, NoReturn, SupportsIndex

from mesa import Model
from mesa.agent import Agent, AgentSet

from neuronet.core import ConfigurationError, check_number
from neuronet.engines.agents.speaker import Speaker


class RegisteredAgents(AgentSet):  # type: ignore[misc]
    """Agents that are registered with a model; a neuron cannot leave as long as it is in a layer of its model.

    Sets that are made from it (`select`, `shuffle`, `sort`) are Mesa's own and can be changed at will.
    """

    def __repr__(self) -> str:
        counts = Counter(type(agent).__name__ for agent in self)
        return f"{type(self).__name__}({', '.join(f'{number} {name}' for name, number in counts.items())})"

    def discard(self, agent: Agent) -> None:
        """Remove an agent if it is in the set.

        Raises:
            ConfigurationError: It is a neuron of a layer.
        """
        if isinstance(agent, Speaker):
            agent.check_can_leave()
        super().discard(agent)

    def remove(self, agent: Agent) -> None:
        """Remove an agent.

        Raises:
            ConfigurationError: It is a neuron of a layer.
            KeyError: It is not in the set.
        """
        if isinstance(agent, Speaker):
            agent.check_can_leave()
        super().remove(agent)

    def select(self, *args: Any, inplace: bool = False, **kwargs: Any) -> AgentSet:
        """Return the agents that fit the given conditions, as a new set.

        Raises:
            ConfigurationError: `inplace` is true.
        """
        _refuse_inplace("select", inplace)
        return AgentSet(super().select(*args, **kwargs), self.random)


class LayerAgents(RegisteredAgents):
    """Agents of a layer, in the order of their indices; only interventions change it.

    A layer is a sequence, too: `layer[0]` is its first agent. Mesa 3.5 announces the end of this for its own sets.
    """

    def __getitem__(self, item: SupportsIndex | slice) -> Any:
        """Return the agent at an index, or a list of the agents in a slice."""
        return list(self)[item]

    def __repr__(self) -> str:
        first = next(iter(self), None)
        where = "" if first is None else f"layer {first.layer}, "
        return f"{type(self).__name__}({where}{super().__repr__().partition('(')[2]}"

    def add(self, agent: Agent) -> None:
        """Refuse to add an agent.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(f"{agent!r} cannot join a layer: use neuronet.interventions.add between two rounds")

    def shuffle(self, inplace: bool = False) -> AgentSet:
        """Return the agents in random order, as a new set.

        Raises:
            ConfigurationError: `inplace` is true.
        """
        _refuse_inplace("shuffle", inplace)
        return super().shuffle()

    def sort(self, *args: Any, inplace: bool = False, **kwargs: Any) -> AgentSet:
        """Return the agents in the order of a key, as a new set.

        Raises:
            ConfigurationError: `inplace` is true.
        """
        _refuse_inplace("sort", inplace)
        return super().sort(*args, **kwargs)


class NetworkModel(Model):  # type: ignore[misc]
    """Mesa model whose neurons stay registered as long as they are in one of its layers.

    Args:
        seed: Seed of Mesa's own random numbers.

    Attributes:
        layers: Agents of each layer.
    """

    layers: list[LayerAgents]

    def __init__(self, seed: int) -> None:
        super().__init__(rng=seed)
        self._kept_agents: dict[Agent, None] = {}  # sets of agents hold weak references, and Mesa 3.5 keeps no list of them
        self._all_agents = RegisteredAgents([], random=self.random)
        self._agents_by_type: dict[type, AgentSet] = {}

    def register_agent(self, agent: Agent) -> None:
        """Let an agent join the model, as its constructor does.

        Raises:
            ConfigurationError: It is a neuron of another network.
        """
        if isinstance(agent, Speaker) and agent.model is not self:
            raise ConfigurationError(f"{agent!r} is a neuron of another network: models share no neurons")
        self._agents_by_type.setdefault(type(agent), RegisteredAgents([], random=self.random))
        super().register_agent(agent)
        self._kept_agents[agent] = None

    def deregister_agent(self, agent: Agent) -> None:
        """Let an agent leave the model, as `agent.remove()` does.

        Raises:
            ConfigurationError: It is a neuron of a layer.
        """
        if isinstance(agent, Speaker):
            agent.check_can_leave()
        super().deregister_agent(agent)
        self._kept_agents.pop(agent, None)

    def run_for(self, duration: float) -> None:
        """Make steps: `model.run_for(10)` is ten rounds. Mesa has this from 3.5 on.

        Args:
            duration: Number of steps (>= 0).

        Raises:
            ConfigurationError: It is no finite number of 0 or more.
        """
        check_number("duration", duration, 0)
        if hasattr(Model, "run_for"):
            super().run_for(duration)
            return
        for _ in range(int(duration)):
            self.step()

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs."""
        last = max((agent.unique_id for agent in self.agents), default=0)
        return {**vars(self), "_next_id": last + 1}

    def __copy__(self) -> NoReturn:
        """Refuse a shallow copy.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError("a shallow copy of a model would share its neurons: use copy.deepcopy")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Continue as a copy, with ids of its own for agents that join later."""
        self.__dict__.update(state)
        ids = getattr(Agent, "_ids", None)  # gone in later versions of Mesa
        if isinstance(ids, dict):
            ids[self] = count(state["_next_id"])


def _refuse_inplace(method: str, inplace: bool) -> None:
    if inplace:
        raise ConfigurationError(f"the agents of a network cannot be changed in place: use the set that {method}() returns")
