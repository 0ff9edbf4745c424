"""Warning of feedback that is not finite, which torch would pass on in silence."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from neuronet.conversion.policy_group import PolicyGroup
from neuronet.core import Observation, PolicyWarning, own_classes


def warn_of_non_finite(
    answers: Sequence[Tensor], groups: Sequence[PolicyGroup], obs: Sequence[Observation], hook: str, layer: str
) -> None:
    """Warn if a policy of the user's own gave nan or infinite numbers, although demand and attention were finite.

    Policies that come with NeuroNet are not looked at, and infinite gradients of mixed precision are not the policy's.

    Args:
        answers: Result of each group.
        groups: The groups.
        obs: What each group saw.
        hook: Hook that gave the results.
        layer: Name of the layer.
    """
    for answer, group, view in zip(answers, groups, obs, strict=True):
        if answer.is_meta or not own_classes(group.policy) or bool(torch.isfinite(answer).all()):
            continue
        seen = [view.attention, *([view.demand] if hook == "feedback" else [])]
        if all(bool(torch.isfinite(array).all()) for array in seen):
            kind = "nan" if bool(torch.isnan(answer).any()) else "infinite"
            message = (
                f"policy {own_classes(group.policy)[0].__name__} gave {kind} {hook} at layer '{layer}', although everything that "
                "it saw was finite: look for a division by 0, a logarithm, a root or an overflow in it"
            )
            warnings.warn(message, PolicyWarning, stacklevel=2)
