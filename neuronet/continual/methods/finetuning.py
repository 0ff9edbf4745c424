"""Error backpropagation by torch's autograd and torch.optim: the baseline, and what the methods of others are built on.

Nothing here uses NeuroNet's engines, policies or payoffs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from neuronet.baselines.backprop import FUNCTIONS, optimiser_of
from neuronet.continual.methods.base import Batch, Learner, Lesson, Method, Start
from neuronet.core.learning.optimizers import rule_named
from neuronet.core.structure.network import Network


@dataclass(frozen=True)
class Backprop(Method):
    """Error backpropagation, with nothing against forgetting.

    Args:
        rule: "plain" (SGD), "momentum(0.9)" or "adam"; "" for the study's learning rule.
    """

    rule: str = ""

    def __post_init__(self) -> None:
        if self.rule:
            rule_named(self.rule)

    def learner(self, start: Start) -> BackpropLearner:
        """Networks that are trained by torch."""
        return BackpropLearner(start)


class BackpropLearner(Learner):
    """R networks trained by autograd and torch.optim.

    A subclass may add to the loss (`loss`), pull parameters (`pull`), hold some still (`still`), and look at each
    step (`stepped`).

    Args:
        start: What all learners begin with.

    Attributes:
        weights: (R, J, I) of each listening layer, leaves.
        biases: (R, J) of each.
        lesson: The task that began last; None before the first.
    """

    def __init__(self, start: Start) -> None:
        self._device, self._dtype = start.device, getattr(torch, start.dtype)
        self._first = list(start.networks)
        self._functions = [FUNCTIONS[name] for name in self._first[0].activations]
        self.weights = [self._leaf(each) for each in zip(*(network.weights for network in self._first), strict=True)]
        self.biases = [self._leaf(each) for each in zip(*(network.biases for network in self._first), strict=True)]
        self.seeds = tuple(start.seeds)
        self.lesson: Lesson | None = None
        self._optimiser = optimiser_of(start.rule, [{"params": self.parameters, "lr": start.learning_rate}])

    def _leaf(self, arrays: Sequence[object]) -> Tensor:
        return torch.tensor(np.stack(arrays), dtype=self._dtype, device=self._device, requires_grad=True)  # type: ignore[arg-type]

    @property
    def parameters(self) -> list[Tensor]:
        """All weights, then all biases."""
        return [*self.weights, *self.biases]

    def begin_task(self, lesson: Lesson) -> None:
        """Remember which task it is."""
        self.lesson = lesson

    def play(self, batch: Batch) -> None:
        """Forward, backward, step."""
        parameters = self.parameters
        gradients = torch.autograd.grad(self.loss(batch).sum(), parameters)
        pulls = self.pull()
        still = self.still()
        before = [each.detach().clone() for each in parameters] if self.watches else []
        for place, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            whole = gradient if pulls is None else gradient + pulls[place]
            parameter.grad = None if still[place] else whole
        self._optimiser.step()
        if self.watches:
            self.stepped(gradients, [now.detach() - old for now, old in zip(parameters, before, strict=True)])

    watches = False
    """Whether `stepped` wants to be called."""

    def loss(self, batch: Batch) -> Tensor:
        """The loss of each replica, (R,): the mean over its samples."""
        return self.loss_of(self.speak(batch.inputs)[-1], batch)

    def loss_of(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The mean cross-entropy of these outputs, (R,)."""
        return cross_entropy(outputs, batch).mean(dim=-1)

    def pull(self) -> list[Tensor] | None:
        """The gradient of what is added to the loss in closed form, by parameter; None for nothing."""
        return None

    def still(self) -> list[bool]:
        """For each parameter, whether it is held still."""
        return [False] * len(self.parameters)

    def stepped(self, gradients: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        """Called after each step with the gradients of the loss, without the pull, and with how the parameters changed."""

    def speak(self, inputs: Tensor, parameters: Sequence[Tensor] | None = None) -> list[Tensor]:
        """The potentials of every listening layer, (R, B, J) each; those of the last are the outputs.

        Args:
            inputs: (R, B, I).
            parameters: Instead of the present ones.
        """
        depth = len(self._functions)
        chosen = self.parameters if parameters is None else parameters
        potentials: list[Tensor] = []
        said = inputs
        for weights, bias, function in zip(chosen[:depth], chosen[depth:], self._functions, strict=True):
            potentials.append(torch.baddbmm(bias[:, None], said, weights.mT))
            said = function(potentials[-1])
        return potentials

    def heard(self, potentials: Sequence[Tensor]) -> list[Tensor]:
        """What every listening layer but the first hears, for the potentials that `speak` gave."""
        return [function(each) for function, each in zip(self._functions, potentials[:-1], strict=False)]

    def outputs(self, inputs: Tensor) -> Tensor:
        """What the networks say."""
        with torch.no_grad():
            return self.speak(inputs)[-1]

    def networks(self) -> list[Network]:
        """As they are now."""
        found = []
        for replica, network in enumerate(self._first):
            weights, biases = (
                tuple(each[replica].detach().cpu().numpy().astype(np.float64) for each in part)
                for part in (self.weights, self.biases)
            )
            found.append(replace(network, weights=weights, biases=biases))
        return found

    def close(self) -> None:
        """Let go of every tensor."""
        self.weights, self.biases, self.lesson = [], [], None


def masked(outputs: Tensor, open_classes: Tensor) -> Tensor:
    """The outputs, with those that may not answer at minus infinity."""
    return outputs.masked_fill(~open_classes, -torch.inf)


def cross_entropy(outputs: Tensor, batch: Batch) -> Tensor:
    """Of each sample, (R, B), among the classes that may answer."""
    among = masked(outputs, batch.open)
    return functional.cross_entropy(among.flatten(0, 1), batch.targets.flatten(), reduction="none").view(batch.targets.shape)
