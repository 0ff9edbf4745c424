"""Parameters that the classifier and the regressor share."""

from __future__ import annotations

from inspect import signature
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from neuronet.core import MAX_SEED, Network, check_flag, check_number
from neuronet.registry import Policies
from neuronet.training import ARRAYS, RunConfig, make_config, network_options

RUN_PARAMETERS = (
    "policy",
    "hidden",
    "activation",
    "connectivity",
    "init",
    "channels",
    "epochs",
    "batch_size",
    "learning_rate",
    "lr_schedule",
    "optimizer",
    "update_schedule",
    "interventions",
    "engine",
    "device",
    "dtype",
    "matmul",
    "kernels",
)
"""Parameters that are options of a run, by the same names."""

SHAPING = ("hidden", "activation", "connectivity", "init")
"""Parameters that an initial network decides."""


class NeuronParameters(BaseEstimator):
    """Parameters of a network of neurons with scikit-learn's interface, stored as they are given and checked by `fit`."""

    def __init__(
        self,
        policy: Policies = "attention",
        *,
        hidden: Any = (64,),
        activation: str = "relu",
        connectivity: Any = "dense",
        init: str = "auto",
        channels: Any = (),
        network: Network | None = None,
        epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 0.02,
        lr_schedule: str = "linear",
        optimizer: Any = "momentum",
        update_schedule: Any = "synchronous",
        interventions: Any = (),
        standardize: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        engine: str = "tensors",
        device: str = "auto",
        dtype: str = "auto",
        matmul: str = "highest",
        kernels: str = "auto",
        random_state: Any = 0,
    ) -> None:
        """Store the parameters as they are given; `fit` checks them.

        Args:
            policy: A text such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", a Policy, a Population, or one text, Policy
                or Shares for each listening layer.
            hidden: Neurons in each hidden layer, the one next to the inputs first.
            activation: Activation of the hidden layers: "relu", "leaky-relu", "tanh", "sigmoid", "gelu" or "identity".
            connectivity: Connections between layers, such as "dense" or "sparse(0.1)".
            init: Initialisation of the weights: "he", "glorot", "lecun", "zeros", or "auto" by the activation.
            channels: Channels between layers, such as "demand:dropout(0.3)"; () for none.
            network: Initial network; the four parameters that would shape it must then have their defaults. None for a fresh one.
            epochs: Passes over the training samples (>= 1).
            batch_size: Samples in a round (>= 1).
            learning_rate: Learning rate (> 0).
            lr_schedule: Learning-rate schedule over the epochs: "linear", "cosine" or "constant".
            optimizer: Optimizer, such as "sgd", "momentum(0.9)" or "adam".
            update_schedule: Update schedule of the neurons, such as "synchronous" or "partial(0.5)".
            interventions: Interventions at times of the training, such as "5: lesion(layer=1, share=0.2)"; () for none.
            standardize: Whether inputs, and a regressor's targets, are standardised by the training samples.
            early_stopping: Whether to hold out a part of the samples, and to stop once the loss on it no longer falls.
            validation_fraction: Share of the held-out samples (above 0, below 1).
            n_iter_no_change: Epochs without an improvement after which the training stops (>= 1).
            tol: Least decrease of the held-out loss that counts as an improvement (>= 0).
            engine: "tensors", "agents" (one Mesa agent for each neuron), or "auto" by the size of the work. The default is
                not that of `neuronet.train`, since `fit` is mostly called for its result.
            device: Device of the tensor engine: "auto", "cpu", "cuda", "cuda:N" or "mps".
            dtype: Precision: "float64", "float32", or "auto" by the size of the work.
            matmul: Precision of float32 matrix products: "highest", "high" or "medium".
            kernels: Rounds on a CPU: "torch", "onednn", "compiled" (needs numba), or "auto" by work and machine.
            random_state: Seed (>= 0), as `seed` of `neuronet.train`; a RandomState or None draws a seed for each fit.
        """
        self.policy = policy
        self.hidden = hidden
        self.activation = activation
        self.connectivity = connectivity
        self.init = init
        self.channels = channels
        self.network = network
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.lr_schedule = lr_schedule
        self.optimizer = optimizer
        self.update_schedule = update_schedule
        self.interventions = interventions
        self.standardize = standardize
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.engine = engine
        self.device = device
        self.dtype = dtype
        self.matmul = matmul
        self.kernels = kernels
        self.random_state = random_state

    def _config(self, **changes: Any) -> RunConfig:
        """Return the configuration of a run, and check all parameters.

        Args:
            **changes: Options of a run in place of the parameters.

        Raises:
            NeuroNetError: A parameter is not valid.
        """
        for name in ("standardize", "early_stopping"):
            check_flag(name, getattr(self, name))
        check_number("validation_fraction", self.validation_fraction, 0, 1, above=True, below=True)
        check_number("n_iter_no_change", self.n_iter_no_change, 1, whole=True)
        check_number("tol", self.tol, 0)
        options = {name: getattr(self, name) for name in RUN_PARAMETERS}
        if self.network is not None:
            defaults = signature(NeuronParameters).parameters
            unchanged = [name for name in SHAPING if repr(options[name]) == repr(defaults[name].default)]
            options = network_options(self.network, {name: options[name] for name in options if name not in unchanged})
        return make_config({**options, "environment": ARRAYS, "seed": self._seed(), **changes})

    def _seed(self) -> int:
        if not isinstance(self.random_state, Integral):
            return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        check_number("random_state", self.random_state, 0, MAX_SEED, whole=True)
        return int(self.random_state)
