"""Options of runs for the command line and the configurations: panel, help text and default, each declared once.

The module imports nothing heavy, so that `neuronet --help` stays fast; a test holds the defaults against the models.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NETWORK, TRAINING, DATA, COMPUTE, OUTPUT = "Network", "Training", "Data", "Computation", "Output"
"""Panels in which the command line groups options."""

PANELS = (NETWORK, TRAINING, "Tuning", "Evolution", DATA, COMPUTE, OUTPUT)


@dataclass(frozen=True)
class OptionInfo:
    """Option of a command.

    Attributes:
        kind: int, float, str, bool, Path for the text of a path, or list for a text that may be repeated.
        panel: Panel on the command line.
        help: Help text, without the default.
        default: Default, as the help shows it; "" for none.
        flag: Name on the command line, where it is not the field's.
    """

    kind: type
    panel: str
    help: str
    default: str = ""
    flag: str = ""


_POLICY = OptionInfo(
    list,
    NETWORK,
    'Policy of the neurons: attention, "greedy(top=3)", module:Class, or shares such as attention:90%,greedy:10%; '
    "repeated, one for each listening layer, outputs last",
    "attention",
)
_HIDDEN = OptionInfo(str, NETWORK, "Neurons in each hidden layer: 64, or 256,256; none or 0 for no hidden layer", "64")
_ACTIVATION = OptionInfo(
    str, NETWORK, "Activation of the hidden layers: relu, leaky-relu, tanh, sigmoid, gelu or identity", "relu"
)
_CONNECTIVITY = OptionInfo(
    str,
    NETWORK,
    'Connections between layers: dense, "sparse(0.1)", "small-world(neighbours=8, rewire=0.1)", "fixed-in-degree(8)", '
    '"scale-free(8)", "spatial(8)", "modular(4)" or "patches(4, 8)"',
    "dense",
)
_OPTIMIZER = OptionInfo(str, TRAINING, 'Optimizer: sgd, "momentum(0.9)" or adam', "momentum")
_LEARNING_RATE = OptionInfo(float, TRAINING, "Learning rate (> 0)", "0.02")
_SEED = OptionInfo(int, TRAINING, "Random seed (>= 0)", "0")
_DEVICE = OptionInfo(str, COMPUTE, "Device of the tensor engine: auto, cpu, cuda, cuda:N or mps", "auto")

RUN_OPTIONS: dict[str, OptionInfo] = {
    "policy": _POLICY,
    "hidden": _HIDDEN,
    "activation": _ACTIVATION,
    "connectivity": _CONNECTIVITY,
    "init": OptionInfo(
        str, NETWORK, "Initialisation of the weights: he, glorot, lecun, zeros, or auto by the activation", "auto"
    ),
    "channels": OptionInfo(
        list,
        NETWORK,
        'Channel between layers: "demand:dropout(0.3)" above every hidden layer, "activity@1:k-winners(0.1)" above layer 1; '
        "may be repeated, in the order in which messages pass",
        "none",
        "channel",
    ),
    "epochs": OptionInfo(int, TRAINING, "Passes over the training samples (>= 1)", "20"),
    "batch_size": OptionInfo(int, TRAINING, "Samples in a round (>= 1)", "32"),
    "learning_rate": _LEARNING_RATE,
    "lr_schedule": OptionInfo(str, TRAINING, "Learning-rate schedule over the epochs: linear, cosine or constant", "linear"),
    "optimizer": _OPTIMIZER,
    "update_schedule": OptionInfo(
        str,
        TRAINING,
        'Update schedule of the neurons: synchronous, random-sequential (engine agents), "partial(0.5)" or "inactive(0.2)"',
        "synchronous",
    ),
    "seed": _SEED,
    "replicas": OptionInfo(int, TRAINING, "Networks trained together, with seeds from --seed on (1 to 10,000)", "1"),
    "patience": OptionInfo(int, TRAINING, "Epochs without a better --monitor after which the run stops (>= 1)", "never"),
    "monitor": OptionInfo(
        str, TRAINING, "Metric that --patience compares: test_loss, test_accuracy, train_loss or train_accuracy", "test_loss"
    ),
    "interventions": OptionInfo(
        list,
        TRAINING,
        'Intervention at a time of the run: "5: lesion(layer=1, share=0.2)" after epoch 5, or "round 120: revive()"; '
        "may be repeated",
        "none",
        "intervene",
    ),
    "target": OptionInfo(str, DATA, "Column of targets in a table", "target, label, class or y"),
    "payoff": OptionInfo(
        str,
        DATA,
        "Payoff of a table: auto (by its targets), cross-entropy, balanced-cross-entropy or squared-error",
        "auto",
    ),
    "missing": OptionInfo(
        str, DATA, "Missing inputs of a table: refuse, fill with the mean or median of the training samples, or drop", "refuse"
    ),
    "unseen": OptionInfo(
        str, DATA, "Categories of a table that no training sample has: refuse, or zeros in the inputs of their column", "refuse"
    ),
    "data_dir": OptionInfo(Path, DATA, "Folder where the files of the environment are looked for first", "the user's cache"),
    "engine": OptionInfo(str, COMPUTE, "Engine: agents, tensors, or auto to choose by the size of the work", "auto"),
    "device": _DEVICE,
    "dtype": OptionInfo(str, COMPUTE, "Precision: float64, float32, or auto to choose by the size of the work", "auto"),
    "matmul": OptionInfo(
        str, COMPUTE, "Precision of float32 matrix products: highest, high (TF32) or medium (bfloat16)", "highest"
    ),
    "kernels": OptionInfo(
        str, COMPUTE, "Rounds on a CPU: torch, onednn (its products), compiled (needs numba), or auto by work and machine", "auto"
    ),
    "checkpoint_every": OptionInfo(int, OUTPUT, "Epochs between two checkpoints (>= 1)", "1"),
    "alignment": OptionInfo(bool, OUTPUT, "Measure after each epoch how updates agree with those of backpropagation", "off"),
    "inequality": OptionInfo(bool, OUTPUT, "Measure after each epoch how unequally attention is spread over neurons", "off"),
    "trace": OptionInfo(
        list,
        OUTPUT,
        'Neurons to trace: "hidden:16 every 10" (rounds), "node 70,71 every epoch of attention"; may be repeated',
        "none",
    ),
}
"""Options of a training run, by field of RunConfig."""

CONTROL_OPTIONS: dict[str, OptionInfo] = {
    "policy": _POLICY,
    "hidden": _HIDDEN,
    "activation": OptionInfo(str, NETWORK, _ACTIVATION.help, "tanh"),
    "connectivity": _CONNECTIVITY,
    "rounds": OptionInfo(int, TRAINING, "Maximal number of rounds (>= 1)", "200"),
    "episodes": OptionInfo(int, TRAINING, "Episodes in a round, played side by side (>= 1)", "16"),
    "max_steps": OptionInfo(int, TRAINING, "Steps after which an episode is cut off (>= 1)", "10000"),
    "learning_rate": OptionInfo(float, TRAINING, "Learning rate (> 0)", "0.01"),
    "optimizer": OptionInfo(str, TRAINING, _OPTIMIZER.help, "adam"),
    "gamma": OptionInfo(float, TRAINING, "Discount of later rewards (0 to 1)", "0.99"),
    "baseline": OptionInfo(
        str, TRAINING, "Baseline of the returns: mean over episodes at the same step, over the batch, or none", "step"
    ),
    "action_std": OptionInfo(float, TRAINING, "Standard deviation of continuous actions, in units of outputs (> 0)", "0.5"),
    "target_return": OptionInfo(
        str, TRAINING, "Mean return of the last 100 episodes at which to stop, auto (by the environment) or never", "auto"
    ),
    "seed": _SEED,
    "eval_episodes": OptionInfo(int, DATA, "Episodes of the evaluation at the end, with the most likely actions (>= 1)", "100"),
    "engine": OptionInfo(str, COMPUTE, "Engine: agents or tensors", "tensors"),
    "device": OptionInfo(str, COMPUTE, _DEVICE.help, "cpu"),
    "dtype": OptionInfo(str, COMPUTE, "Precision: float64 or float32", "float64"),
    "checkpoint_every": OptionInfo(int, OUTPUT, "Rounds between two checkpoints (>= 1)", "5"),
}
"""Options of a run in a Gymnasium environment, by field of ControlConfig."""
