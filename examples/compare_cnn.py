"""Policies in a convolutional network of torch: learning rates tuned for each, the same seeds for all, and intervals."""

import tempfile
from pathlib import Path

import torch
from torch import nn

import neuronet

torch.set_num_threads(1)
network = nn.Sequential(
    *(nn.Conv2d(1, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU()),
    *(nn.Flatten(), nn.Linear(6 * 4 * 4, 10)),
)
folder = Path(tempfile.mkdtemp())
result = neuronet.compare(
    "digits",
    ["attention", "sign-symmetric", "random-feedback"],
    module=network,
    seeds=3,
    epochs=1,
    batch_size=64,
    optimizer="adam",
    tune=True,
    out=folder,
    log=print,
)
print(result.table[["policy", "learning_rate", "mean", "low", "high", "difference"]].round(4).to_string(index=False))
print(result.plot(folder / "curves.png"))
