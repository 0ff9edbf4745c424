"""Attention-seeking neurons that learn to balance a pole, and what attention each of them earns by it.

`python examples/cartpole.py 200` goes on until the pole is balanced: mean return 475 over 100 episodes, after about 40 rounds.
"""

import sys

import numpy as np

from neuronet import control
from neuronet.core.utility import Power

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
result = control.train(
    "CartPole-v1",
    policy="attention",
    rounds=rounds,
    on_progress=lambda number, recent: print(f"round {number:3d}: mean return of the last 100 episodes {recent:5.1f}"),
)
print(f"judged by {result.judged.size} episodes: mean return {result.mean_return:.1f}, solved: {result.solved}")

earned = Power(2.0).utility(np, result.network.weights[1])  # by each of the 64 hidden neurons, from both output neurons
print(f"the best paid neuron earns {earned.max():.2f}, the median {np.median(earned):.2f}, the worst paid {earned.min():.4f}")
result.plot("returns.png")
