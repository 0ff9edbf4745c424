"""Avalanche's plug-in for synaptic intelligence, corrected for the CPU."""

from __future__ import annotations

from typing import Any

from neuronet.continual.avalanche.imports import plugins
from neuronet.core import check_number


class SynapticIntelligence(plugins.SynapticIntelligencePlugin):  # type: ignore[misc]
    """Avalanche's SynapticIntelligencePlugin, with copies of the parameters instead of views.

    Version 0.6 keeps `parameter.detach().cpu().flatten()` from before each step. On the CPU this is a view that changes with the
    parameter: every step seems to have length 0, all importances stay 0, and the plug-in has no effect.

    Three differences to the method `si` remain: the path integral uses the gradient of loss and penalty, negative contributions
    of a task are subtracted from those of others, and importances are clipped at `clip`.

    Args:
        si_lambda: Weight 2 c of the penalty, which is halved (>= 0).
        eps: Constant xi added to the squared distance (> 0).
        clip: Upper bound of every importance; `math.inf` for none.

    Raises:
        ConfigurationError: A value is out of range.
    """

    def __init__(self, si_lambda: float, eps: float = 1e-7, clip: float = 0.001) -> None:
        check_number("si_lambda", si_lambda, 0)
        check_number("eps", eps, 0, above=True)
        super().__init__(si_lambda, eps)
        self._clip = clip

    def before_training_exp(self, strategy: Any, **options: Any) -> None:
        """Copy the parameters at the start of a task."""
        super().before_training_exp(strategy, **options)
        _copy_data(self.ewc_data[0])

    def before_training_iteration(self, strategy: Any, **options: Any) -> None:
        """Copy the parameters before a step."""
        super().before_training_iteration(strategy, **options)
        _copy_data(self.syn_data["old_theta"])

    def after_training_exp(self, strategy: Any, **options: Any) -> None:
        """Update the importances at the end of a task."""
        state = (self.ewc_data, self.syn_data, self._clip, self.excluded_parameters)
        self.update_ewc_data(strategy.model, *state, 1, eps=self.eps)


def _copy_data(state: dict[str, Any]) -> None:
    for tensor_data in state.values():
        tensor_data.data = tensor_data.data.clone()
