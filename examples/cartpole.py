"""Train attention-seeking neurons to balance a pole, and print the attention that they receive.

`python examples/cartpole.py 200` trains until the pole is balanced: mean return 475 over 100 episodes, after about 40 rounds.
"""

import sys

import numpy as np

from neuronet import control
from neuronet.core import Power

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
result = control.train(
    "CartPole-v1",
    policy="attention",
    rounds=rounds,
    on_progress=lambda number, recent: print(f"round {number:3d}: mean return of the last 100 episodes {recent:5.1f}"),
)
print(f"evaluation over {result.eval_returns.size} episodes: mean return {result.mean_return:.1f}, solved: {result.solved}")

attention = Power(2.0).utility(np, result.network.weights[1])  # of each of the 64 hidden neurons
print(f"attention of a neuron: maximum {attention.max():.2f}, median {np.median(attention):.2f}, minimum {attention.min():.4f}")
result.plot("returns.png")
