"""k-winners-take-all against finite differences, a network of torch modules, and counting."""

import numpy as np
import pytest
import torch
from torch import nn

from neuronet.continual.methods.finetuning import Backprop
from neuronet.continual.methods.k_winners import KWinners, keep_largest
from neuronet.continual.protocols.registry import Permuted
from neuronet.core.errors import ConfigurationError
from tests.continual.fixtures import (
    SEEDS,
    batches,
    class_experiment,
    learner_config,
    make_experiment,
    parameter_vector,
    task_info,
    train_tasks,
)


def reference_k_winners(activities, winners):
    """Compute the winners of each sample, without torch."""
    found = np.zeros_like(activities)
    for row, activity in enumerate(activities):
        for neuron in sorted(range(len(activity)), key=lambda neuron: -abs(activity[neuron]))[:winners]:
            found[row, neuron] = activity[neuron]
    return found


@pytest.mark.parametrize(("share", "winners"), [(0.01, 1), (0.2, 2), (0.5, 5), (0.26, 3), (1.0, 10)])
def test_largest_activities_pass(share, winners):
    activities = np.random.default_rng(0).normal(size=(6, 10))
    found = keep_largest(torch.tensor(activities).view(2, 3, 10), share).view(6, 10).numpy()
    np.testing.assert_array_equal(found, reference_k_winners(activities, winners))
    assert ((found != 0).sum(axis=1) == winners).all()


def reference_loss(network, batch, replica, winners):
    """Return the mean cross-entropy of one replica, in numpy."""
    activity = batch.inputs[replica].numpy()
    for weights, biases in zip(network.weights[:-1], network.biases[:-1], strict=True):
        activity = reference_k_winners(np.tanh(activity @ weights.T + biases), winners)
    outputs = (activity @ network.weights[-1].T + network.biases[-1])[:, batch.active_classes[replica, 0].numpy()]
    places = np.searchsorted(np.flatnonzero(batch.active_classes[replica, 0].numpy()), batch.targets[replica].numpy())
    logs = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(logs)), places].mean()


def test_step_equals_the_gradient_by_finite_differences():
    """Central differences of a loss computed without torch, for every weight and bias."""
    experiment = class_experiment(hidden=(7, 6))
    learner = KWinners(share=0.45).learner(learner_config(experiment))  # 3 of 7, and 3 of 6
    learner.begin_task(task_info(experiment, 0))
    batch = next(batches(experiment, 0))
    before = learner.networks()
    learner.train_batch(batch)
    after, step = learner.networks(), 1e-6
    for replica in range(len(SEEDS)):
        network = before[replica]
        assert learner.loss(batch)[replica].item() < reference_loss(network, batch, replica, 3)
        for kind in ("weights", "biases"):
            for old, new in zip(getattr(network, kind), getattr(after[replica], kind), strict=True):
                for place in np.ndindex(old.shape):
                    value = old[place]
                    sides = []
                    for side in (value + step, value - step):
                        old[place] = side
                        sides.append(reference_loss(network, batch, replica, 3))
                    old[place] = value
                    assert (value - new[place]) / 0.1 == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-7)


class Sparse(nn.Module):
    """Module that passes activities at least as large as the k-th largest."""

    def __init__(self, winners):
        super().__init__()
        self.winners = winners

    def forward(self, activity):
        least = activity.abs().sort(dim=-1, descending=True).values[..., self.winners - 1 : self.winners]
        return torch.where(activity.abs() >= least, activity, 0.0)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_task_is_learned_as_by_torch_modules(activation):
    experiment = make_experiment(Permuted(3), hidden=(12, 9), activation=activation)
    learner = KWinners(share=1 / 3).learner(learner_config(experiment))
    function = {"relu": nn.ReLU, "tanh": nn.Tanh}[activation]
    for replica, network in enumerate(learner.networks()):
        model = nn.Sequential(
            nn.Linear(25, 12), function(), Sparse(4), nn.Linear(12, 9), function(), Sparse(3), nn.Linear(9, 6)
        ).double()
        with torch.no_grad():
            for layer, weights, biases in zip((model[0], model[3], model[6]), network.weights, network.biases, strict=True):
                layer.weight.copy_(torch.tensor(weights))
                layer.bias.copy_(torch.tensor(biases))
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        for batch in batches(experiment, 0):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(batch.inputs[replica]), batch.targets[replica]).backward()
            optimiser.step()
        if replica == 0:
            train_tasks(learner, experiment, 1)
        inputs = next(batches(experiment, 1)).inputs
        torch.testing.assert_close(learner.outputs(inputs)[replica], model(inputs[replica]).detach())


def test_all_winners_equal_backprop():
    experiment = class_experiment()
    np.testing.assert_allclose(
        *(
            parameter_vector(train_tasks(method.learner(learner_config(experiment)), experiment, 3))
            for method in (KWinners(1.0), Backprop())
        )
    )


def test_neuron_that_never_wins_keeps_its_weights():
    experiment = make_experiment(hidden=(30,))
    learner = KWinners(share=0.04).learner(learner_config(experiment))
    learner.begin_task(task_info(experiment, 0))
    batch = next(batches(experiment, 0))
    before = learner.networks()
    won = (learner.hidden_inputs(learner.forward(batch.inputs))[0] != 0).any(dim=1).numpy()
    learner.train_batch(batch)
    for old, new, winners in zip(before, learner.networks(), won, strict=True):
        moved = (old.weights[0] != new.weights[0]).any(axis=1)
        np.testing.assert_array_equal(moved, winners)
        assert 0 < winners.sum() < 30


@pytest.mark.parametrize("share", [0, 1.1, -0.5])
def test_share_out_of_range_is_refused(share):
    with pytest.raises(ConfigurationError, match="share"):
        KWinners(share)
