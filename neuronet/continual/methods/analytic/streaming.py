"""Base of the methods with a closed form: sums of features and targets, in any order, without task boundaries or samples."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.baselines import TORCH_ACTIVATIONS
from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method
from neuronet.core import ConfigurationError, Network, check_number
from neuronet.registry import build_network


@dataclass(frozen=True)
class StreamingMethod(Method):
    """Base of the methods that keep the sums `G = sum_x f f^T` and `H = sum_x f y^T` of features f and targets y, one-hot.

    The features are random relus of the inputs, with a constant 1 as the last.

    Args:
        features: Number of random relus (>= 1).
        memory: Bytes that the sums may take in single precision, which then decide the number of features; 0 for `features`.
    """

    features: int = 965
    memory: int = 0

    def __post_init__(self) -> None:
        check_number("features", self.features, 1, whole=True)
        check_number("memory", self.memory, 0, whole=True)

    @property
    def uses_learning_rate(self) -> bool:
        """Always False for a closed form."""
        return False

    def feature_count(self, outputs: int) -> int:
        """Return the number of random relus for a number of outputs.

        Raises:
            ConfigurationError: The memory is too small for one feature.
        """
        if not self.memory:
            return self.features
        rows = int((math.sqrt(outputs**2 + self.memory) - outputs) / 2)  # rows (rows + outputs) * 4 bytes
        if rows < 2:
            raise ConfigurationError(f"memory must be {8 * (2 + outputs)} bytes or more for one feature, got {self.memory}")
        return rows - 1


class StreamingLearner(Learner, ABC):
    """Learner of the output weights of fixed features.

    Args:
        config: Initial values; the features are drawn from the networks' seeds.
        method: The method with its parameters.

    Attributes:
        gram: G, (R, F + 1, F + 1).
        cross: H, (R, F + 1, O).
    """

    uncounted = frozenset({"hidden_weights", "hidden_biases", "_readout"})

    def __init__(self, config: LearnerConfig, method: StreamingMethod) -> None:
        outputs = config.networks[0].sizes[-1]
        self._networks = [self._network(network, method.feature_count(outputs), seed) for network, seed in _pairs(config)]
        layers = range(len(self._networks[0].weights) - 1)
        self.hidden_weights = [self._tensor([net.weights[layer] for net in self._networks], config) for layer in layers]
        self.hidden_biases = [self._tensor([net.biases[layer] for net in self._networks], config) for layer in layers]
        rows = self.hidden_weights[-1].shape[1] + 1
        self.gram = self.hidden_weights[0].new_zeros(len(self._networks), rows, rows)
        self.cross = self.gram.new_zeros(len(self._networks), rows, outputs)
        self._readout: Tensor | None = None

    def _network(self, network: Network, features: int, seed: int) -> Network:
        """Return the network of a replica, whose output weights are not learned yet."""
        return build_network([network.sizes[0], features, network.sizes[-1]], seed=seed)

    @staticmethod
    def _tensor(arrays: Sequence[NDArray[np.float64]], config: LearnerConfig) -> Tensor:
        return torch.tensor(np.stack(arrays), dtype=getattr(torch, config.dtype), device=config.device)

    def features(self, inputs: Tensor) -> Tensor:
        """Return the features (R, B, F + 1) of inputs (R, B, I), the constant 1 last."""
        activity = inputs
        for weights, biases, name in zip(self.hidden_weights, self.hidden_biases, self._networks[0].activations, strict=False):
            activity = TORCH_ACTIVATIONS[name](torch.baddbmm(biases[:, None], activity, weights.mT))
        return torch.cat((activity, torch.ones_like(activity[..., :1])), dim=-1)

    def train_batch(self, batch: Batch) -> None:
        """Add the samples of a batch to the sums."""
        self.add(batch.inputs, batch.targets, torch.ones_like(batch.targets, dtype=torch.bool))

    def add(self, inputs: Tensor, targets: Tensor, valid: Tensor) -> None:
        """Add samples to the sums: inputs (R, B, I), targets (R, B), and whether each entry is a sample, (R, B)."""
        features = self.features(inputs) * valid[..., None]
        answers = torch.nn.functional.one_hot(targets, self.cross.shape[-1]).to(features)
        self.gram = torch.baddbmm(self.gram, features.mT, features)
        self.cross = torch.baddbmm(self.cross, features.mT, answers)
        self._readout = None

    @abstractmethod
    def solve(self, gram: Tensor, cross: Tensor) -> Tensor:
        """Return the output weights (R, F + 1, O), the biases last, for the sums in the precision of the solver."""

    def readout(self) -> Tensor:
        """Return the output weights (R, F + 1, O) for all samples so far, the biases last."""
        if self._readout is None:
            precise = torch.float32 if self.gram.device.type == "mps" else torch.float64
            self._readout = self.solve(self.gram.to(precise), self.cross.to(precise)).to(self.gram.dtype)
        return self._readout

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, O) for inputs (R, B, I)."""
        return self.features(inputs) @ self.readout()

    def set_lr_factor(self, factor: float) -> None:
        """Do nothing: a closed form has no learning rate."""

    def networks(self) -> list[Network]:
        """Return the network of each replica: fixed features and the output weights for all samples so far."""
        found = []
        for replica, network in enumerate(self._networks):
            array = partial(_array, replica=replica)
            readout = array(self.readout())
            weights = (*map(array, self.hidden_weights), np.ascontiguousarray(readout[:-1].T))
            found.append(replace(network, weights=weights, biases=(*map(array, self.hidden_biases), readout[-1])))
        return found

    def close(self) -> None:
        """Release every tensor."""
        self.hidden_weights, self.hidden_biases = [], []
        self.gram, self.cross, self._readout = self.gram[:0], self.cross[:0], None


def _pairs(config: LearnerConfig) -> list[tuple[Network, int]]:
    return list(zip(config.networks, config.seeds, strict=True))


def _array(tensor: Tensor, replica: int) -> NDArray[np.float64]:
    return tensor[replica].detach().cpu().numpy().astype(np.float64)
