"""Gradient projection memory and orthogonal weights modification, against slow and simple references."""

import numpy as np
import pytest
import torch

from neuronet.continual.methods.finetuning import Backprop
from neuronet.continual.methods.projections.gpm import GPM, extend_basis
from neuronet.continual.methods.projections.owm import OWM, OWMLearner, update_projector
from neuronet.continual.protocols.registry import Permuted
from neuronet.core.errors import NeuroNetError
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
from tests.continual.fixtures_environments import Glyphs

OPTIMIZERS = [("sgd", 0.1), ("momentum(0.9)", 0.02), ("adam", 0.01)]


def wide_experiment(protocol=None, **options):
    """Return an experiment with layers of far more input dimensions than a few samples span."""
    return make_experiment(protocol or Permuted(3), hidden=(20, 16), **options)


def train_next_task(learner, experiment, number, rounds=3):
    learner.begin_task(task_info(experiment, number))
    for _, batch in zip(range(rounds), batches(experiment, number), strict=False):
        learner.train_batch(batch)


@pytest.mark.parametrize(("optimizer", "rate"), OPTIMIZERS)
def test_gpm_keeps_the_potentials_of_examined_samples(optimizer, rate):
    """With a threshold of 1 the potentials of every layer stay, under every optimizer, after two more tasks."""
    experiment = wide_experiment()
    learner = train_tasks(
        GPM(threshold=1.0, samples=4).learner(learner_config(experiment, optimizer=optimizer, rate=rate)), experiment, 1
    )
    layer_inputs, _ = next(learner.sample_layer_inputs(4, 4))
    inputs, others = layer_inputs[0][..., :-1].clone(), next(batches(experiment, 0)).inputs
    examined, unexamined = (learner.forward(samples) for samples in (inputs, others))
    before = learner.networks()[0].weights
    for number in (1, 2):
        train_next_task(learner, experiment, number)
        learner.end_task()
    for old, now in zip(examined, learner.forward(inputs), strict=True):
        torch.testing.assert_close(now, old, rtol=0, atol=1e-10)
    for layer, (old, now) in enumerate(zip(unexamined, learner.forward(others), strict=True)):
        assert (now - old).abs().max() > 1e-3
        assert np.abs(learner.networks()[0].weights[layer] - before[layer]).max() > 1e-4


@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.999])
def test_directions_are_the_fewest_that_hold_the_threshold(threshold):
    """By the eigenvectors of `R R^T`, task after task."""
    rng, basis, projector = np.random.default_rng(3), torch.zeros(12, 0, dtype=torch.float64), np.zeros((12, 12))
    for _ in range(3):
        heard = rng.normal(size=(12, 30)) * np.logspace(0, -2, 12)[rng.permutation(12)][:, None]
        rest = heard - projector @ heard
        vectors = np.linalg.eigh(rest @ rest.T).eigenvectors
        whole, taken = (heard**2).sum(), 0
        while ((projector @ heard) ** 2).sum() < threshold * whole * (1 - 1e-12):
            taken += 1
            projector += np.outer(vectors[:, -taken], vectors[:, -taken])
        before = basis.shape[1]
        basis = extend_basis(basis, torch.tensor(heard), threshold)
        assert basis.shape[1] == before + taken
        np.testing.assert_allclose(basis.numpy() @ basis.numpy().T, projector, atol=1e-9)
    assert 0 < basis.shape[1] < 12 or threshold == 0.999


