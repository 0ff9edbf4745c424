"""Least squares by context: exact listeners that notice when they are spoken to differently. For continual learning. Our own.

One reply must serve everything that `least-squares` has heard. Where the inputs of a stream come from different sources, it is
better to have a reply for each and to recognise the source by the input alone. New contexts by novelty, without task boundaries:
Lee, Ha, Zhang, Kim 2020, "A neural Dirichlet process mixture model for task-free continual learning" (arXiv 2001.00689), with
density models and networks in place of the means and exact replies here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking

FLOOR = 1e-3
"""Part of the average variance that is added to the variance of each input, so that distances are finite."""

FREEDOM = 10
"""Degrees of freedom of the variances (samples less contexts) that are needed to open a context."""


@dataclass(frozen=True)
class LeastSquaresByContext(Wrapper):
    """Least squares with a reply for each context: output neurons recognise contexts by their inputs, and add new ones.

    A context has the mean of the inputs that belong to it, and a reply: weights. A batch belongs to the context with the nearest
    mean; in distances, each squared difference is divided by the variance of its input within contexts (plus a thousandth of
    the average variance). A batch opens the next context if its own mean is too far from all of them: if the squared distance
    to each exceeds `surprise` times what is expected of its own batches, `1 / B + 1 / n` per input for a batch of B samples and
    a context of n. The first ten samples open one context only, since a variance is not known before. The reply of the batch's
    context moves to the minimum of the squared errors of all samples since this context was last entered, as in `least-squares`,
    plus `penalty (1 + n)` times the squared distance to the reply before, with the n samples that it had then. When an output
    neuron speaks, each sample is answered by the context with the nearest mean.

    The targets are 1 where the environment asks for more, and 0 elsewhere. The output activation must be the identity, and the
    learning rate cancels under plain steps. Neurons with listeners follow the wrapped policy. All neurons of a layer share means
    and sums, so all of them must hear the whole layer below.

    Args:
        policy: The wrapped policy.
        penalty: Weight of the squared distance to the reply before, above 0; per squared activity and sample of the context.
        surprise: Squared distance at which a new context begins, in units of what is expected, above 0.
        contexts: Largest number of contexts, 1 or more; when all are open, every batch belongs to the nearest.

    Raises:
        ConfigurationError: A parameter is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    penalty: float = 100.0
    surprise: float = 3.0
    contexts: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("penalty", self.penalty, 0, above=True)
        check_number("surprise", self.surprise, 0, above=True)
        check_number("contexts", self.contexts, 1, whole=True)

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """Sum of x x^T of the present context, (S, S); its number, (J,); squared deviations within contexts, (S,).

        And of each context the sum of inputs, (S,), and the reply, (J, S). Sums and deviations are shared by the neurons of the
        layer. Replies are changes of the initial weights.
        """
        numbers = range(self.contexts)
        heard, replies = ({f"{name}{number}": axes for number in numbers} for name, axes in (("heard", "S"), ("reply", "JS")))
        return {"inputs": "SS", "present": "J", "spread": "S", **heard, **replies}

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return an output neuron's activity by the reply of each sample's nearest context; for others the wrapped policy."""
        xp, said = obs.xp, super().speak(activity, obs, memory)
        inputs = _with_bias(obs)
        distances = self._distances(inputs, _floored(memory["spread"], obs), obs, memory)
        nearest = self._one_hot(xp.argmin(distances, axis=-1), obs)
        answers = inputs[..., None, :, :] @ xp.matrix_transpose(self._stacked("reply", obs, memory))  # (..., contexts, B, J)
        chosen = xp.sum(xp.matrix_transpose(nearest)[..., None] * answers, axis=-3)
        present = inputs @ xp.matrix_transpose(self._present_reply(obs, memory))
        return xp.where(obs.has_listeners()[..., None, :], said, activity + chosen - present)

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return what an output neuron's reply lacks of its target, (..., B, J); the wrapped policy's demand of others."""
        xp, demand = obs.xp, super().demand(feedback, obs, memory)
        inputs = _with_bias(obs)
        moved = self._reply(self._chosen(inputs, obs, memory), obs, memory) - self._present_reply(obs, memory)
        lacking = xp.astype(feedback > 0, feedback.dtype) - obs.potential - inputs @ xp.matrix_transpose(moved)
        return xp.where(obs.has_listeners()[..., None, :], demand, lacking)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the step to the exact reply of the batch's context; the wrapped policy's change of others."""
        xp, change = obs.xp, super().adapt(response, obs, memory)
        inputs = _with_bias(obs)
        chosen = self._chosen(inputs, obs, memory)
        total = self._total(chosen, inputs, obs, memory)
        heard = xp.sum(chosen * self._stacked("heard", obs, memory)[..., -1], axis=-1) + inputs.shape[-2]  # the bias hears 1
        before = (heard - total[..., -1, -1])[..., None, None]
        anchor = self.penalty * (1.0 + before) * xp.eye(total.shape[-1], dtype=total.dtype, device=total.device)
        exact = xp.linalg.solve(total + anchor, xp.matrix_transpose(inputs.shape[-2] * response))
        step = self._reply(chosen, obs, memory) - self._present_reply(obs, memory) + xp.matrix_transpose(exact)
        return xp.where(obs.has_listeners()[..., None], change, step / obs.learning_rate)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the sum, mean and reply of the batch's context with this round in them."""
        xp, inputs = obs.xp, _with_bias(obs)
        chosen = self._chosen(inputs, obs, memory)
        reply, heard = self._present_reply(obs, memory) + change, xp.sum(inputs, axis=-2)
        before, samples = xp.sum(chosen[..., None] * self._stacked("heard", obs, memory), axis=-2), inputs.shape[-2]
        counts = before[..., -1:]  # the bias hears 1
        moved = heard / samples - before / xp.where(counts > 0, counts, xp.ones_like(counts))
        kept = {
            **super().remember(change, response, obs, memory),
            "inputs": self._total(chosen, inputs, obs, memory),
            "spread": memory["spread"] + _deviations(inputs, obs) + counts * samples / (counts + samples) * moved**2,
            "present": xp.zeros_like(memory["present"]) + xp.astype(xp.argmax(chosen, axis=-1), inputs.dtype)[..., None],
        }
        for number in range(self.contexts):
            own, name = chosen[..., number, None], f"reply{number}"
            kept[f"heard{number}"] = memory[f"heard{number}"] + own * heard
            kept[name] = memory[name] + own[..., None] * (reply - memory[name])
        return kept

    def _stacked(self, name: str, obs: Observation, memory: Memory) -> Array:
        """Return an array of every context: inputs (..., contexts, S), or replies (..., contexts, J, S)."""
        axis = {"heard": -2, "reply": -3}[name]
        return obs.xp.stack([memory[f"{name}{number}"] for number in range(self.contexts)], axis=axis)

    def _one_hot(self, numbers: Array, obs: Observation) -> Array:
        """Return 1 at the context of each number, (..., contexts), and 0 elsewhere."""
        xp, like = obs.xp, obs.speaker_activity
        known = xp.astype(xp.arange(self.contexts, device=like.device), numbers.dtype)
        return xp.astype(numbers[..., None] == known, like.dtype)

    def _distances(self, inputs: Array, spread: Array, obs: Observation, memory: Memory) -> Array:
        """Return the squared distance of inputs (..., B, S) to each mean, (..., B, contexts); infinite where it has none.

        Each squared difference is divided by `spread` (..., S).
        """
        xp, sums = obs.xp, self._stacked("heard", obs, memory)
        counts, scale = sums[..., -1:], 1.0 / xp.sqrt(spread)[..., None, :]
        means = scale * sums / xp.where(counts > 0, counts, xp.ones_like(counts))
        scaled = scale * inputs
        squares = xp.sum(scaled**2, axis=-1)[..., None] + xp.sum(means**2, axis=-1)[..., None, :]
        distances = squares - 2.0 * (scaled @ xp.matrix_transpose(means))
        return xp.where((counts > 0)[..., None, :, 0], distances, xp.full_like(distances, xp.inf))

    def _chosen(self, inputs: Array, obs: Observation, memory: Memory) -> Array:
        """Return 1 at the context of the batch, (..., contexts), and 0 elsewhere."""
        xp, samples = obs.xp, inputs.shape[-2]
        within = memory["spread"] + _deviations(inputs, obs)
        spread = _floored(within, obs)
        distances = self._distances(xp.mean(inputs, axis=-2, keepdims=True), spread, obs, memory)[..., 0, :]
        counts = self._stacked("heard", obs, memory)[..., -1]
        known = counts > 0
        freedom = xp.sum(counts - xp.astype(known, counts.dtype), axis=-1, keepdims=True) + (samples - 1)
        one = xp.ones_like(counts)
        expected = xp.sum(within / spread, axis=-1, keepdims=True) * (1.0 / samples + 1.0 / xp.where(known, counts, one))
        far = distances > self.surprise * expected / xp.where(freedom > 0, freedom, xp.ones_like(freedom))
        opens = xp.all(far, axis=-1) & xp.any(~known, axis=-1) & (freedom[..., 0] >= FREEDOM)
        first_closed = xp.argmax(xp.astype(~known, inputs.dtype), axis=-1)
        return self._one_hot(xp.where(opens, first_closed, xp.argmin(distances, axis=-1)), obs)

    def _reply(self, chosen: Array, obs: Observation, memory: Memory) -> Array:
        """Return the reply (..., J, S) at the 1 of an array (..., contexts)."""
        return obs.xp.sum(chosen[..., None, None] * self._stacked("reply", obs, memory), axis=-3)

    def _present_reply(self, obs: Observation, memory: Memory) -> Array:
        """Return the reply (..., J, S) that the neurons' weights have at present."""
        present = obs.xp.matrix_transpose(self._one_hot(memory["present"], obs))
        return obs.xp.sum(present[..., None] * self._stacked("reply", obs, memory), axis=-3)

    def _total(self, chosen: Array, inputs: Array, obs: Observation, memory: Memory) -> Array:
        """Return the sum of x x^T since the context of the batch was entered, (..., S, S), those of the batch included."""
        present = self._one_hot(memory["present"], obs)[..., 0, :]
        stays = obs.xp.sum(present * chosen, axis=-1)[..., None, None]
        return stays * memory["inputs"] + obs.xp.matrix_transpose(inputs) @ inputs


def _with_bias(obs: Observation) -> Array:
    """Return what the neurons hear with 1 for their bias, (..., B, S)."""
    heard = obs.speaker_activity
    return obs.xp.concat([heard, obs.xp.ones_like(heard[..., :1])], axis=-1)


def _deviations(inputs: Array, obs: Observation) -> Array:
    """Return the sum of squared deviations of each input (..., B, S) from its mean over the batch, (..., S)."""
    return obs.xp.sum((inputs - obs.xp.mean(inputs, axis=-2, keepdims=True)) ** 2, axis=-2)


def _floored(spread: Array, obs: Observation) -> Array:
    """Return squared deviations (..., S) with a part of their average added; 1 if no input varies."""
    xp, average = obs.xp, obs.xp.mean(spread, axis=-1, keepdims=True)
    return xp.where(average > 0, spread + FLOOR * average, xp.ones_like(spread))
