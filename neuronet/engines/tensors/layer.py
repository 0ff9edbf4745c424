"""A layer of the tensor engine: its part of the parameters, and its moments of decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.activation import activation_named
from neuronet.arrays import Memory
from neuronet.engines.engine import axis_lengths, check_memory
from neuronet.errors import NeuroNetError
from neuronet.observation import Observation, Place
from neuronet.randomness import Draws, LayerChance

if TYPE_CHECKING:
    from neuronet.engines.tensors.engine import TensorEngine


class Layer:
    """A listening layer: its part of the parameters, its policy and what the policy keeps.

    Attributes:
        weights: (..., J, I), a view of the engine's parameters.
        bias: (..., J), likewise.
        intent_weights: (..., J, I), a view of the engine's intents.
        intent_bias: (..., J), likewise.
        mask: (..., J, I), 1 where there is a connection; None where all are there.
    """

    def __init__(self, engine: TensorEngine, number: int, span: slice) -> None:
        setup = engine.setup
        self.policy = setup.policy(number)
        self.verbs = self.policy.verbs
        self.needs = self.policy.needs
        self.activation = activation_named(setup.network.activations[number - 1])
        sizes = setup.network.sizes
        self.shape = (sizes[number], sizes[number - 1])
        self.span = span
        self.weights, self.bias = self.views(engine.parameters)
        self.intent_weights, self.intent_bias = self.views(engine.intents)
        self.lengths = axis_lengths(sizes, number)
        self.chances = [LayerChance(each.seed, number, self.lengths) for each in engine.setups]
        self.draws = Draws(self._draw)
        self._drawn: dict[tuple[str, str, str], Tensor] = {}
        self._engine = engine
        self.mask = engine.stack([each.network.masks[number - 1] for each in engine.setups])
        self.connected = self._connections_above(number)
        self.heard_back = self._heard_back()
        self.listening = self._synapses_there() if "listening" in self.needs else None
        self.memory: Memory = self.policy.start(Place(self.draws, self._zeros))
        check_memory(self.policy, self.memory)

    def views(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's matrix and bias within a flat buffer (..., P)."""
        here, below = self.shape
        start, middle, stop = self.span.start, self.span.start + here * below, self.span.stop
        return flat[..., start:middle].view(*flat.shape[:-1], here, below), flat[..., middle:stop]

    def _connections_above(self, number: int) -> Tensor:
        """1 where a listener listens to a neuron, (..., K, J)."""
        engine, shape = self._engine, (self.lengths["K"], self.lengths["J"])
        mask = engine.stack([each.network.masks[number] for each in engine.setups]) if self.lengths["K"] else None
        return mask if mask is not None else torch.ones(shape, dtype=engine.dtype, device=engine.device)

    def _synapses_there(self) -> Tensor:
        """1 where there is a synapse, (..., J, S)."""
        there = torch.ones_like(self.weights) if self.mask is None else self.mask
        return torch.cat((there, torch.ones_like(self.bias)[..., None]), dim=-1)

    def _heard_back(self) -> Tensor | None:
        """Which neurons somebody listens to, (..., 1, J); None if that is every neuron, or none could be."""
        if not self.lengths["K"]:
            return None
        heard = self.connected.any(dim=-2, keepdim=True)
        return None if bool(heard.all()) else heard

    def _zeros(self, axes: str) -> Tensor:
        shape = (*self._engine.lead, *(self.lengths[letter] for letter in axes))
        return torch.zeros(shape, dtype=self._engine.dtype, device=self._engine.device)

    def _draw(self, kind: str, name: str, axes: str) -> Tensor:
        key = (kind, name, axes)
        if key not in self._drawn:
            self._drawn[key] = self._engine.tensor([chance.draw(kind, name, axes) for chance in self.chances])
        return self._drawn[key]

    def open(self, number: int, batch: int) -> None:
        """Begin a round."""
        self._drawn.clear()
        for chance in self.chances:
            chance.open(number, batch)

    def speak(self, heard: Tensor, attention: Tensor, learning_rate: float) -> Tensor:
        """What the layer says to what it hears, (..., B, I) to (..., B, J)."""
        potential = heard @ self.weights.mT + self.bias[..., None, :]
        activity = self.activation.value(xp, potential)
        self.heard = heard
        self.seen = Observation(
            xp=xp,
            potential=potential,
            activity=activity,
            slope=self.activation.slope(xp, potential, activity),
            heard=heard,
            attention=attention,
            connected=self.connected,
            learning_rate=learning_rate,
            draws=self.draws,
        )
        if "synapses" in self.needs:
            self.seen.synapses = torch.cat((self.weights, self.bias[..., None]), dim=-1)
        if self.listening is not None:
            self.seen.listening = self.listening
        if "speak" in self.verbs:
            self.seen.activity = self.policy.speak(activity, self.seen, self.memory)
        said: Tensor = self.seen.activity
        return said

    def see(self, demand: Tensor, response: Tensor, broadcast: Tensor, loss: Tensor) -> None:
        """Show the layer what its listeners and the environment answer, as far as its policy may see it."""
        self.seen.demand = demand
        if "response" in self.needs:
            self.seen.response = response
        if "broadcast" in self.needs:
            self.seen.broadcast = broadcast
        if "reward" in self.needs:
            self.seen.reward = -loss

    def decide(self) -> Tensor:
        """The layer's demand, (..., B, J), by its policy."""
        feedback = self.policy.feedback(self.seen, self.memory)
        if getattr(feedback, "shape", None) != self.seen.activity.shape:
            got = getattr(feedback, "shape", type(feedback).__name__)
            raise NeuroNetError(f"{self.policy!r} must give feedback of shape {tuple(self.seen.activity.shape)}, got {got}")
        plain = "demand" not in self.verbs
        demand = feedback * self.seen.slope if plain else self.policy.demand(feedback, self.seen, self.memory)
        if self.heard_back is not None:
            demand = torch.where(self.heard_back, demand, torch.zeros_like(demand))
        return demand  # type: ignore[no-any-return]

    def intend(self, demand: Tensor) -> None:
        """Write the response to this demand into the engine's intents."""
        batch = demand.shape[-2]
        torch.matmul(demand.mT, self.heard, out=self.intent_weights)
        torch.sum(demand, dim=-2, out=self.intent_bias)
        self.intent_weights.div_(batch)
        self.intent_bias.div_(batch)
        if self.mask is not None:
            self.intent_weights.mul_(self.mask)

    def adapt(self) -> Tensor | None:
        """Let the policy change the intents; gives the plain response (..., J, S) if the policy wants to remember it."""
        if not self.verbs & {"adapt", "remember"}:
            return None
        response = torch.cat((self.intent_weights, self.intent_bias[..., None]), dim=-1)
        if "adapt" in self.verbs:
            intent = self.policy.adapt(response, self.seen, self.memory)
            self.intent_bias.copy_(intent[..., -1])
            self.intent_weights.copy_(intent[..., :-1])
            if self.mask is not None:
                self.intent_weights.mul_(self.mask)
        return response

    def remember(self, change: Tensor, response: Tensor) -> None:
        """Let the policy update its memory; change is flat, (..., P)."""
        weights, bias = self.views(change)
        joined = torch.cat((weights, bias[..., None]), dim=-1)
        memory = self.policy.remember(joined, response, self.seen, self.memory)
        check_memory(self.policy, memory)
        # a copy, since it may hold what the engine writes into in the next round, such as the attention seen
        self.memory = {name: array.clone() for name, array in memory.items()}
