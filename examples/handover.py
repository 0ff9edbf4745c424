"""Hand a Mesa model over to the tensor engine in mid-run, train it there, hand it back, and look at its neurons one by one."""

import numpy as np

from neuronet import Digits, Momentum, NeuronModel, Setup, TensorEngine, build_network
from neuronet.core import Batches
from neuronet.policies import IncomeProtecting

digits = Digits()
setup = Setup(build_network([64, 32, 10]), IncomeProtecting(kappa=0.01), Momentum(), learning_rate=0.02)
model = NeuronModel(setup, environment=digits, batch_size=32)


def accuracy() -> float:
    """Return the accuracy of the model on the test images."""
    return float((model.outputs(digits.test.inputs).argmax(axis=1) == digits.test.targets).mean())


def report(moment: str) -> None:
    """What has become of the network, and of the three neurons that are paid most."""
    print(f"{moment}: round {model.round_number}, accuracy {accuracy():.3f}")
    for neuron in sorted(model.layers[1], key=lambda each: -each.utility())[:3]:
        earned = neuron.memory["importance"].sum()
        print(f"  neuron {neuron.node}: paid {neuron.utility():.3f}, has earned {earned:.3f}")


for _ in range(10):
    model.step()  # neuron by neuron
report("As agents")

engine = TensorEngine(setup, device="cpu")
engine.restore(model.state())
order = Batches(len(digits.train), 32, (1,)).order(0)
engine.play_rounds(engine.prepare(digits.train), np.tile(order, 10), batch_size=32)  # ten epochs, a layer at a time

model.restore(engine.state())
report("Back from the tensor engine")

for _ in range(10):
    model.step()
report("As agents again")
model.close()
