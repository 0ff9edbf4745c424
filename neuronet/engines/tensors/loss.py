"""What the outputs are worth: the payoff's verdict on a batch, by the payoff's own formulas or by quicker ones."""

from __future__ import annotations

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.core.payoff import CrossEntropy, Payoff


class LossFunction:
    """The loss of each sample and the feedback of the output neurons, as the payoff says."""

    def __init__(self, payoff: Payoff) -> None:
        self.payoff = payoff
        self._losses = torch.zeros(0)

    def output_feedback(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The feedback of the output neurons, (..., B, O), for targets (..., B) or (..., B, O); it holds until the next."""
        self._losses = self.payoff.loss(xp, outputs, targets)
        return self.payoff.feedback(xp, outputs, targets)  # type: ignore[no-any-return]

    def losses(self) -> Tensor:
        """The loss of each sample of the last verdict, (..., B)."""
        return self._losses

    def total(self) -> Tensor:
        """Their sum, (...)."""
        return self._losses.sum(dim=-1)


class SoftmaxCrossEntropy(LossFunction):
    """Softmax cross-entropy with the outputs feature by feature: a softmax over ten neighbours in memory costs far more.

    Args:
        payoff: Whose formulas these are.
        outputs: O.
        like: A tensor in the engine's precision, on its device.
    """

    def __init__(self, payoff: CrossEntropy, outputs: int, like: Tensor) -> None:
        super().__init__(payoff)
        self._identity = torch.eye(outputs, dtype=like.dtype, device=like.device)
        self._logs = self._output_feedback = self._one_hot = self._identity[:0]

    def output_feedback(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """`onehot - softmax(z)`."""
        if self._logs.shape != outputs.mT.shape:
            self._logs, self._output_feedback, self._one_hot = (torch.empty_like(outputs.mT) for _ in range(3))
        if targets.ndim == 1:
            torch.index_select(self._identity, 1, targets, out=self._one_hot)
        else:
            self._one_hot.zero_().scatter_(-2, targets[..., None, :], 1.0)
        torch.log_softmax(outputs.mT, dim=-2, out=self._logs)
        torch.exp(self._logs, out=self._output_feedback)
        return torch.sub(self._one_hot, self._output_feedback, out=self._output_feedback).mT

    def losses(self) -> Tensor:
        """`log sum exp(z) - z_target`."""
        return (self._logs * self._one_hot).sum(dim=-2).neg_()

    def total(self) -> Tensor:
        """Their sum."""
        if self._logs.ndim == 2:
            return torch.dot(self._logs.view(-1), self._one_hot.view(-1)).neg_()
        return (self._logs * self._one_hot).sum(dim=(-2, -1)).neg_()

    def one_hot(self, targets: Tensor) -> Tensor:
        """1 at each sample's class and 0 elsewhere, for targets (..., B): (..., O, B)."""
        shape = (*targets.shape[:-1], len(self._identity), targets.shape[-1])
        return self._identity.new_zeros(shape).scatter_(-2, targets[..., None, :], 1.0)


def loss_function_for(payoff: Payoff, outputs: int, like: Tensor) -> LossFunction:
    """The quickest way to a payoff's verdict."""
    return SoftmaxCrossEntropy(payoff, outputs, like) if type(payoff) is CrossEntropy else LossFunction(payoff)
