"""What methods that let weights change in some directions only have in common.

A bias is the weight of one more speaker, which always says 1, so that it is projected with the weights of its listener.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from neuronet.continual.methods.base import Lesson, Start
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.continual.methods.replay import CHOOSING
from neuronet.core.errors import NeuroNetError
from neuronet.core.random_streams import Purpose, generator


class ProjectingLearner(BackpropLearner):
    """Backpropagation that takes back what of each change would disturb earlier tasks.

    The change is projected, not the gradient: the same under the plain rule, and under momentum and Adam, too, nothing gets
    past. Where the task is named at the test, an output that answers for the first time learns freely, since no earlier task
    asks it; elsewhere all outputs are projected.

    Args:
        start: What all learners begin with.
    """

    watches = True

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.precise = torch.float32 if start.device.startswith("mps") else torch.float64
        self._met: Tensor | None = None

    @abstractmethod
    def excess(self, layer: int, change: Tensor) -> Tensor:
        """What is to be taken back of the change of a layer's weights and, last, bias: (R, J, I + 1) each."""

    @property
    def task(self) -> Lesson:
        """The task that began last.

        Raises:
            NeuroNetError: None has.
        """
        if self.lesson is None:
            raise NeuroNetError("no task has begun, so that there is nothing to hold")
        return self.lesson

    def stepped(self, gradients: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        """Take it back, from the second task on."""
        if self._met is None:
            return
        depth = len(self.weights)
        for layer, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            whole = torch.cat((changes[layer], changes[depth + layer][..., None]), dim=-1)
            excess = self.excess(layer, whole)
            if layer == depth - 1 and self.task.told:
                excess = excess.masked_fill((self.task.open & ~self._met).mT, 0.0)
            with torch.no_grad():
                weights.sub_(excess[..., :-1])
                bias.sub_(excess[..., -1])

    def end_task(self) -> None:
        """Remember which outputs have answered."""
        self._met = self.task.open if self._met is None else self._met | self.task.open

    def heard_at_random(self, size: int, most: int | None = None) -> Iterator[tuple[list[Tensor], Tensor]]:
        """What each listening layer hears of the task's training samples, in random order, a batch at a time.

        Args:
            size: Samples of a batch.
            most: Samples in all; None for all.

        Yields:
            For each layer (R, B, I + 1), the speaker that says 1 last, and (R, B) whether there is such a sample; all is zero
            where there is none.
        """
        deck = self.task.deck
        chances = [generator(seed, Purpose.TASKS, self.task.number, CHOOSING) for seed in self.seeds]
        orders = [chance.permutation(count)[:most] for chance, count in zip(chances, deck.counts, strict=True)]
        longest = max(len(order) for order in orders)
        for first in range(0, longest, size):
            places = np.arange(first, min(first + size, longest))
            inputs, _ = deck.at([order[np.minimum(places, len(order) - 1)] for order in orders])
            there = torch.tensor(np.stack([places < len(order) for order in orders]), device=inputs.device)
            yield [self._with_one(each, there) for each in self._heard(inputs)], there

    def _heard(self, inputs: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return [inputs, *self.heard(self.speak(inputs))]

    def _with_one(self, heard: Tensor, there: Tensor) -> Tensor:
        whole = torch.cat((heard, torch.ones_like(heard[..., :1])), dim=-1)
        return (whole * there[..., None]).to(self.precise)
