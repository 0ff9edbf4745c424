"""Loss and output feedback of a batch, by the payoff's own formulas or by faster ones."""

from __future__ import annotations

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.core import CrossEntropy, Payoff
from neuronet.engines.base.answers import check_payoff_answer


class LossFunction:
    """Loss of each sample and feedback of the output neurons, by the payoff's own formulas.

    Args:
        payoff: The payoff.
    """

    def __init__(self, payoff: Payoff) -> None:
        self.payoff = payoff
        self._losses = torch.zeros(0)

    def output_feedback(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the feedback of the output neurons, (..., B, O), for targets (..., B) or (..., B, O)."""
        self._losses = self.payoff.loss(xp, outputs, targets)
        check_payoff_answer(self.payoff, "loss", self._losses, "B", outputs.shape[:-1])
        feedback: Tensor = self.payoff.feedback(xp, outputs, targets)
        check_payoff_answer(self.payoff, "feedback", feedback, "BO", outputs.shape)
        return feedback

    def losses(self) -> Tensor:
        """Return the loss of each sample of the last batch, (..., B)."""
        return self._losses

    def total(self) -> Tensor:
        """Return the sum of the losses of the last batch, (...)."""
        return self._losses.sum(dim=-1)


class SoftmaxCrossEntropy(LossFunction):
    """Softmax cross-entropy with the outputs stored feature by feature, where a softmax over few outputs is faster.

    Args:
        payoff: The payoff.
        outputs: Number of output neurons.
        like: A tensor in the engine's precision, on its device.
    """

    def __init__(self, payoff: CrossEntropy, outputs: int, like: Tensor) -> None:
        super().__init__(payoff)
        self._identity = torch.eye(outputs, dtype=like.dtype, device=like.device)
        self._logs = self._output_feedback = self._one_hot = self._identity[:0]

    def output_feedback(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return `onehot - softmax(z)`."""
        if self._logs.shape != outputs.mT.shape:
            feature_by_feature = outputs.new_empty(outputs.mT.shape)  # some products return outputs sample by sample
            self._logs, self._output_feedback, self._one_hot = (torch.empty_like(feature_by_feature) for _ in range(3))
        if targets.ndim == 1:
            torch.index_select(self._identity, 1, targets, out=self._one_hot)
        else:
            self._one_hot.zero_().scatter_(-2, targets[..., None, :], 1.0)
        torch.log_softmax(outputs.mT, dim=-2, out=self._logs)
        torch.exp(self._logs, out=self._output_feedback)
        return subtract_softmax(self._one_hot, self._one_hot - 1, self._output_feedback, self._output_feedback).mT

    def losses(self) -> Tensor:
        """Return `log sum exp(z) - z_target` of each sample."""
        return (self._logs * self._one_hot).sum(dim=-2).neg_()

    def total(self) -> Tensor:
        """Return the sum of the losses of the last batch."""
        if self._logs.ndim == 2:
            return torch.dot(self._logs.view(-1), self._one_hot.view(-1)).neg_()
        return (self._logs * self._one_hot).sum(dim=(-2, -1)).neg_()

    def one_hot(self, targets: Tensor) -> Tensor:
        """Return 1 at each sample's class and 0 elsewhere, (..., O, B), for targets (..., B)."""
        shape = (*targets.shape[:-1], len(self._identity), targets.shape[-1])
        return self._identity.new_zeros(shape).scatter_(-2, targets[..., None, :], 1.0)


def subtract_softmax(one_hot: Tensor, others: Tensor, probabilities: Tensor, out: Tensor) -> Tensor:
    """Return `onehot - softmax(z)`, (..., O, B), in `out`.

    The target's entry is the sum of the other probabilities, which has all digits where the target's probability is almost 1.

    Args:
        one_hot: (..., O, B), 1 at each sample's class and 0 elsewhere.
        others: (..., O, B), `one_hot - 1`.
        probabilities: (..., O, B), the softmax; may be `out`.
        out: (..., O, B), where the result is written.
    """
    torch.mul(probabilities, others, out=out)
    return out.addcmul_(one_hot, out.sum(dim=-2, keepdim=True), value=-1)


def loss_function_for(payoff: Payoff, outputs: int, like: Tensor) -> LossFunction:
    """Return the fastest loss function for a payoff."""
    return SoftmaxCrossEntropy(payoff, outputs, like) if type(payoff) is CrossEntropy else LossFunction(payoff)
