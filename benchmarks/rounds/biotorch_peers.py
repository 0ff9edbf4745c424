"""BioTorch 0.0.16 (Sanfiz and Akrout 2021): its FA, DFA and uSF layers under autograd, next to the policies of the same update.

    pip install biotorch --no-deps

(With its dependencies it would replace torch by an old version.) Its feedback matrices are copied from those of the policies, so
that both compute the same update.
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
    """Network converted by BioTorch.

    Args:
        case: Benchmark case.
        mode: "fa", "dfa" or "usf".
        policy: Policy of the same update; its feedback matrices are copied.
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
                layer.scaling_factor = 1.0  # scale of the signs in uSF; AttentionSeeking(p=1) has none
            for layer, matrix in zip(self.layers[1:], feedback_matrices(TensorEngineSingle(case, policy), mode), strict=False):
                layer.weight_backward.copy_(matrix)
        learned = [parameter for layer in self.layers for parameter in (layer.weight, layer.bias)]
        self.optimizer = torch.optim.SGD(learned, lr=LEARNING_RATE, momentum=MOMENTUM)
        self.inputs, self.targets = torch.as_tensor(case.inputs), torch.as_tensor(case.targets)
        self.cost = nn.functional.cross_entropy

    def play(self, rounds):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated backward hooks
            for _ in range(rounds):
                self.optimizer.zero_grad()
                self.cost(self.model(self.inputs, self.targets, self.cost), self.targets).backward()
                self.optimizer.step()

    def parameters(self):
        return parameters_of(self.layers)


def feedback_matrices(contestant: TensorEngineSingle, mode: str) -> Iterator[torch.Tensor]:
    """Yield the feedback matrix of each hidden layer: (K, J) for FA, (O, J) for DFA; nothing for uSF, which uses the signs."""
    memory = {"fa": "feedback", "dfa": "direct"}.get(mode)
    for layer in contestant.engine.state().layers:
        array = layer.memories[0].get(memory or "")
        if array is not None and array.shape[1]:
            matrix = torch.as_tensor(array).mT
            yield matrix / matrix.shape[0] ** 0.5 if mode == "fa" else matrix


def pairs() -> list[tuple[str, str, Policy]]:
    """Return BioTorch's name and mode of each method, and the policy of the same update."""
    found: list[tuple[str, str, Policy]] = [("uSF", "usf", AttentionSeeking(p=1.0))]
    try:
        from neuronet.policies.feedback.direct_feedback import DirectFeedback
        from neuronet.policies.feedback.random_feedback import RandomFeedback
    except ImportError:
        return found
    return [*found, ("FA", "fa", RandomFeedback()), ("DFA", "dfa", DirectFeedback())]
