"""Invalid arguments in Python raise a NeuroNetError with one sentence."""

from __future__ import annotations

import numpy as np
import pytest

import neuronet
from neuronet.core.policy import Wrapper

INPUTS = np.random.default_rng(0).normal(size=(40, 2))
NETWORK = neuronet.build_network([2, 3, 2])

CASES = {
    "policy class": (lambda: neuronet.train("xor", policy=neuronet.Greedy), "policy must be"),
    "policy None": (lambda: neuronet.train("xor", policy=None), "policy must be"),
    "policy number": (lambda: neuronet.train("xor", policy=3), "policy must be"),
    "network list": (lambda: neuronet.train("xor", network=[2, 3, 2]), "network must be a Network"),
    "network twice": (lambda: neuronet.train("xor", network=NETWORK, hidden=[3]), "hidden is given twice"),
    "target of arrays": (lambda: neuronet.train((INPUTS, INPUTS[:, 0]), target="y"), "target is an option of table:PATH"),
    "payoff of an environment": (lambda: neuronet.train(neuronet.Xor(), payoff="squared-error"), "Xor has its own"),
    "optimizer by name": (lambda: neuronet.Setup(NETWORK, neuronet.Greedy(), optimizer="adam"), "optimizer must be"),
    "optimizer class": (
        lambda: neuronet.Setup(NETWORK, neuronet.Greedy(), optimizer=neuronet.Adam),
        "optimizer must be",
    ),
    "payoff by name": (lambda: neuronet.Setup(NETWORK, neuronet.Greedy(), payoff="nats"), "payoff must be a Payoff"),
    "sizes for a network": (lambda: neuronet.Setup([2, 3, 2], neuronet.Greedy()), "network must be a Network"),
    "no policies": (lambda: neuronet.Setup(NETWORK, None), "policies must be"),
    "environment by name": (
        lambda: neuronet.NeuronModel(neuronet.Setup(NETWORK, neuronet.Greedy()), environment="xor"),
        "environment must be an Environment",
    ),
    "bare wrapper": (lambda: neuronet.train("xor", policy="neuronet:Wrapper"), "Wrapper must be subclassed"),
    "learning rate True": (lambda: neuronet.train("xor", learning_rate=True), "learning_rate should be a valid number"),
    "labels below 0": (
        lambda: neuronet.NeuronModel(neuronet.Setup(NETWORK, neuronet.Greedy())).play(INPUTS, np.full(40, -1)),
        "targets must be integers from 0 to 1",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_invalid_argument_is_refused_in_one_sentence(case):
    call, expected = CASES[case]
    with pytest.raises(neuronet.NeuroNetError) as error:
        call()
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_bare_wrapper_cannot_be_instantiated():
    with pytest.raises(TypeError, match="must be subclassed"):
        Wrapper()


@pytest.mark.parametrize("engine", ["agents", "tensors"])
@pytest.mark.parametrize("answer", [lambda obs: obs.demand, lambda obs: None, lambda obs: obs.activity[..., :1, :]])
def test_feedback_of_a_wrong_shape_is_refused(engine, answer):
    class Odd(neuronet.Policy):
        def feedback(self, obs, memory):
            return answer(obs)

    with pytest.raises(neuronet.NeuroNetError, match="feedback of shape"):
        neuronet.train("xor", policy=Odd(), hidden=[3], epochs=1, engine=engine)


def test_numpy_numbers_equal_python_numbers():
    plain = neuronet.train("xor", policy=neuronet.Greedy(2), hidden=[4, 3], epochs=2, seed=3, learning_rate=0.125)
    options = {"hidden": np.array([4, 3]), "epochs": np.int64(2), "seed": np.uint8(3), "learning_rate": np.float32(0.125)}
    other = neuronet.train("xor", policy=neuronet.Greedy(np.int64(2)), **options)
    assert other.loss == plain.loss
    assert neuronet.train("xor", hidden=4, epochs=1).network.sizes == (2, 4, 2)


def test_payoff_of_arrays_decides_between_classes_and_values():
    ages = np.arange(40) % 7
    assert neuronet.train((INPUTS, ages), payoff="squared-error", epochs=1).accuracy is None
    assert neuronet.train((INPUTS, ages[:, None]), epochs=1).accuracy is not None


def test_repr_of_a_result_is_one_line():
    assert repr(neuronet.train("xor", hidden=[3], epochs=1)).startswith("Result(xor, attention, rounds=7, loss=")


def test_neuron_cannot_be_removed_from_its_layer():
    model = neuronet.NeuronModel(neuronet.Setup(NETWORK, neuronet.Greedy()))
    neuron = model.neuron(2)
    assert repr(neuron) == "Neuron(node=2, layer=1)"
    with pytest.raises(neuronet.NeuroNetError, match="cannot leave its layer"):
        neuron.remove()
    model.close()
    assert len(model.agents) == 0