def test_known_directions_are_not_added_again():
    heard = torch.randn(9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    basis = extend_basis(torch.zeros(9, 2, dtype=torch.float64), heard, 1.0)
    assert basis.shape == (9, 3)
    assert extend_basis(basis, 5 * heard.flip(-1), 1.0).shape == (9, 3)
    assert extend_basis(basis, torch.full((9, 3), torch.nan, dtype=torch.float64), 1.0).shape == (9, 3)


def drawn_samples(learner):
    """Return all samples of a task in the order drawn, (count, I) for each replica, from the first layer's inputs."""
    parts = [(layer_inputs[0][..., :-1], valid) for layer_inputs, valid in learner.sample_layer_inputs(7)]
    return [torch.cat([inputs[replica][valid[replica]] for inputs, valid in parts]) for replica in range(len(SEEDS))]


@pytest.mark.parametrize("experiment", [make_experiment(), class_experiment()], ids=["task-id", "no-task-id"])
def test_every_sample_is_drawn_once(experiment):
    learner = train_tasks(GPM().learner(learner_config(experiment)), experiment, 1)
    for found, seed in zip(drawn_samples(learner), SEEDS, strict=True):
        expected = experiment.sequence(seed)[0].train.scaled().inputs
        np.testing.assert_allclose(np.sort(found.numpy(), axis=0), np.sort(expected, axis=0), atol=1e-5)
    few, valid = next(learner.sample_layer_inputs(300, 5))
    assert few[1].shape == (2, 5, 9) and valid.all()


@pytest.mark.parametrize("decay", [1.0, 0.01])
def test_projector_is_the_inverse(decay):
    """`P = (I + sum_i x_i x_i^T / alpha_i)^-1`, with means by hand, from two tasks."""
    experiment = make_experiment(Permuted(3))
    learner = OWM(alpha=0.3, decay=decay).learner(learner_config(experiment))
    inverses = [[np.eye(width) for _ in SEEDS] for width in (26, 9)]
    for number in range(2):
        train_next_task(learner, experiment, number)
        batch_inputs = list(learner.sample_layer_inputs(8))
        for number_of_batch, (layers, valid) in enumerate(batch_inputs):
            alpha = 0.3 * decay ** (number_of_batch / len(batch_inputs))
            for inverse, replica_inputs in zip(inverses, layers, strict=True):
                for replica in range(len(SEEDS)):
                    mean = replica_inputs[replica][valid[replica]].numpy().mean(axis=0)
                    inverse[replica] += np.outer(mean, mean) / alpha
        learner.end_task()
    for found, inverse in zip(learner.projectors, inverses, strict=True):
        np.testing.assert_allclose(found, np.linalg.inv(np.stack(inverse)), atol=1e-9)


def test_projector_in_the_form_of_the_paper():
    """`I - A (A^T A + alpha I)^-1 A^T`, with the inputs as columns of A."""
    columns = np.random.default_rng(1).normal(size=(2, 6, 10))
    projector, alpha = torch.eye(6, dtype=torch.float64).repeat(2, 1, 1), torch.tensor([0.2, 3.0], dtype=torch.float64)
    for column in range(10):
        update_projector(projector, torch.tensor(columns[:, :, column]), alpha)
    for found, a, strength in zip(projector.numpy(), columns, alpha.numpy(), strict=True):
        expected = np.eye(6) - a @ np.linalg.inv(a.T @ a + strength * np.eye(10)) @ a.T
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_single_precision_projector_is_close():
    experiment = {dtype: make_experiment(Permuted(2), dtype=dtype) for dtype in ("float32", "float64")}
    found = {
        dtype: train_tasks(OWM(alpha=1e-4).learner(learner_config(typed, rate=1e-9)), typed, 2)
        for dtype, typed in experiment.items()
    }
    for single, double in zip(*(learner.projectors for learner in found.values()), strict=True):
        assert single.dtype == torch.float32
        torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-4)


def projection_matrices(learner):
    """Return the matrices that the next changes of each layer are multiplied by, (R, I + 1, I + 1)."""
    if isinstance(learner, OWMLearner):
        return [projector.clone().numpy() for projector in learner.projectors]
    return [np.eye(basis.shape[1]) - basis.numpy() @ basis.mT.numpy() for basis in learner.memory]


@pytest.mark.parametrize("method", [GPM(threshold=0.6, samples=5), OWM(alpha=0.5)])
@pytest.mark.parametrize(("optimizer", "rate"), OPTIMIZERS)
def test_change_is_the_projected_change_of_backprop(method, optimizer, rate):
    """Backprop with the same parameters and optimizer state makes the change; the projection is by hand."""
    experiment = wide_experiment(class_experiment().protocol)
    learner = train_tasks(method.learner(learner_config(experiment, optimizer=optimizer, rate=rate)), experiment, 1)
    free = train_tasks(Backprop().learner(learner_config(experiment, optimizer=optimizer, rate=rate)), experiment, 1)
    before = [parameter.detach().clone() for parameter in learner.parameters]
    for trained in (learner, free):
        train_next_task(trained, experiment, 1, rounds=1)
    for layer, through in enumerate(projection_matrices(learner)):
        old, wanted, found = (
            np.concatenate((parameters[layer].detach(), parameters[layer + 3].detach()[..., None]), axis=-1)
            for parameters in (before, free.parameters, learner.parameters)
        )
        np.testing.assert_allclose(found - old, (wanted - old) @ through, atol=1e-12)
        assert np.abs(found - wanted).max() > 1e-4


