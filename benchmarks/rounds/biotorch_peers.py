"""BioTorch 0.0.16 (Sanfiz and Akrout 2021): its FA, DFA and uSF layers under autograd, beside our policies of the same idea.

    pip install biotorch --no-deps

(With its dependencies it would replace torch by an old one.) The feedback matrices are copied from ours, so that both sides play
the same game.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO

import torch
from biotorch.module.biomodule import BioModule
from torch import nn

from neuronet import AttentionSeeking
from neuronet.benchmarking.contestants import (
    LEARNING_RATE,
    MOMENTUM,
    BenchmarkCase,
    TensorEngineSingle,
    linear_layers,
    parameters_of,
    sequential,
)
from neuronet.core.policy import Policy


class BioTorch:
    """A network converted by BioTorch.

    Args:
        case: What is played.
        mode: "fa", "dfa" or "usf".
        policy: Ours of the same idea, whose feedback matrices it takes over.
    """

    def __init__(self, case: BenchmarkCase, mode: str, policy: Policy) -> None:
        options = {"constrain_weights": False, "gradient_clip": False, "init": "xavier"}
        with redirect_stdout(StringIO()):  # it prints what it converts
            plain = sequential(linear_layers(case.network))
            self.model = BioModule(
                plain, mode, layer_config={"type": mode, "options": options}, output_dim=case.network.sizes[-1]
            )
        self.layers = [layer for layer in self.model.module if isinstance(layer, nn.Linear)]
        self.mode = mode
        with torch.no_grad():
            for layer, weights, bias in zip(self.layers, case.network.weights, case.network.biases, strict=True):
                layer.weight.copy_(torch.as_tensor(weights))
                layer.bias.copy_(torch.as_tensor(bias))
                layer.scaling_factor = 1.0  # of the signs in uSF: AttentionSeeking(p=1) has none
            for layer, matrix in zip(self.layers[1:], feedback_matrices(TensorEngineSingle(case, policy), mode), strict=False):
                layer.weight_backward.copy_(matrix)
        learned = [each for layer in self.layers for each in (layer.weight, layer.bias)]
        self.optimizer = torch.optim.SGD(learned, lr=LEARNING_RATE, momentum=MOMENTUM)
        self.inputs, self.targets = torch.as_tensor(case.inputs), torch.as_tensor(case.targets)
        self.cost = nn.functional.cross_entropy

    def play(self, rounds):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its backward hooks are of an old kind
            for _ in range(rounds):
                self.optimizer.zero_grad()
                self.cost(self.model(self.inputs, self.targets, self.cost), self.targets).backward()
                self.optimizer.step()

    def parameters(self):
        return parameters_of(self.layers)


def feedback_matrices(ours: TensorEngineSingle, mode: str) -> Iterator[torch.Tensor]:
    """What our hidden layers weigh demands with: (K, J) for FA, (O, J) for DFA; none for uSF, whose signs follow the weights."""
    kept = {"fa": "feedback", "dfa": "direct"}.get(mode)
    for name, array in ours.engine.state().arrays.items():  # layer by layer, the first hidden one first
        if name.split(".")[-1] == kept and array.shape[1]:
            matrix = torch.as_tensor(array).mT
            yield matrix / matrix.shape[0] ** 0.5 if mode == "fa" else matrix


def pairs() -> list[tuple[str, str, Policy]]:
    """BioTorch's name, its mode, and our policy of the same update."""
    found: list[tuple[str, str, Policy]] = [("uSF", "usf", AttentionSeeking(p=1.0))]
    try:
        from neuronet.policies.feedback.direct_feedback import DirectFeedback
        from neuronet.policies.feedback.random_feedback import RandomFeedback
    except ImportError:
        return found
    return [*found, ("FA", "fa", RandomFeedback()), ("DFA", "dfa", DirectFeedback())]
