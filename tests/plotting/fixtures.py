"""Folders as runs and studies leave them behind, made small and quickly."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

import neuronet
from neuronet.control.config import make_config
from neuronet.control.record import ControlRunDirectory, EpisodeRow
from neuronet.engines.base.engine import State

POPULATION = "attention:0.5,free-rider:0.5"


def record_run(folder, **options):
    """A run of four inputs and six hidden neurons on xor, or whatever is asked for."""
    named = {"hidden": [6], "epochs": 2, "engine": "agents", "out": folder}
    return neuronet.train("xor", **{**named, **options})


def write_continual_study(folder, *, tuned=False):
    """A finished study of three tasks, two methods and two seeds."""
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps({"kind": "continual study", "protocol": "Permuted(tasks=3)", "data": "digits"}))
    methods = ("backprop", "attention")
    rows = [
        (name, seed, learnt, task, 0.9 - 0.1 * abs(learnt - task))
        for name in methods
        for seed in range(2)
        for learnt in range(4)
        for task in range(1, 4)
    ]
    pd.DataFrame(rows, columns=["policy", "seed", "learnt", "task", "accuracy"]).to_csv(folder / "accuracy.csv", index=False)
    pd.DataFrame({"policy": methods}).to_csv(folder / "table.csv", index=False)
    columns = ["policy", "learning_rate", "settings", "seed", "final", "learning", "wave"]
    tried = [(name, rate, "{}", 9, rate, 0.9 - rate, 1) for name in methods for rate in (0.1, 0.2)] if tuned else []
    pd.DataFrame(tried, columns=columns).to_csv(folder / "tuning.csv", index=False)


def write_comparison(folder):
    """A finished comparison of two policies with the baseline."""
    folder.mkdir()
    (folder / "study.json").write_text('{"kind": "comparison"}')
    rows = [(name, 0.02, 0, epoch, 0.5, 0.4, 0.9) for name in ("backprop", "greedy") for epoch in (1, 2)]
    columns = ["policy", "learning_rate", "seed", "epoch", "train_loss", "test_loss", "test_accuracy"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "curves.csv", index=False)


def write_control_run(folder):
    """A run of one round of two episodes, and its network of four inputs, three hidden neurons and two outputs."""
    config = make_config({"environment": "CartPole-v1", "hidden": [3], "episodes": 2, "rounds": 1})
    record = ControlRunDirectory.create(folder, config)
    record.append([EpisodeRow(1, 1, 10.0, 10), EpisodeRow(2, 1, 20.0, 20)])
    arrays = {"1.weights": np.ones((3, 4)), "1.bias": np.zeros(3), "2.weights": np.ones((2, 3)), "2.bias": np.zeros(2)}
    record.save(State(1, arrays), 1.0)