@pytest.mark.parametrize("method", [GPM(), OWM()])
def test_first_task_equals_backprop(method):
    experiment = class_experiment()
    np.testing.assert_array_equal(
        *(
            parameter_vector(train_tasks(tried.learner(learner_config(experiment)), experiment, 1))
            for tried in (method, Backprop())
        )
    )


@pytest.mark.parametrize("method", [GPM(threshold=0.99, samples=8), OWM(alpha=1e-3)])
def test_new_outputs_learn_freely_with_task_id(method):
    """The last layer's change equals backpropagation's where an output is new; the remaining velocity is projected."""
    experiment = make_experiment(hidden=(20,))
    learner, free = (
        train_tasks(tried.learner(learner_config(experiment, optimizer="momentum(0.9)", rate=0.02)), experiment, 1)
        for tried in (method, Backprop())
    )
    before, through = learner.networks(), projection_matrices(learner)[-1]
    for trained in (learner, free):
        train_next_task(trained, experiment, 1, rounds=1)
    for replica, networks in enumerate(zip(before, learner.networks(), free.networks(), strict=True)):
        old, new, theirs = (np.concatenate((network.weights[-1], network.biases[-1][:, None]), axis=1) for network in networks)
        own, met = (task_info(experiment, number).active_classes[replica, 0].numpy() for number in (1, 0))
        np.testing.assert_allclose(new[own], theirs[own], atol=1e-12)
        np.testing.assert_allclose((new - old)[met], (theirs - old)[met] @ through[replica], atol=1e-12)
        assert np.abs(new[met] - theirs[met]).max() > 1e-4


def test_repeated_outputs_do_not_learn_freely():
    """A task that is repeated after another keeps its outputs for the examined samples."""
    experiment = make_experiment(hidden=(20,))
    learner = train_tasks(GPM(threshold=1.0, samples=4).learner(learner_config(experiment)), experiment, 1)
    layer_inputs, _ = next(learner.sample_layer_inputs(4, 4))
    inputs = layer_inputs[0][..., :-1].clone()
    train_next_task(learner, experiment, 1)
    learner.end_task()
    before = learner.outputs(inputs)
    train_next_task(learner, experiment, 0)
    torch.testing.assert_close(learner.outputs(inputs), before, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", [GPM(threshold=0.9), OWM(alpha=0.1)])
def test_projection_forgets_less_than_backprop(method):
    """The first permutation is kept better than by backpropagation after the second."""
    experiment = make_experiment(Permuted(2), environment=Glyphs(train=40, test=40), rounds=60, hidden=(30,), activation="relu")
    ours, theirs = (experiment.accuracy_matrices(tried, 0.1, SEEDS) for tried in (method, Backprop()))
    assert (ours[:, 2, 0] > theirs[:, 2, 0]).all()
    assert ours[:, 1, 0].mean() > 0.8


def test_diverged_networks_are_not_projected():
    experiment = make_experiment(Permuted(2), activation="relu")
    for method in (GPM(), OWM()):
        assert np.isfinite(experiment.accuracy_matrices(method, 1e30, SEEDS)).all()


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: GPM(threshold=0), "threshold"),
        (lambda: GPM(threshold=1.01), "threshold"),
        (lambda: GPM(samples=0), "samples"),
        (lambda: OWM(alpha=0), "alpha"),
        (lambda: OWM(decay=2), "decay"),
        (lambda: GPM().learner(learner_config(make_experiment())).end_task(), "begin_task"),
    ],
)
def test_invalid_parameter_or_call_is_refused(make, match):
    with pytest.raises(NeuroNetError, match=match):
        make()
