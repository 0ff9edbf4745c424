"""Feedback alignment: neurons that hear demands through random numbers, and listeners who come to agree with them.

The angle is between the fixed numbers of all hidden neurons and the attention that they are paid: 90 degrees is no agreement.
The listeners do not know the numbers.
"""

import numpy as np

from neuronet import Digits, Momentum, NeuronModel, Setup, build_network
from neuronet.policies import RandomFeedback

digits = Digits()
model = NeuronModel(Setup(build_network([64, 32, 10]), RandomFeedback(), Momentum(), learning_rate=0.02), environment=digits)
for rounds in range(451):
    if rounds % 90 == 0:
        fixed = np.concatenate([neuron.memory["feedback"] for neuron in model.layers[1]])  # (J, K)
        paid = np.stack([neuron.attention for neuron in model.layers[1]])  # (J, K)
        cosine = np.sum(fixed * paid) / np.linalg.norm(fixed) / np.linalg.norm(paid)
        right = model.outputs(digits.test.inputs).argmax(axis=1) == digits.test.targets
        print(f"round {rounds:3d}: angle {np.degrees(np.arccos(cosine)):5.1f} degrees, test accuracy {right.mean():.3f}")
    model.step()
model.close()
