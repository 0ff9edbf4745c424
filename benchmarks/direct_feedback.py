"""Direct feedback in a LeNet on Fashion-MNIST by plain torch, for docs/attention-budget.md, for several seeds.

The feedback weights are fixed, so what a layer's input hears is the outputs' gradient times one fixed matrix, which is made
before training, and each layer is differentiated alone. Initial weights, feedback weights, batches and gradients are those of
`lenet_errors` with `direct-feedback`, except for rounding.

    python benchmarks/direct_feedback.py benchmarks/reproduction/feedback-rules/direct-feedback.csv

One seed at one rate takes 11 minutes of one core.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Protocol

import pandas as pd
import torch
import typer
from torch import Tensor, nn

from neuronet.benchmarking import threads
from neuronet.conversion import follow, lenet, weighted
from neuronet.core import Batches
from neuronet.registry import parse_environment, parse_policy
from neuronet.reproduction.lenet import DECAY, test_error
from neuronet.reproduction.lenet_images import ImageData
from neuronet.reproduction.lenet_settings import LeNetSettings

DIRECT = "neuronet_memory_direct"
SETTINGS = LeNetSettings(rules={"DFA": "direct-feedback"})
SEEDS = {0.0001: (1, 2, 3), 0.000316: (1,)}
"""Seeds of each learning rate; seed 0 at the first rate is in errors.csv, by the converted network."""


class DirectFeedbackNetwork:
    """LeNet of a seed whose layers hear fixed combinations of the outputs' gradient.

    Args:
        data: The images, for their size and classes.
        seed: Seed of the weights and the feedback weights.
    """

    def __init__(self, data: ImageData, seed: int) -> None:
        size = data.train[0].shape[-1]
        self.net = lenet(data.classes, size, seed)
        self.blocks = list(_blocks(self.net))
        followed = follow(lenet(data.classes, size, seed), parse_policy("direct-feedback"), data.classes, seed)
        weights = {name: memory.float() for name, memory in followed.named_buffers() if name.endswith(DIRECT)}
        shapes = list(self._input_shapes(torch.zeros(1, 1, size, size)))
        layers = list(weighted(dict(self.net.named_children())).items())
        self.feedback = [
            feedback_matrix(layer, weights[f"{name}.{DIRECT}"], shape, data.classes)
            for (name, layer), shape in zip(layers[1:], shapes[1:], strict=True)
        ]

    def _input_shapes(self, images: Tensor) -> Iterator[tuple[int, ...]]:
        for block in self.blocks:
            yield tuple(images.shape[1:])
            images = block(images)

    def differentiate(self, images: Tensor, classes: Tensor) -> None:
        """Add to each parameter's gradient what direct feedback makes of the mean cross-entropy of a batch."""
        heard, outputs = images, []
        for block in self.blocks:
            outputs.append(block(heard))
            heard = outputs[-1].detach()
        probabilities = torch.softmax(heard, 1)
        gradient = (probabilities - nn.functional.one_hot(classes, heard.shape[1])) / len(classes)
        fed_back = [(gradient @ matrix).reshape(output.shape) for matrix, output in zip(self.feedback, outputs, strict=False)]
        torch.autograd.backward(outputs, [*fed_back, gradient])


def _blocks(net: nn.Sequential) -> Iterator[nn.Sequential]:
    """Yield each layer with what follows it up to the next layer."""
    children = list(net.children())
    starts = [number for number, child in enumerate(children) if isinstance(child, nn.Conv2d | nn.Linear)]
    for start, end in pairwise([*starts, len(children)]):
        yield nn.Sequential(*children[start:end])


def feedback_matrix(layer: nn.Module, weights: Tensor, shape: tuple[int, ...], classes: int) -> Tensor:
    """Return the matrix (classes, inputs) by which a layer's input hears the gradient of the outputs.

    Args:
        layer: Linear layer or convolution.
        weights: Feedback weights: (inputs, classes) of a linear layer; (channels, classes times positions of the kernel) of a
            convolution, whose outputs count as channels with one value at every place.
        shape: Shape of the layer's input for one sample.
        classes: Number of outputs.
    """
    if not isinstance(layer, nn.Conv2d):
        return weights.T.contiguous()
    kernel = weights.reshape(shape[0], classes, *layer.kernel_size).transpose(0, 1)
    places = [side - positions + 1 for side, positions in zip(shape[1:], layer.kernel_size, strict=True)]
    same = torch.eye(classes)[:, :, None, None].expand(-1, -1, *places)
    return nn.functional.conv_transpose2d(same, kernel).flatten(1)


class Differentiated(Protocol):
    """A network with its own way to differentiate."""

    net: nn.Module

    def differentiate(self, images: Tensor, classes: Tensor) -> None:
        """Add to each parameter's gradient what a batch teaches it."""


def train_epochs(network: Differentiated, data: ImageData, rate: float, seed: int) -> Iterator[tuple[float, float]]:
    """Yield the test error (%) after each epoch, and the seconds that it took."""
    images, classes = (torch.from_numpy(array) for array in data.train)
    parameters = network.net.parameters()
    optimizer = torch.optim.SGD(parameters, rate, SETTINGS.momentum, weight_decay=SETTINGS.weight_decay)
    decay = torch.optim.lr_scheduler.MultiStepLR(optimizer, list(SETTINGS.milestones), DECAY)
    batches = Batches(len(images), SETTINGS.batch_size, (seed,))
    whole = len(images) // SETTINGS.batch_size * SETTINGS.batch_size
    for epoch in range(SETTINGS.epochs):
        started = time.perf_counter()
        for indices in torch.split(torch.from_numpy(batches.order(epoch))[:whole], SETTINGS.batch_size):
            optimizer.zero_grad()
            some = data.standardize(images[indices]).contiguous(memory_format=torch.channels_last)
            network.differentiate(some, classes[indices])
            optimizer.step()
        decay.step()
        yield test_error(network.net, data), time.perf_counter() - started


def main(file: Annotated[Path, typer.Argument(help="Table to write, .csv")]) -> None:
    """Train by direct feedback, and write a line for each epoch."""
    data = ImageData.of(parse_environment(SETTINGS.environment), SETTINGS.image_size)
    rows = []
    with threads(1):
        for rate, seed in ((rate, seed) for rate, seeds in SEEDS.items() for seed in seeds):
            errors = train_epochs(DirectFeedbackNetwork(data, seed), data, rate, seed)
            played = [(rate, seed, epoch, *row) for epoch, row in enumerate(errors, start=1)]
            rows += played
            typer.echo(f"rate {rate:g}, seed {seed}: best error {min(row[3] for row in played):.2f}%")
    table = pd.DataFrame(rows, columns=["learning_rate", "seed", "epoch", "error", "seconds"])
    table.round({"error": 2, "seconds": 1}).to_csv(file, index=False)


if __name__ == "__main__":
    typer.run(main)
