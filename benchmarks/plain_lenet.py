"""Feedback rules in a LeNet on Fashion-MNIST by plain torch: a cheaper way to further seeds of what lenet.py plays.

Initial weights, feedback weights, batches and gradients are those of `lenet_errors`, except for rounding; the magnitudes that
brSF draws in each round come from torch's generator.

    python -m benchmarks.plain_lenet benchmarks/reproduction/feedback-rules/plain.csv [--folder FOLDER]

A seed takes about half an hour of one core. Direct feedback is in benchmarks/direct_feedback.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.direct_feedback import SETTINGS, train_epochs
from benchmarks.lenet import RATES
from neuronet.benchmarking import threads
from neuronet.conversion import follow, lenet, weighted
from neuronet.registry import parse_environment, parse_policy
from neuronet.reproduction.lenet_images import ImageData
from neuronet.reproduction.lenet_settings import RULES

SEEDS = {"FA": (1, 2)}
"""Seeds that are played by each rule, of BP, FA, uSF, brSF and frSF; seed 0 is in errors.csv, by the converted network."""

MEMORIES = {"FA": "neuronet_memory_feedback", "frSF": "neuronet_memory_magnitude"}
"""Buffers of the converted network with what a rule draws at birth."""


class FedBack(torch.autograd.Function):
    """A layer's answer; its input hears the gradient by other weights than the layer's own."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, feedback: Tensor) -> Tensor:
        """Return the linear layer or the convolution of the inputs."""
        ctx.save_for_backward(inputs, weight, feedback)
        return functional.linear(inputs, weight, bias) if weight.ndim == 2 else functional.conv2d(inputs, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of inputs, weight and bias, that of the inputs by the feedback weights."""
        (gradient,) = gradients
        inputs, weight, feedback = ctx.saved_tensors
        if weight.ndim == 2:
            return gradient @ feedback, gradient.T @ inputs, gradient.sum(0), None
        fed_back = None
        if ctx.needs_input_grad[0]:
            fed_back = nn.grad.conv2d_input(inputs.shape, feedback, gradient)
        return fed_back, nn.grad.conv2d_weight(inputs, weight.shape, gradient), gradient.sum((0, 2, 3)), None


class FeedbackNetwork:
    """LeNet of a seed whose layers' inputs hear the gradient as a feedback rule has it.

    Args:
        data: The images, for their size and classes.
        rule: BP, FA, uSF, brSF or frSF.
        seed: Seed of the weights and the feedback weights.
    """

    def __init__(self, data: ImageData, rule: str, seed: int) -> None:
        size, spec = data.train[0].shape[-1], RULES[rule]
        self.rule, self.net = rule, lenet(data.classes, size, seed)
        self.layers = weighted(dict(self.net.named_children()))
        self.draws = torch.Generator().manual_seed(seed)
        followed = follow(lenet(data.classes, size, seed), None if spec is None else parse_policy(spec), data.classes, seed)
        buffers = dict(followed.named_buffers())
        self.drawn = {
            name: _as_weight(buffers[f"{name}.{MEMORIES[rule]}"].float(), layer.weight)
            for name, layer in self.layers.items()
            if rule in MEMORIES
        }

    def feedback(self, name: str) -> Tensor:
        """Return the feedback weights of a layer, of the shape of its weights."""
        weight = self.layers[name].weight.detach()
        deviation = (2 / (sum(weight.shape[:2]) * weight.shape[2:].numel())) ** 0.5
        match self.rule:
            case "BP":
                return weight
            case "FA":
                return deviation * self.drawn[name]
            case "uSF":
                return deviation * torch.sign(weight)
            case "frSF":
                magnitude = self.drawn[name]
            case _:
                magnitude = torch.rand(weight.shape, generator=self.draws)
        return deviation * 3**0.5 * magnitude * torch.sign(weight)

    def differentiate(self, images: Tensor, classes: Tensor) -> None:
        """Add to each parameter's gradient what the rule makes of the mean cross-entropy of a batch."""
        values = images
        for name, module in self.net.named_children():
            if name in self.layers:
                layer = self.layers[name]
                values = FedBack.apply(values, layer.weight, layer.bias, self.feedback(name))
            else:
                values = module(values)
        torch.autograd.backward(functional.cross_entropy(values, classes))


def _as_weight(memory: Tensor, weight: Tensor) -> Tensor:
    """Return what is drawn for each (input, output and place of the kernel) in the shape of the weight."""
    return memory.reshape(weight.shape[1], weight.shape[0], *weight.shape[2:]).transpose(0, 1).contiguous()


def play(rule: str, seed: int, folder: Path | None) -> pd.DataFrame:
    """Return the test error (%) after each epoch of a rule and seed; a stored one is not played again."""
    stored = None if folder is None else folder / f"{rule}-{seed}.csv"
    if stored is not None and stored.exists():
        return pd.read_csv(stored)
    data = ImageData.of(parse_environment(SETTINGS.environment), SETTINGS.image_size)
    with threads(1):
        errors = train_epochs(FeedbackNetwork(data, rule, seed), data, RATES[rule], seed)
        rows = [(rule, RATES[rule], seed, epoch, *row) for epoch, row in enumerate(errors, start=1)]
    table = pd.DataFrame(rows, columns=["rule", "learning_rate", "seed", "epoch", "error", "seconds"])
    if stored is not None:
        stored.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(stored, index=False)
    return table


def main(
    file: Annotated[Path, typer.Argument(help="Table to write, .csv")],
    folder: Annotated[Path | None, typer.Option(help="Folder that keeps what was played")] = None,
) -> None:
    """Train by each rule and seed, and write a line for each epoch."""
    tables = []
    for rule, seed in ((rule, seed) for rule, seeds in SEEDS.items() for seed in seeds):
        tables.append(play(rule, seed, folder))
        typer.echo(f"{rule}, seed {seed}: best error {tables[-1]['error'].min():.2f}%")
    whole = pd.concat(tables)
    whole.round({"error": 2, "seconds": 1}).to_csv(file, index=False)


if __name__ == "__main__":
    typer.run(main)
