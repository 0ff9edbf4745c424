"""Reservoir, ER, DER++ and A-GEM, each against a slow and simple reference."""

import numpy as np
import pytest
import torch
from scipy import stats

from neuronet.continual.methods.finetuning import Backprop
from neuronet.continual.methods.rehearsal import AGEM, DER, ER
from neuronet.continual.methods.rehearsal.reservoir import Reservoir
from neuronet.core import ConfigurationError
from tests.continual.fixtures import SEEDS, batches, class_experiment, learner_config, make_experiment, task_info, train_tasks

SAMPLE = 25 + 8
"""Bytes of one sample of the glyphs: 25 pixels and a target."""


def test_every_sample_so_far_is_in_the_reservoir_with_the_same_probability():
    reservoir = Reservoir(10, range(400))
    for part in torch.arange(60).split(12):
        reservoir.add([part.expand(400, -1)])
    (stored,) = reservoir.contents()
    counts = np.bincount(stored.numpy().ravel(), minlength=60)
    assert all(len(set(row)) == 10 for row in stored.tolist())  # no sample is there twice
    assert stats.chisquare(counts).pvalue > 1e-3


def test_reservoir_equals_algorithm_r_sample_by_sample():
    """The reference offers single samples, and draws from the same stream."""
    seeds = (3, 8)
    reservoir, twin = Reservoir(5, seeds), Reservoir(5, seeds)
    numbers = torch.arange(40).expand(2, -1)
    for part in numbers.split(8, dim=1):
        reservoir.add([part, part * 10])
    expected = np.full((2, 5), -1)
    for replica, rng in enumerate(twin._rngs):
        for part in np.split(np.arange(40), 5):
            draws = rng.integers(0, part + 1)
            for number, draw in zip(part, draws, strict=True):
                place = number if number < 5 else draw
                if place < 5:
                    expected[replica, place] = number
    found, tens = reservoir.contents()
    np.testing.assert_array_equal(found.numpy(), expected)
    np.testing.assert_array_equal(tens.numpy(), 10 * expected)


@pytest.mark.parametrize(("method", "extra"), [(ER, 0), (AGEM, 0), (DER, 24)])
def test_memory_is_counted_in_bytes(method, extra):
    experiment = make_experiment()
    learner = train_tasks(method(memory=1000).learner(learner_config(experiment)), experiment, 3)
    assert learner.reservoir.capacity == 1000 // (SAMPLE + extra)
    assert learner.kept_bytes() == len(SEEDS) * learner.reservoir.capacity * (SAMPLE + extra) <= len(SEEDS) * 1000


def test_memory_too_small_for_a_sample_is_refused():
    experiment = make_experiment()
    learner = ER(memory=10).learner(learner_config(experiment))
    with pytest.raises(ConfigurationError, match="33 bytes"):
        learner.begin_task(task_info(experiment, 0))


@pytest.mark.parametrize("experiment", [make_experiment(), class_experiment()], ids=["task-id", "no-task-id"])
def test_stored_samples_are_of_all_tasks_with_their_active_classes(experiment):
    learner = train_tasks(ER(memory=40 * SAMPLE).learner(learner_config(experiment)), experiment, 2)
    learner.begin_task(task_info(experiment, 2))
    batch, _ = learner.rehearsed(200)
    active = batch.active_classes.expand(-1, 200, -1)
    assert torch.gather(active, 2, batch.targets[..., None]).all()
    assert set(active.sum(dim=-1).unique().tolist()) == ({2} if experiment.protocol.task_id_given else {6})
    for replica, seed in enumerate(SEEDS):
        tasks = [np.isin(batch.targets[replica].numpy(), experiment.sequence(seed)[n].train.targets) for n in range(2)]
        assert all(own.any() for own in tasks)
        assert (tasks[0] | tasks[1]).all()


def twins(method, experiment, tasks=1, **options):
    return [train_tasks(method.learner(learner_config(experiment, **options)), experiment, tasks) for _ in range(2)]


def test_er_loss_is_the_mean_over_batch_and_replayed_samples():
    experiment = class_experiment()
    learner, twin = twins(ER(memory=500), experiment)
    for given in (learner, twin):
        given.begin_task(task_info(experiment, 1))
    batch = next(batches(experiment, 1))
    replayed, _ = twin.rehearsed(8)
    losses = [
        torch.nn.functional.cross_entropy(
            learner.forward(part.inputs)[-1].masked_fill(~part.active_classes, -torch.inf).flatten(0, 1),
            part.targets.flatten(),
            reduction="none",
        ).view(2, 8)
        for part in (batch, replayed)
    ]
    torch.testing.assert_close(learner.loss(batch), torch.cat(losses, dim=1).mean(dim=1))


def test_der_keeps_outputs_from_before_the_step_and_adds_both_terms():
    experiment = class_experiment()
    method = DER(memory=20_000, alpha=0.7, beta=0.3)
    learner, twin = twins(method, experiment, 0)
    for given in (learner, twin):
        given.begin_task(task_info(experiment, 0))
    first, second, *_ = batches(experiment, 0)
    before = learner.outputs(first.inputs)
    for given in (learner, twin):
        given.train_batch(first)
    torch.testing.assert_close(learner.reservoir.contents()[3], before)
    kept, (outputs,) = twin.rehearsed(8)
    replayed, _ = twin.rehearsed(8)
    plain = Backprop().learner(learner_config(experiment))
    plain.weights, plain.biases = twin.weights, twin.biases
    expected = (
        plain.loss(second)
        + 0.7 * torch.nn.functional.mse_loss(plain.forward(kept.inputs)[-1], outputs, reduction="none").flatten(1).mean(dim=1)
        + 0.3 * plain.loss(replayed)
    )
    torch.testing.assert_close(learner.loss(second), expected)


def flat(tensors, replica):
    return torch.cat([tensor[replica].flatten() for tensor in tensors])


def test_agem_removes_the_component_that_increases_the_loss_of_stored_samples():
    experiment = class_experiment()
    learner, twin = twins(AGEM(memory=500), experiment, rate=0.5)
    conflicts = 0
    for given in (learner, twin):
        given.begin_task(task_info(experiment, 1))
        given._size = 8
    for batch in batches(experiment, 1):
        gradients = torch.autograd.grad(learner.loss(batch).sum(), learner.parameters)
        found = learner.adjusted(gradients)
        stored, _ = twin.rehearsed(8)
        reference = torch.autograd.grad(learner.loss(stored).sum(), learner.parameters)
        for replica in range(2):
            g, r, h = (flat(tensors, replica) for tensors in (gradients, reference, found))
            if g @ r < 0:
                conflicts += 1
                torch.testing.assert_close(h @ r, torch.zeros_like(h @ r), atol=1e-9, rtol=0)
                nearest = g - r * (g @ r) / (r @ r)
                torch.testing.assert_close(h, nearest)
            else:
                torch.testing.assert_close(h, g)
        with torch.no_grad():
            for parameter, gradient in zip(learner.parameters, gradients, strict=True):
                parameter.sub_(0.5 * gradient)
    assert conflicts


def test_first_round_equals_backprop():
    experiment = class_experiment()
    batch = next(batches(experiment, 0))
    learners = [method.learner(learner_config(experiment)) for method in (Backprop(), ER(), DER(), AGEM())]
    for learner in learners:
        learner.begin_task(task_info(experiment, 0))
        learner.train_batch(batch)
    for learner in learners[1:]:
        for found, expected in zip(learner.parameters, learners[0].parameters, strict=True):
            torch.testing.assert_close(found, expected)
