"""Small folders of runs and studies, and a check of a figure's text."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.text import Text

import neuronet
from neuronet.control.config import make_config
from neuronet.control.record import EPISODE_TYPES, ControlRunDirectory
from neuronet.engines.base import State

POPULATION = "attention:0.5,free-rider:0.5"


def record_run(folder, **options):
    """Record a run on xor with six hidden neurons, or with other options."""
    named = {"hidden": [6], "epochs": 2, "engine": "agents", "out": folder}
    return neuronet.train("xor", **{**named, **options})


def write_continual_study(folder, *, tuned=False):
    """Write a finished study of three tasks, two methods and two seeds."""
    folder.mkdir(parents=True)
    metadata = {"kind": "continual study", "protocol": "Permuted(tasks=3)", "data": "digits"}
    (folder / "study.json").write_text(json.dumps(metadata))
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
    """Write a finished comparison of a policy with the baseline."""
    folder.mkdir()
    (folder / "study.json").write_text('{"kind": "comparison"}')
    rows = [(name, 0.02, 0, epoch, 0.5, 0.4, 0.9) for name in ("backprop", "greedy") for epoch in (1, 2)]
    columns = ["policy", "learning_rate", "seed", "epoch", "train_loss", "test_loss", "test_accuracy"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "curves.csv", index=False)


def write_control_run(folder):
    """Record a control run of one round of two episodes with a network of 4-3-2 neurons."""
    config = make_config({"environment": "CartPole-v1", "hidden": [3], "episodes": 2, "rounds": 1})
    record = ControlRunDirectory.create(folder, config)
    record.append([dict(zip(EPISODE_TYPES, row, strict=True)) for row in ((1, 1, 10.0, 10), (2, 1, 20.0, 20))])
    arrays = {"1.weights": np.ones((3, 4)), "1.bias": np.zeros(3), "2.weights": np.ones((2, 3)), "2.bias": np.zeros(2)}
    record.save(State.from_arrays(1, arrays), 1.0)


def assert_text_is_legible(figure):
    """Check that no text overlaps another, leaves the figure, or is under 8 points; return the texts."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    hidden = {text for axes in figure.axes if not axes.axison for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Text)}
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and text not in hidden]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in found]
    whole = figure.bbox
    for text, (words, box) in zip(found, boxes, strict=True):
        assert text.get_fontsize() >= 8, words
        assert whole.x0 <= box.x0, words
        assert box.x1 <= whole.x1, words
        assert whole.y0 <= box.y0, words
        assert box.y1 <= whole.y1, words
    for (one, first), (other, second) in combinations(boxes, 2):
        apart = first.x1 <= second.x0 or second.x1 <= first.x0 or first.y1 <= second.y0 or second.y1 <= first.y0
        assert apart, (one, other)
    return [words for words, _ in boxes]
