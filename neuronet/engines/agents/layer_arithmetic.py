"""Arithmetic of a layer's neurons that none of them decides about: computed for one neuron, or for all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.core import Activation, Array, Optimizer
from neuronet.engines.agents.message_board import Index, MessageBoard
from neuronet.engines.agents.round_context import RoundContext

Floats = NDArray[np.floating[Any]]
EVERYTHING = slice(None)


@dataclass
class LayerHabits:
    """What the policies of a layer do beside feeding back, so that the rest of a round can be left out.

    Attributes:
        post_response: Whether the neurons post their response, because a speaker's policy reads it.
        post_sizes: Whether they post the sizes of demand and response, because a policy of the layer reads them.
        scale: Whether a policy has factors of its demand and its change.
        intend: Whether a policy changes its response before it learns from it.
        remember: Whether a policy has a memory that changes.
        zeroed: Neurons whose response is zero, because they are silent or frozen; those whose policy has factors see it before.
    """

    post_response: bool = False
    post_sizes: bool = False
    scale: bool = False
    intend: bool = False
    remember: bool = False
    zeroed: Sequence[int] = ()


class LayerArithmetic:
    """Potentials, slopes, responses and the optimizer's steps of a layer of neurons.

    Every method takes the index of a neuron, for a neuron that acts alone, or None for all neurons of the layer, which act at the
    same time. Both have the same numbers up to the rounding of sums, and a neuron's numbers depend on its own speakers alone.
    Synapses lie neuron after neuron in one array, each neuron's speakers first and its bias last.

    Args:
        below: Board of the speakers.
        board: Board of the layer.
        above: Board of the listeners; None for outputs.
        speakers: Indices of each neuron's speakers within the layer below.
        activation: Activation of the layer.
        optimizer: Optimizer of the game.

    Attributes:
        speakers: Indices of each neuron's speakers within the layer below.
        synapses: (all S,), the weights and the bias of one neuron after another.
        response: (all S,), the intended change per unit of learning rate, before a policy alters it.
        intent: (all S,), the same as the policies altered it.
        change: (all S,), the last change.
        optimizer_state: Arrays of the optimizer by name, (all S,).
        heard: (I, B), activity that arrived from the speakers.
        potential: (J, B, 1).
        activity: (J, B, 1), the activation's value, before a policy or a lesion alters it.
        slope: (J, B, 1).
        received: (J, K, 1), attention that each neuron of the listening layer pays; 0 where there is no connection.
        habits: What the policies of the layer do.
    """

    def __init__(
        self,
        below: MessageBoard,
        board: MessageBoard,
        above: MessageBoard | None,
        speakers: Sequence[Index],
        activation: Activation,
        optimizer: Optimizer,
    ) -> None:
        self.below, self.board, self.above = below, board, above
        self.activation, self.optimizer = activation, optimizer
        self.speakers = speakers
        self._has_whole_rows = all(isinstance(index, slice) for index in speakers)
        counts = [board.attention[0, index].size + 1 for index in speakers]
        ends = np.cumsum([0, *counts]).tolist()
        self._slots = [slice(*pair) for pair in pairwise(ends)]
        self.synapses: Floats = np.zeros(ends[-1], dtype=board.dtype)
        self.response, self.intent, self.change = (np.zeros_like(self.synapses) for _ in range(3))
        self.optimizer_state: dict[str, Array] = {name: np.zeros_like(self.synapses) for name in optimizer.state_names}
        self.heard: Floats = below.activity
        self.potential = self.activity = self.slope = np.zeros((len(speakers), 0, 1), dtype=board.dtype)
        self.received: Floats = np.zeros((len(speakers), 0, 1), dtype=board.dtype)
        self.habits = LayerHabits()

    def slot(self, neuron: int | None) -> slice:
        """Return where the synapses of a neuron are; of all neurons for None."""
        return EVERYTHING if neuron is None else self._slots[neuron]

    def _each(self, neuron: int | None) -> Sequence[int]:
        return range(len(self._slots)) if neuron is None else (neuron,)

    def _matrix(self, flat: Floats) -> Floats:
        return flat.reshape(len(self._slots), -1)

    def listen(self, neuron: int | None = None) -> None:
        """Compute potential, activity and slope from what the speakers say, and note the attention that listeners pay."""
        self.heard = self.below.delivered_activity
        potential = self._potential(neuron)
        activity = self.activation.value(xp, potential)
        slope = self.activation.slope(xp, potential, activity)
        if neuron is None:  # new arrays, since observations of the last round show the old ones
            self.potential, self.activity, self.slope = potential, activity, slope
        else:
            rows = slice(neuron, neuron + 1)
            self.potential[rows], self.activity[rows], self.slope[rows] = potential, activity, slope
        if self.above is not None:  # copies, since listeners may change their attention before a neuron has adapted
            received = self.above.attention.T[..., None]
            if neuron is None:
                self.received = received.copy()
            else:
                self.received[neuron] = received[neuron]

    def _potential(self, neuron: int | None) -> Floats:
        if neuron is None and self._has_whole_rows:
            synapses = self._matrix(self.synapses)
            potential = synapses[:, :-1] @ self.heard
            potential += synapses[:, -1:]
            return potential[..., None]
        indices = self._each(neuron)
        potential = np.empty((len(indices), self.heard.shape[1], 1), dtype=self.board.dtype)
        for place, index in enumerate(indices):
            own = self.synapses[self._slots[index]]
            np.matmul(own[:-1], self.heard[self.speakers[index]], out=potential[place, :, 0])
            potential[place] += own[-1]
        return potential

    def recall(self, heard: Floats, potential: Floats, activity: Floats) -> None:
        """Return to an earlier round: what was heard (I, B), the potentials (J, B) and the activities that were said (J, B)."""
        self.heard, self.potential, self.activity = heard, potential[..., None], activity[..., None]
        self.slope = self.activation.slope(xp, self.potential, self.activation.value(xp, self.potential))

    def respond(self, neuron: int | None = None) -> None:
        """Compute the response from the demand that was posted, and post what neighbours' policies read of it."""
        demand, response = self.board.demand, self.response
        if neuron is None and self._has_whole_rows:
            matrix = self._matrix(response)
            np.matmul(demand, self.heard.T, out=matrix[:, :-1])
            demand.sum(axis=1, out=matrix[:, -1])
        else:
            for index in self._each(neuron):
                own = response[self._slots[index]]
                np.matmul(self.heard[self.speakers[index]], demand[index], out=own[:-1])
                own[-1] = demand[index].sum()
        response[self.slot(neuron)] /= demand.shape[1]
        if self.habits.post_sizes:
            self._post_sizes(neuron)
        for index in self.habits.zeroed:
            if neuron is None or neuron == index:
                response[self._slots[index]] = 0
        if self.habits.post_response:
            for index in self._each(neuron):
                self.post_response(index, 1.0)
        if not self.habits.intend:
            self.intent = response
        elif self.intent is response:
            self.intent = response.copy()
        else:
            self.intent[self.slot(neuron)] = response[self.slot(neuron)]

    def _post_sizes(self, neuron: int | None) -> None:
        for index in self._each(neuron):
            demand, response = self.board.demand[index], self.response[self._slots[index]]
            self.board.layer_demand[index] = np.sqrt(np.mean(demand * demand))
            self.board.layer_response[index] = np.sqrt(np.sum(response[:-1] ** 2))

    def post_response(self, neuron: int, scale: float) -> None:
        """Post the response of a neuron times a factor, for its speakers to read."""
        self.board.response[neuron, self.speakers[neuron]] = self.response[self._slots[neuron]][:-1] * scale

    def step(self, context: RoundContext, neuron: int | None = None) -> None:
        """Change synapses as the optimizer makes of the intent, and post the new attention."""
        slot = self.slot(neuron)
        state = {name: array[slot] for name, array in self.optimizer_state.items()}
        change, after = self.optimizer.update(self.intent[slot], state, context.learning_rate, context.number + 1)
        if neuron is None:
            self.change, self.optimizer_state = np.asarray(change), after
        else:
            self.change[slot] = change
            for name, array in after.items():
                self.optimizer_state[name][slot] = array
        self.synapses[slot] += change
        self.post_attention(neuron)

    def rest(self, context: RoundContext, neuron: int | None = None) -> None:
        """Let only the optimizer go on, with a zero intent."""
        self.intent[self.slot(neuron)] = 0.0
        self.step(context, neuron)

    def post_attention(self, neuron: int | None = None) -> None:
        """Post the attention that is paid to the speakers."""
        if neuron is None and self._has_whole_rows:
            self.board.attention[:] = self._matrix(self.synapses)[:, :-1]
            return
        for index in self._each(neuron):
            self.board.attention[index, self.speakers[index]] = self.synapses[self._slots[index]][:-1]
