"""Budgeted: attention is scarce. Every neuron has the same budget for the change of its synapses, and tells it to its speakers.

The rule is that of the first author's code for Soltani Moakhar et al. 2023 (arXiv 2310.09952), public as `ckodser/greedyneuron`;
it has no licence, and nothing of it is copied. The paper's abstract does not mention a budget. With `budget=1` it is the rule of
the branch `master`, with `budget=0.5` that of the branch `neurips`, and with `budget=0.5, relative=True` that of the benchmark of
forgetting on it. `strategic` is our own: equation (B) of docs/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from neuronet.core import (
    LAYER_FIELDS,
    Array,
    ConfigurationError,
    Memory,
    Namespace,
    Observation,
    Policy,
    Scales,
    Wrapper,
    check_flag,
    check_number,
    rounding,
)
from neuronet.policies.attention.attention_seeking import AttentionSeeking

BIASES = ("plain", "scaled", "counted")

ZERO_LENGTH = 1e-15
"""Length up to which a change counts as none, as in the authors' code."""


@dataclass(frozen=True)
class Budgeted(Wrapper):
    """Attention budget: in every round each neuron's weights change by the same length (after Soltani Moakhar et al. 2023).

    A neuron divides the change that it intends by that change's own length over its synapses, and multiplies it by its budget.
    Its demand is divided and multiplied likewise before its speakers hear it. Output neurons do the same. By SGD every neuron
    moves by learning rate times budget in every round; momentum adds such steps up, and Adam rescales each synapse by itself,
    so that with them the budget bounds the intended change alone.

    A neuron with a length of 0 (up to 1e-15) makes no step, and its demand is not divided. The authors' code takes the mean
    length of the layer there, which a single neuron does not know; with `relative` it does. Such a neuron has heard silence, or
    demands nothing: where all its speakers are silent relu neurons, its demand has no effect in either case.

    Args:
        policy: The wrapped policy.
        budget: Length of a change per unit of learning rate, above 0; with `relative`, the norm of the layer's demand that
            remains, as a fraction of its norm before.
        relative: Whether the neurons of a layer have equal lengths such that their demands together keep a fraction of their
            norm. They use the sizes of the whole layer's demands and responses, and the layer's mean in place of length 0.
        strategic: Whether neurons anticipate that their activity changes the length of their listeners' steps, equation (B):
            the feedback weight of a listener is multiplied by 1 - e^2, with the neuron's share e of that listener's step. It is
            exact if listeners have the same budget and the wrapped policy is `AttentionSeeking(foresight=1)`.
        steps: Whether the change is divided by its length.
        demands: Whether the demand is divided by that length.
        bias: "plain": the bias changes by the mean of the demand before it is divided, as in the authors' code; "scaled": it is
            divided like the weights; "counted": so, and it counts in the length.

    Raises:
        ConfigurationError: A parameter is out of range, `policy` is not a policy, or parameters exclude each other.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    budget: float = 1.0
    relative: bool = False
    strategic: bool = False
    steps: bool = True
    demands: bool = True
    bias: str = "plain"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("budget", self.budget, 0, above=True)
        for name in ("relative", "strategic", "steps", "demands"):
            check_flag(name, getattr(self, name))
        if self.bias not in BIASES:
            raise ConfigurationError(f"bias must be one of {', '.join(BIASES)}, got {self.bias!r}")
        if "scales" in self.policy.hooks:
            raise ConfigurationError(f"budgeted cannot wrap {self.policy!r}, which scales its demand itself")
        if self.relative and (self.bias == "counted" or self._policy_adapts):
            raise ConfigurationError("relative=True needs bias plain or scaled, and a policy that changes as its demand says")
        if self.strategic and (self.relative or not self.steps or not self.demands or not self.policy.linear):
            raise ConfigurationError("strategic=True needs a linear policy, steps and demands, and relative=False")

    @cached_property
    def _policy_adapts(self) -> bool:
        return "adapt" in self.policy.hooks

    @property
    def own_needs(self) -> frozenset[str]:
        """Sizes of the layer if the budget is relative, and the listeners' response if the neuron is strategic."""
        return (LAYER_FIELDS if self.relative else frozenset()) | ({"response"} if self.strategic else frozenset())

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's weights; strategic, times `1 - e^2` for each listener."""
        weights = super().feedback_weights(obs, memory)
        if not self.strategic:
            return weights
        share = obs.response / self.budget
        left = 1.0 - share * share  # of a listener with one speaker nothing is left, but for rounding
        return weights * obs.xp.where(left > rounding(obs.xp, share), left, obs.xp.zeros_like(left))

    def scales(self, response: Array, obs: Observation, memory: Memory) -> Scales:
        """Return budget over length, for what is divided by it."""
        change = super().adapt(response, obs, memory) if self._policy_adapts else response
        scale = self._scale(change, obs)
        weights = scale if self.steps else None
        return Scales(scale if self.demands else None, weights, None if self.bias == "plain" else weights)

    def _scale(self, change: Array, obs: Observation) -> Array:
        """Return budget over the length of the neurons' change, (..., J)."""
        xp = obs.xp
        counted = change if self.bias == "counted" else change[..., :-1]
        length = xp.linalg.vector_norm(counted, axis=-1)
        if not self.relative:
            return self.budget / (length + xp.astype(length <= ZERO_LENGTH, length.dtype))
        lengths, sizes = obs.layer_response, obs.layer_demand
        mean = xp.mean(lengths, axis=-1, keepdims=True)
        divided = sizes / _without_zeros(xp, lengths, mean)
        before, after = (xp.linalg.vector_norm(part, axis=-1, keepdims=True) for part in (sizes, divided))
        return self.budget * before / (_without_zeros(xp, after, 1.0) * _without_zeros(xp, length, mean))


def _without_zeros(xp: Namespace, length: Array, replacement: float | Array) -> Array:
    """Return the length, or a replacement (or 1, if that is 0, too) where it counts as 0."""
    other = xp.where(length > ZERO_LENGTH, length, xp.ones_like(length) * replacement)
    return xp.where(other > 0, other, xp.ones_like(other))
