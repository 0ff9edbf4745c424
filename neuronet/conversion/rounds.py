"""Rounds of a layer whose policies draw random numbers: each forward pass that is learnt from is one.

Activation checkpointing repeats a forward pass within the backward pass. Non-reentrant checkpointing does so only for the tensors
that the first pass would have saved: that round is counted already, and the graph of the repetition is never run. Reentrant
checkpointing runs the first pass without gradients, which is no round, and the graph of the repetition: this is the round.
"""

from __future__ import annotations

from typing import Any

import torch

from neuronet.core import ConfigurationError

ROUND = "neuronet_round"
"""Buffer with the number of rounds, for policies that draw random numbers."""

WAITING = "neuronet_waiting"
"""Attribute with the backward pass of the last repetitions, and the number of those whose graph has not been run."""


def in_backward() -> bool:
    """Return whether a backward pass is running, so that a forward pass is a repetition."""
    return _backward_pass() != -1


def _backward_pass() -> int:
    return int(torch._C._current_graph_task_id())  # -1 outside; as in torch.utils.checkpoint


class Round:
    """A forward pass of a layer.

    Args:
        layer: The layer, whose count of rounds goes up, now or when the graph of a repetition is run.

    Raises:
        ConfigurationError: The layer is a copy of torch.nn.DataParallel, whose count is lost.
    """

    def __init__(self, layer: Any) -> None:
        if getattr(layer, "_is_replica", False):  # as torch marks them
            name = layer.layer_policy.name
            raise ConfigurationError(f"torch.nn.DataParallel loses the rounds of layer '{name}': use DistributedDataParallel")
        self._layer, self._is_counted = layer, not in_backward()
        count = layer.get_buffer(ROUND)
        self._number = int(count)
        if self._is_counted:
            count += 1
            return
        backward_pass, waiting = getattr(layer, WAITING, (-1, 0))
        waiting = waiting if backward_pass == _backward_pass() else 0
        self._number += waiting
        setattr(layer, WAITING, (_backward_pass(), waiting + 1))

    def played(self) -> int:
        """Return the number of the round, from 0, when its graph is run."""
        if not self._is_counted:
            self._is_counted = True
            count = self._layer.get_buffer(ROUND)
            count += 1
            backward_pass, waiting = getattr(self._layer, WAITING, (-1, 0))
            setattr(self._layer, WAITING, (backward_pass, max(waiting - 1, 0)))
        return self._number
