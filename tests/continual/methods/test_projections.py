"""Gradient projection memory and orthogonal weights modification, against forms of them that are slow and plain."""

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
    """Layers that hear far more directions than a few samples take up."""
    return make_experiment(protocol or Permuted(3), hidden=(20, 16), **options)


def train_next_task(learner, experiment, number, rounds=3):
    learner.begin_task(task_info(experiment, number))
    for _, batch in zip(range(rounds), batches(experiment, number), strict=False):
        learner.train_batch(batch)


@pytest.mark.parametrize(("optimizer", "rate"), OPTIMIZERS)
def test_what_gpm_has_looked_at_keeps_its_potentials(optimizer, rate):
    """With a threshold of 1 every potential of every layer stays, under every optimizer, after two tasks more."""
    experiment = wide_experiment()
    learner = train_tasks(
        GPM(threshold=1.0, samples=4).learner(learner_config(experiment, optimizer=optimizer, rate=rate)), experiment, 1
    )
    heard, _ = next(learner.sample_layer_inputs(4, 4))
    inputs, others = heard[0][..., :-1].clone(), next(batches(experiment, 0)).inputs
    seen, unseen = (learner.forward(each) for each in (inputs, others))
    before = learner.networks()[0].weights
    for number in (1, 2):
        train_next_task(learner, experiment, number)
        learner.end_task()
    for old, now in zip(seen, learner.forward(inputs), strict=True):
        torch.testing.assert_close(now, old, rtol=0, atol=1e-10)
    for layer, (old, now) in enumerate(zip(unseen, learner.forward(others), strict=True)):
        assert (now - old).abs().max() > 1e-3
        assert np.abs(learner.networks()[0].weights[layer] - before[layer]).max() > 1e-4


@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.999])
def test_the_directions_are_as_few_as_hold_the_part(threshold):
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


def test_what_is_held_already_adds_nothing():
    heard = torch.randn(9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    basis = extend_basis(torch.zeros(9, 2, dtype=torch.float64), heard, 1.0)
    assert basis.shape == (9, 3)
    assert extend_basis(basis, 5 * heard.flip(-1), 1.0).shape == (9, 3)
    assert extend_basis(basis, torch.full((9, 3), torch.nan, dtype=torch.float64), 1.0).shape == (9, 3)


def drawn_samples(learner):
    """All samples of a task as they are drawn, (replica's own count, I), from the learner's first layer alone."""
    parts = [(heard[0][..., :-1], valid) for heard, valid in learner.sample_layer_inputs(7)]
    return [torch.cat([inputs[replica][valid[replica]] for inputs, valid in parts]) for replica in range(len(SEEDS))]


@pytest.mark.parametrize("experiment", [make_experiment(), class_experiment()], ids=["task-id", "no-task-id"])
def test_every_sample_is_heard_once(experiment):
    learner = train_tasks(GPM().learner(learner_config(experiment)), experiment, 1)
    for found, seed in zip(drawn_samples(learner), SEEDS, strict=True):
        expected = experiment.sequence(seed)[0].train.scaled().inputs
        np.testing.assert_allclose(np.sort(found.numpy(), axis=0), np.sort(expected, axis=0), atol=1e-5)
    few, valid = next(learner.sample_layer_inputs(300, 5))
    assert few[1].shape == (2, 5, 9) and valid.all()


@pytest.mark.parametrize("decay", [1.0, 0.01])
def test_the_projector_is_the_inverse(decay):
    """`P = (I + sum_i x_i x_i^T / alpha_i)^-1`, the means taken by hand, from two tasks."""
    experiment = make_experiment(Permuted(3))
    learner = OWM(alpha=0.3, decay=decay).learner(learner_config(experiment))
    inverses = [[np.eye(width) for _ in SEEDS] for width in (26, 9)]
    for number in range(2):
        train_next_task(learner, experiment, number)
        heard = list(learner.sample_layer_inputs(8))
        for place, (layers, valid) in enumerate(heard):
            alpha = 0.3 * decay ** (place / len(heard))
            for inverse, replica_inputs in zip(inverses, layers, strict=True):
                for replica in range(len(SEEDS)):
                    mean = replica_inputs[replica][valid[replica]].numpy().mean(axis=0)
                    inverse[replica] += np.outer(mean, mean) / alpha
        learner.end_task()
    for found, inverse in zip(learner.projectors, inverses, strict=True):
        np.testing.assert_allclose(found, np.linalg.inv(np.stack(inverse)), atol=1e-9)


def test_the_projector_in_its_authors_form():
    """`I - A (A^T A + alpha I)^-1 A^T`, with the things heard as columns of A."""
    columns = np.random.default_rng(1).normal(size=(2, 6, 10))
    projector, alpha = torch.eye(6, dtype=torch.float64).repeat(2, 1, 1), torch.tensor([0.2, 3.0], dtype=torch.float64)
    for column in range(10):
        update_projector(projector, torch.tensor(columns[:, :, column]), alpha)
    for found, a, strength in zip(projector.numpy(), columns, alpha.numpy(), strict=True):
        expected = np.eye(6) - a @ np.linalg.inv(a.T @ a + strength * np.eye(10)) @ a.T
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_in_single_precision_it_is_nearly_as_good():
    experiment = {dtype: make_experiment(Permuted(2), dtype=dtype) for dtype in ("float32", "float64")}
    found = {
        dtype: train_tasks(OWM(alpha=1e-4).learner(learner_config(each, rate=1e-9)), each, 2)
        for dtype, each in experiment.items()
    }
    for single, double in zip(*(each.projectors for each in found.values()), strict=True):
        assert single.dtype == torch.float32
        torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-4)


