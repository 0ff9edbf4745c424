"""Direct feedback: fixed random weights from the outputs' demands to each neuron.

Source: Nokland 2016, "Direct feedback alignment provides learning in deep neural networks" (arXiv 1609.01596): `r = B e`, with a
fixed random matrix B from the outputs' error to each hidden layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neuronet.core import Array, Birth, Memory, Observation, Policy, check_number


@dataclass(frozen=True)
class DirectFeedback(Policy):
    """Direct feedback alignment: fixed random weights from the output demands to each neuron (Nokland 2016).

    It uses neither its listeners' demands nor their attention. The weights are normal, with standard deviation
    `scale / sqrt(outputs)`, so that a neuron's feedback is about as large as one output's demand.

    Args:
        scale: Factor on the feedback, above 0.

    Raises:
        ConfigurationError: scale is out of range.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        check_number("scale", self.scale, 0, above=True)

    @property
    def needs(self) -> frozenset[str]:
        """The outputs' demands."""
        return frozenset({"broadcast"})

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """A feedback weight for each output neuron."""
        return {"direct": "JO"}

    def initial_memory(self, birth: Birth) -> Memory:
        """Return normal numbers with standard deviation `scale / sqrt(outputs)`."""
        drawn = birth.draws.normal("direct", "JO")
        return {"direct": drawn * (self.scale / drawn.shape[-1] ** 0.5)}

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the outputs' demands times the feedback weights: (..., B, O) times (..., O, J)."""
        return obs.broadcast @ obs.xp.matrix_transpose(memory["direct"])
