"""Avalanche's synaptic intelligence, made to work on the CPU."""

from __future__ import annotations

from typing import Any

from neuronet.continual.avalanche.imports import plugins
from neuronet.core.errors import check_number


class SynapticIntelligence(plugins.SynapticIntelligencePlugin):  # type: ignore[misc]
    """Avalanche's SynapticIntelligencePlugin, with copies of the parameters where it keeps views.

    In version 0.6 it keeps `parameter.detach().cpu().flatten()` from before each step. On the CPU that is no copy: it moves along
    with the parameter, every step seems to lead nowhere, nothing is ever important, and the plug-in does nothing at all.

    Against our `si` three things differ: the gradient that earns is that of the loss with the penalty, what one task has cost
    counts against what others have earned, and importances are cut off at `clip`.

    Args:
        si_lambda: Of the penalty, which is halved: 2 c.
        eps: xi, added to the squared way, above 0.
        clip: Above which no parameter's importance is let; 0.001 in Avalanche, `math.inf` for none.

    Raises:
        NeuroNetError: One is out of range.
    """

    def __init__(self, si_lambda: float, eps: float = 1e-7, clip: float = 0.001) -> None:
        check_number("si_lambda", si_lambda, 0)
        check_number("eps", eps, 0, above=True)
        super().__init__(si_lambda, eps)
        self._clip = clip

    def before_training_exp(self, strategy: Any, **options: Any) -> None:
        """A task begins here."""
        super().before_training_exp(strategy, **options)
        _copy_data(self.ewc_data[0])

    def before_training_iteration(self, strategy: Any, **options: Any) -> None:
        """A step begins here."""
        super().before_training_iteration(strategy, **options)
        _copy_data(self.syn_data["old_theta"])

    def after_training_exp(self, strategy: Any, **options: Any) -> None:
        """Add up what was earned."""
        state = (self.ewc_data, self.syn_data, self._clip, self.excluded_parameters)
        self.update_ewc_data(strategy.model, *state, 1, eps=self.eps)


def _copy_data(state: dict[str, Any]) -> None:
    for each in state.values():
        each.data = each.data.clone()