def projection_matrices(learner):
    """By what each layer's changes are multiplied from now on, (R, I + 1, I + 1)."""
    if isinstance(learner, OWMLearner):
        return [each.clone().numpy() for each in learner.projectors]
    return [np.eye(each.shape[1]) - each.numpy() @ each.mT.numpy() for each in learner.memory]


@pytest.mark.parametrize("method", [GPM(threshold=0.6, samples=5), OWM(alpha=0.5)])
@pytest.mark.parametrize(("optimizer", "rate"), OPTIMIZERS)
def test_a_change_is_the_optimisers_change_projected(method, optimizer, rate):
    """Backprop with the same parameters and the same past takes the change; what is left of it is by hand."""
    experiment = wide_experiment(class_experiment().protocol)
    learner = train_tasks(method.learner(learner_config(experiment, optimizer=optimizer, rate=rate)), experiment, 1)
    free = train_tasks(Backprop().learner(learner_config(experiment, optimizer=optimizer, rate=rate)), experiment, 1)
    before = [each.detach().clone() for each in learner.parameters]
    for each in (learner, free):
        train_next_task(each, experiment, 1, rounds=1)
    for layer, through in enumerate(projection_matrices(learner)):
        old, wanted, found = (
            np.concatenate((parameters[layer].detach(), parameters[layer + 3].detach()[..., None]), axis=-1)
            for parameters in (before, free.parameters, learner.parameters)
        )
        np.testing.assert_allclose(found - old, (wanted - old) @ through, atol=1e-12)
        assert np.abs(found - wanted).max() > 1e-4


@pytest.mark.parametrize("method", [GPM(), OWM()])
def test_the_first_task_is_backprops(method):
    experiment = class_experiment()
    np.testing.assert_array_equal(
        *(parameter_vector(train_tasks(each.learner(learner_config(experiment)), experiment, 1)) for each in (method, Backprop()))
    )


@pytest.mark.parametrize("method", [GPM(threshold=0.99, samples=8), OWM(alpha=1e-3)])
def test_a_named_tasks_new_outputs_learn_freely(method):
    """The last layer's change is backpropagation's where an output is new, and what is left of the velocity is projected."""
    experiment = make_experiment(hidden=(20,))
    learner, free = (
        train_tasks(each.learner(learner_config(experiment, optimizer="momentum(0.9)", rate=0.02)), experiment, 1)
        for each in (method, Backprop())
    )
    before, through = learner.networks(), projection_matrices(learner)[-1]
    for each in (learner, free):
        train_next_task(each, experiment, 1, rounds=1)
    for replica, networks in enumerate(zip(before, learner.networks(), free.networks(), strict=True)):
        old, new, theirs = (np.concatenate((each.weights[-1], each.biases[-1][:, None]), axis=1) for each in networks)
        own, met = (task_info(experiment, number).active_classes[replica, 0].numpy() for number in (1, 0))
        np.testing.assert_allclose(new[own], theirs[own], atol=1e-12)
        np.testing.assert_allclose((new - old)[met], (theirs - old)[met] @ through[replica], atol=1e-12)
        assert np.abs(new[met] - theirs[met]).max() > 1e-4


def test_outputs_that_come_again_do_not_learn_freely():
    """A named task that is begun once more, after another, leaves its own answers to what was looked at."""
    experiment = make_experiment(hidden=(20,))
    learner = train_tasks(GPM(threshold=1.0, samples=4).learner(learner_config(experiment)), experiment, 1)
    heard, _ = next(learner.sample_layer_inputs(4, 4))
    inputs = heard[0][..., :-1].clone()
    train_next_task(learner, experiment, 1)
    learner.end_task()
    before = learner.outputs(inputs)
    train_next_task(learner, experiment, 0)
    torch.testing.assert_close(learner.outputs(inputs), before, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", [GPM(threshold=0.9), OWM(alpha=0.1)])
def test_they_forget_less(method):
    """After the second permutation, the first is answered better than by backpropagation, which has learned as much."""
    experiment = make_experiment(Permuted(2), environment=Glyphs(train=40, test=40), rounds=60, hidden=(30,), activation="relu")
    ours, theirs = (experiment.accuracy_matrices(each, 0.1, SEEDS) for each in (method, Backprop()))
    assert (ours[:, 2, 0] > theirs[:, 2, 0]).all()
    assert ours[:, 1, 0].mean() > 0.8


def test_networks_that_are_no_numbers_any_more_are_let_be():
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
def test_refused(make, match):
    with pytest.raises(NeuroNetError, match=match):
        make()
