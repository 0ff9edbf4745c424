"""What the outputs are worth: the payoff's verdict on a batch, by the payoff's own formulas or by quicker ones."""

from __future__ import annotations

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.payoff import CrossEntropy, Payoff


class Verdict:
    """The loss of each sample and the feedback of the output neurons, as the payoff says."""

    def __init__(self, payoff: Payoff) -> None:
        self.payoff = payoff

    def prepare(self, targets: Tensor) -> Tensor:
        """The targets of one or many rounds, (..., B), in the form that `judge` takes."""
        return targets

    def judge(self, outputs: Tensor, prepared: Tensor) -> tuple[Tensor, Tensor]:
        """The feedback (..., B, O) and the loss of each sample (..., B)."""
        return self.payoff.feedback(xp, outputs, prepared), self.payoff.loss(xp, outputs, prepared)


class SoftmaxVerdict(Verdict):
    """Softmax cross-entropy with the outputs feature by feature: a softmax over ten neighbours in memory costs far more.

    Args:
        payoff: Whose formulas these are.
        outputs: O.
        like: A tensor in the engine's precision, on its device.
    """

    def __init__(self, payoff: CrossEntropy, outputs: int, like: Tensor) -> None:
        super().__init__(payoff)
        self._rows = torch.eye(outputs, dtype=like.dtype, device=like.device)
        self._logs = self._wish = torch.zeros(0, dtype=like.dtype, device=like.device)

    def prepare(self, targets: Tensor) -> Tensor:
        """1 at each sample's class and 0 elsewhere, (..., O, B)."""
        rows = self._rows.index_select(0, targets.reshape(-1)).view(*targets.shape, -1)
        return rows.mT.contiguous()

    def judge(self, outputs: Tensor, prepared: Tensor) -> tuple[Tensor, Tensor]:
        """`onehot - softmax(z)`, and the log-likelihood of the right class, negative."""
        logs = torch.log_softmax(outputs.mT, dim=-2)
        wish = torch.sub(prepared, logs.exp())
        return wish.mT, (logs * prepared).sum(dim=-2).neg_()


def verdict_of(payoff: Payoff, outputs: int, like: Tensor) -> Verdict:
    """The quickest way to a payoff's verdict."""
    return SoftmaxVerdict(payoff, outputs, like) if type(payoff) is CrossEntropy else Verdict(payoff)
