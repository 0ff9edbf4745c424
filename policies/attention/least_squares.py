"""Least squares: listeners that answer exactly to everything they have heard, for continual learning. Our own.

The best response of an output neuron to a single batch undoes its responses to earlier ones. This one is the best response to all
batches together, by recursive least squares (Plackett 1950, "Some theorems in least squares"): the sums in its memory stand for
every sample so far, in any order. Over free riders, whose activities are random features, it is a streaming ridge regression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuronet.core import Array, Memory, Observation, Policy, Wrapper, check_number
from neuronet.policies.attention.attention_seeking import AttentionSeeking


@dataclass(frozen=True)
class LeastSquares(Wrapper):
    """Least squares: output neurons respond exactly to all samples so far; other neurons follow the wrapped policy.

    An output neuron reads from the sign of its feedback whether to be active: it wants a potential of 1 where the environment
    asks for more, and of 0 elsewhere. Let x be its input with 1 for the bias, t what it wants, w its weights, and C the sum of
    x x^T over all samples so far. Each round changes w by `(penalty I + C)^-1 sum (t - w x) x` over the batch. So after every
    round w minimises the sum of `(t - w x)^2` over all samples so far plus `penalty |w - w_0|^2`, around the initial weights,
    where the inputs of earlier samples have not changed. The learning rate cancels: it is exact under plain steps. All neurons
    of a layer share C, so all of them must hear the whole layer below.

    Args:
        policy: The wrapped policy.
        penalty: Weight of the squared distance to the initial weights, above 0; per squared activity.
        fading: Share of C that is lost in a round, 0 to below 1, where earlier samples shall count less than later ones.
        signs: Whether targets are read from the sign of the feedback, as for classes; if not, a neuron wants its potential plus
            its feedback, which is the target of a squared error.

    Raises:
        ConfigurationError: A parameter is out of range, or `policy` is not a policy.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    penalty: float = 100.0
    fading: float = 0.0
    signs: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("penalty", self.penalty, 0, above=True)
        check_number("fading", self.fading, 0, 1, below=True)

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """Sum C over the samples so far, shared by the neurons of the layer, (S, S)."""
        return {"inputs": "SS"}

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return what an output neuron lacks of the potential that it wants, `t - w x`; the wrapped policy's demand of others."""
        demand = super().demand(feedback, obs, memory)
        wanted = obs.xp.astype(feedback > 0, feedback.dtype) - obs.potential if self.signs else feedback
        return obs.xp.where(obs.has_listeners()[..., None, :], demand, wanted)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the exact response of output neurons, per unit of learning rate; the wrapped policy's change of others."""
        xp, batch = obs.xp, obs.speaker_activity.shape[-2]
        change = super().adapt(response, obs, memory)
        inputs = self._inputs(obs, memory)
        identity = xp.eye(inputs.shape[-1], dtype=inputs.dtype, device=inputs.device)
        exact = xp.matrix_transpose(xp.linalg.solve(inputs + self.penalty * identity, xp.matrix_transpose(batch * response)))
        return xp.where(obs.has_listeners()[..., None], change, exact / obs.learning_rate)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the sum C with the samples of this round."""
        return {**super().remember(change, response, obs, memory), "inputs": self._inputs(obs, memory)}

    def _inputs(self, obs: Observation, memory: Memory) -> Array:
        xp, activity = obs.xp, obs.speaker_activity
        activity = xp.concat([activity, xp.ones_like(activity[..., :1])], axis=-1)
        return (1.0 - self.fading) * memory["inputs"] + xp.matrix_transpose(activity) @ activity
