"""Random feedback: fixed random weights from the listeners' demands to each neuron.

Source: Lillicrap, Cownden, Tweed and Akerman 2016, "Random synaptic feedback weights support error backpropagation for deep
learning" (Nature Communications 7, 13276): feedback alignment, where a fixed random matrix B replaces the transposed weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neuronet.core import Array, Birth, FeedbackForm, LinearPolicy, Memory, Observation, check_number


@dataclass(frozen=True)
class RandomFeedback(LinearPolicy):
    """Feedback alignment: fixed random feedback weights instead of the listeners' weights (Lillicrap et al. 2016).

    The weights are normal, with standard deviation `scale / sqrt(listeners)`, so that a neuron's feedback is about as large as
    one demand. It works because the listeners' weights align with them: see examples/feedback_alignment.py.

    Args:
        scale: Factor on the feedback, above 0.

    Raises:
        ConfigurationError: scale is out of range.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        check_number("scale", self.scale, 0, above=True)

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """A feedback weight for each listener."""
        return {"feedback": "JK"}

    def initial_memory(self, birth: Birth) -> Memory:
        """Return standard normal numbers."""
        return {"feedback": birth.draws.normal("feedback", "JK")}

    @property
    def form(self) -> FeedbackForm:
        """Weights that are fixed at birth."""
        return FeedbackForm(fixed=True)

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return `scale * B_kj / sqrt(listeners of j)`, 0 where there is no connection."""
        xp = obs.xp
        listeners = xp.sum(obs.listener_mask, axis=-2, keepdims=True)
        size = self.scale / xp.sqrt(xp.maximum(listeners, xp.ones_like(listeners)))
        return xp.matrix_transpose(memory["feedback"]) * (size * obs.listener_mask)
