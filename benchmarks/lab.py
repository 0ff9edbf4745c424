"""CPU time of a step and of a redraw of the lab with a network 784-64-10, in seconds."""

from __future__ import annotations

import time

import numpy as np
import torch

from neuronet.environments import Table
from neuronet.lab.cards.neuron_panel import neuron_panel
from neuronet.lab.launch_config import make_launch_config
from neuronet.lab.panels import alignment_panel, attention_panel, learning_panel, network_panel
from neuronet.lab.session import Session
from neuronet.plotting.network.model import policy_styles

REPETITIONS = 7
"""Repetitions, of which the fastest counts."""


def fastest(function):
    seconds = []
    for _ in range(REPETITIONS):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return min(seconds)


def main():
    from neuronet.lab.clickable_figure import data_url

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    images = Table(rng.normal(size=(2000, 784)), rng.integers(10, size=2000), payoff="cross-entropy", shape=(28, 28))
    session = Session(make_launch_config(images, policy="attention:0.7,greedy:0.3"))
    print(f"step       {fastest(session.step):.3f}")
    for _ in range(100):
        snapshot = session.step()
    styles = policy_styles([name for names in snapshot.policies for name in names])
    panels = {
        "network": lambda: network_panel(snapshot, styles, (1, 5), (610, 412))[0],
        "neuron": lambda: neuron_panel(snapshot, (1, 5), 382, 382),
        "learning": lambda: learning_panel(snapshot, 322, 246),
        "attention": lambda: attention_panel(snapshot, styles, 322, 246),
        "alignment": lambda: alignment_panel(snapshot, 322, 246),
    }
    total = 0.0
    for name, draw in panels.items():
        seconds = fastest(lambda draw=draw: data_url(draw()))
        total += seconds
        print(f"{name:<10} {seconds:.3f}")
    print(f"all panels {total:.3f}")


if __name__ == "__main__":
    main()
