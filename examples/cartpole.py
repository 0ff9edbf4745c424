"""Train attention-seeking neurons to balance a pole, and print the attention that they receive.

`python examples/cartpole.py 200` trains until the pole is balanced: mean return 475 over 100 episodes, after about 40 rounds.
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
print(f"evaluation over {result.eval_returns.size} episodes: mean return {result.mean_return:.1f}, solved: {result.solved}")

attention = Power(2.0).utility(np, result.network.weights[1])  # of each of the 64 hidden neurons
print(f












p p p p p p p p pr pr pr pr pr pr pri pri pri pri prin prin print print( print(f
print( print( print( print( print( print( print( print( print( print( print(
print(f print(f"
print(f"a print(f"a print(f"a print(f" print(f print( print print( print(
print(f print( print(f print(
print( print(f
print(f" print(f"a print(f"at print(f"att print(f"att
print(f"att print(f"at print(f"a print(f" prin prin prin prin prin
print p














p pr pri prin print print( print(f print(f" print(f"a print(f"at print(f"att print(f"atte print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten print(f"atten
print(f"attent print(f"attenti print(f"attentio print(f"attention





















o o o o o o o o o o o o o o o o o o o o




o of the hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde hidde
hidden neurons: maxim maxi max ma m





















m ma max maxi maxim maximu maximum {attention.max():.2f}, medi med me m























m me med medi media median {np.median(attention):.2f}, mi



























m mi min mini minim minimu minimum {attention.min():.4f}") result.plot("returns.png")
