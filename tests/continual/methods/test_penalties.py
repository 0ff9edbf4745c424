"""Penalties, distillation and replay, each against a slow and simple reference."""

import copy
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from neuronet.continual.methods.finetuning import Backprop, mask_outputs
from neuronet.continual.methods.lwf import LwF
from neuronet.continual.methods.penalties.ewc import EWC, OnlineEWC, fisher
from neuronet.continual.methods.penalties.mas import MAS, sensitivity
from neuronet.continual.methods.penalties.quadratic_penalty import implicit_share
from neuronet.continual.methods.penalties.si import SI
from neuronet.continual.methods.replay import Joint, Replay
from tests.continual.fixtures import SEEDS, batches, class_experiment, learner_config, make_experiment, task_info, train_tasks


def assert_tensors_close(found, expected, rtol=1e-8):
    for left, right in zip(found, expected, strict=True):
        torch.testing.assert_close(left.detach(), right.detach(), rtol=rtol, atol=1e-12)


def mean_sample_gradients(learner, given, objective):
    """Return for each parameter the mean over the samples of the sizes of the objective's gradients.

    `objective(outputs, active_classes)`, both (O,) of one sample, yields pairs of a size function and a number.
    """
    sums = [torch.zeros_like(parameter) for parameter in learner.parameters]
    for replica, count in enumerate(given.dataset.counts):
        for index in range(count):
            inputs, _ = given.dataset.take([np.array([min(index, limit - 1)]) for limit in given.dataset.counts])
            outputs = learner.forward(inputs)[-1][replica, 0]
            for size, number in objective(outputs, given.active_classes[replica, 0]):
                found = torch.autograd.grad(number, learner.parameters, retain_graph=True)
                for total, gradient in zip(sums, found, strict=True):
                    total[replica] += size(gradient[replica]) / count
    return sums


def test_fisher_information_is_exact():
    experiment = class_experiment()
    learner = train_tasks(Backprop().learner(learner_config(experiment)), experiment, 2)
    given = task_info(experiment, 1)

    def objective(outputs, active_classes):
        logs = torch.log_softmax(outputs[active_classes], dim=0)
        for log in logs:
            root = float(log.detach().exp().sqrt())
            yield torch.square, root * log

    assert_tensors_close(fisher(learner, given), mean_sample_gradients(learner, given, objective))


def test_sensitivity_is_that_of_the_squared_norm():
    experiment = make_experiment()
    learner = train_tasks(Backprop().learner(learner_config(experiment)), experiment, 1)
    given = task_info(experiment, 0)
    expected = mean_sample_gradients(
        learner, given, lambda outputs, active_classes: [(torch.abs, (outputs[active_classes] ** 2).sum())]
    )
    assert_tensors_close(sensitivity(learner, given), expected)


def gradient_of(penalty, learner):
    return torch.autograd.grad(penalty, learner.parameters)


def quadratic_penalty(learner, anchors):
    """Return `sum_t sum_n m_tn (theta_n - theta_tn)^2`."""
    return sum(
        (importance * (parameter - value) ** 2).sum()
        for importances, centre in anchors
        for importance, parameter, value in zip(importances, learner.parameters, centre, strict=True)
    )


def penalty_gradient(learner):
    """Return the gradient of the learner's penalty, by the sums that it keeps."""
    terms = zip(learner.parameters, learner.total_importance, learner.centre, strict=True)
    return [learner.strength * importance * (value.detach() - centre) for value, importance, centre in terms]


def parameter_values(learner):
    return [parameter.detach().clone() for parameter in learner.parameters]


def test_ewc_penalty_is_around_every_earlier_task():
    experiment = class_experiment()
    learner, anchors = EWC(strength=3.0).learner(learner_config(experiment)), []
    for number in range(2):
        learner.begin_task(task_info(experiment, number))
        for batch in batches(experiment, number):
            learner.train_batch(batch)
        anchors.append((fisher(learner, task_info(experiment, number)), parameter_values(learner)))
        learner.end_task()
    learner.train_batch(next(batches(experiment, 2)))
    assert_tensors_close(penalty_gradient(learner), gradient_of(1.5 * quadratic_penalty(learner, anchors), learner))


def test_online_ewc_penalty_is_around_the_last_task():
    experiment = make_experiment()
    learner, importances = OnlineEWC(strength=3.0, gamma=0.5).learner(learner_config(experiment)), []
    for number in range(2):
        learner.begin_task(task_info(experiment, number))
        for batch in batches(experiment, number):
            learner.train_batch(batch)
        importances.append(fisher(learner, task_info(experiment, number)))
        learner.end_task()
    running = [0.5 * first + second for first, second in zip(*importances, strict=True)]
    anchors = [(running, parameter_values(learner))]
    learner.train_batch(next(batches(experiment, 2)))
    assert_tensors_close(penalty_gradient(learner), gradient_of(1.5 * quadratic_penalty(learner, anchors), learner))


def test_si_importances_are_normalised_path_integrals():
    experiment = make_experiment()
    learner, twin = (SI(strength=0.7, damping=0.05).learner(learner_config(experiment)) for _ in range(2))
    plain = Backprop().learner(learner_config(experiment))
    initial, path_integrals = parameter_values(plain), [torch.zeros_like(parameter) for parameter in plain.parameters]
    for batch in batches(experiment, 0):
        gradients = torch.autograd.grad(plain.loss(batch).sum(), plain.parameters)
        before = parameter_values(plain)
        plain.train_batch(batch)
        for path_integral, gradient, now, old in zip(path_integrals, gradients, parameter_values(plain), before, strict=True):
            path_integral.sub_(gradient * (now - old))
    train_tasks(learner, experiment, 1)
    assert_tensors_close(learner.parameters, plain.parameters)  # the first task has no penalty
    importances = [
        path_integral.clamp(min=0) / ((now - old) ** 2 + 0.05)
        for path_integral, now, old in zip(path_integrals, parameter_values(plain), initial, strict=True)
    ]
    anchors = [(importances, parameter_values(learner))]
    learner.begin_task(task_info(experiment, 1))
    learner.train_batch(next(batches(experiment, 1)))
    assert_tensors_close(penalty_gradient(learner), gradient_of(0.7 * quadratic_penalty(learner, anchors), learner))
    assert not any(importance.any() for importance in twin.total_importance)


def test_si_path_integrals_sum_to_the_decrease_of_the_loss():
    """Small steps on one repeated batch."""
    experiment = make_experiment()
    learner = SI().learner(learner_config(experiment, rate=1e-3))
    batch = next(batches(experiment, 0))
    learner.begin_task(task_info(experiment, 0))
    before = learner.loss(batch).detach()
    for _ in range(20):
        learner.train_batch(batch)
    decrease = before - learner.loss(batch).detach()
    total = sum(path_integral.flatten(1).sum(dim=1) for path_integral in learner.path_integral)
    torch.testing.assert_close(total, decrease, rtol=0.01, atol=0)


def test_mas_penalty_is_around_the_last_task_with_summed_sensitivities():
    experiment = make_experiment()
    learner, found = MAS(strength=0.3).learner(learner_config(experiment)), []
    for number in range(2):
        learner.begin_task(task_info(experiment, number))
        for batch in batches(experiment, number):
            learner.train_batch(batch)
        found.append(sensitivity(learner, task_info(experiment, number)))
        learner.end_task()
    anchors = [([first + second for first, second in zip(*found, strict=True)], parameter_values(learner))]
    learner.train_batch(next(batches(experiment, 2)))
    assert_tensors_close(penalty_gradient(learner), gradient_of(0.3 * quadratic_penalty(learner, anchors), learner))


def step_sizes(optimizer, rate, gradients):
    """Return the step size of each parameter after the gradients of all rounds, written out for each optimizer."""
    if optimizer != "adam":
        return [rate / (0.5 if optimizer == "momentum(0.5)" else 1.0)] * len(gradients[0])
    squares = [torch.zeros_like(gradient) for gradient in gradients[0]]
    for of_round in gradients:
        squares = [0.999 * square + 0.001 * gradient**2 for square, gradient in zip(squares, of_round, strict=True)]
    return [rate / ((square / (1 - 0.999 ** len(gradients))) ** 0.5 + 1e-8) for square in squares]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum(0.5)", "adam"])
@pytest.mark.parametrize("method", [EWC, OnlineEWC, SI, MAS])
def test_step_is_the_optimizers_and_then_the_proximal_step_of_the_penalty(method, optimizer):
    """At the minimum of `(theta - theta')^2 / 2h` plus the penalty its gradient is 0; theta' comes from torch.optim alone."""
    experiment, rate = make_experiment(), 0.001 if optimizer == "adam" else 0.05
    learner = method(strength=5.0, optimizer=optimizer)
    learner = learner.learner(learner_config(experiment, optimizer=optimizer, rate=rate))
    gradients = []
    adjusted = learner.adjusted
    learner.adjusted = lambda found: gradients.append([gradient.clone() for gradient in found]) or adjusted(found)
    train_tasks(learner, experiment, 1)
    first, second, *_ = batches(experiment, 1)
    learner.begin_task(task_info(experiment, 1))
    learner.train_batch(first)
    twin = copy.deepcopy(learner)  # the same moments, no penalty
    twin.strength = 0.0
    twin.train_batch(second)
    learner.train_batch(second)
    pulls = penalty_gradient(learner)
    terms = zip(learner.parameters, twin.parameters, step_sizes(optimizer, rate, gradients[:-1]), pulls, strict=True)
    for found, free, size, pull in terms:
        torch.testing.assert_close((found - free).detach(), -size * pull, rtol=1e-7, atol=1e-12)
    assert max(float(pull.abs().max()) for pull in pulls) > 0


sizes = st.floats(0, 1e30) | st.sampled_from([0.0, 1e-30, 1e300])


@given(sizes, sizes, sizes, st.sampled_from([torch.float32, torch.float64]))
def test_implicit_steps_are_finite_and_have_the_closed_form(rate, strength, importance, dtype):
    """The minimum of `(theta - 1)^2 / 2 rate + strength importance (theta + 2)^2 / 2`, by exact fractions."""
    values = [torch.tensor(min(value, torch.finfo(dtype).max), dtype=dtype) for value in (rate, importance)]
    share = implicit_share(values[0], strength, values[1])
    assert 0 <= float(share) <= 1
    product = Fraction(float(values[0])) * Fraction(strength) * Fraction(float(values[1]))
    if float(values[0]) * strength < torch.finfo(dtype).max:  # beyond, the rate is that of the largest number
        assert float(1 - 3 * share) == pytest.approx(float((1 - 2 * product) / (1 + product)), abs=1e-5)


@given(st.floats(0, 1e30), st.floats(1e-3, 1e3), st.sampled_from(["sgd", "momentum(0.9)", "adam"]))
@settings(max_examples=6, deadline=None)
def test_no_strength_makes_a_quadratic_diverge(strength, importance, optimizer):
    """Loss `|theta - 1|^2 / 2`, penalty around 0: all rounds are finite, and the rest is `1 / (1 + strength importance)`."""
    experiment = make_experiment()
    learner = EWC(strength=strength).learner(learner_config(experiment, optimizer=optimizer, rate=0.03))
    for parameter in learner.parameters:
        parameter.data.zero_()
    learner.add_penalty([torch.full_like(parameter, importance) for parameter in learner.parameters])
    learner.loss = lambda batch: sum(((parameter - 1.0) ** 2).flatten(1).sum(dim=1) / 2 for parameter in learner.parameters)
    for _ in range(150 if optimizer == "adam" else 500):
        learner.train_batch(None)
        assert all(parameter.isfinite().all() and parameter.abs().max() < 3 for parameter in learner.parameters)
    if optimizer != "adam":
        for parameter in learner.parameters:
            torch.testing.assert_close(
                parameter.detach(), torch.full_like(parameter, 1 / (1 + strength * importance)), rtol=1e-3, atol=1e-6
            )


@pytest.mark.parametrize("method", [EWC, OnlineEWC, SI, MAS, LwF])
def test_zero_strength_equals_backprop(method):
    experiment = class_experiment()
    free, same = (
        train_tasks(tried.learner(learner_config(experiment)), experiment, 3) for tried in (Backprop(), method(strength=0.0))
    )
    assert_tensors_close(same.parameters, free.parameters)


@pytest.mark.parametrize("experiment", [make_experiment(), class_experiment()], ids=["task-id", "no-task-id"])
def test_lwf_loss_is_the_divergence_from_previous_outputs(experiment):
    learner = train_tasks(LwF(strength=1.0, temperature=2.0).learner(learner_config(experiment)), experiment, 2)
    usual = parameter_values(learner)
    batch = next(batches(experiment, 2))
    plain = functional.cross_entropy(
        mask_outputs(learner.forward(batch.inputs)[-1], batch.active_classes).flatten(0, 1),
        batch.targets.flatten(),
        reduction="none",
    )
    torch.testing.assert_close(learner.loss(batch), plain.view(2, -1).mean(dim=1))  # nothing has changed yet
    for _ in range(3):
        learner.train_batch(batch)
    now, was = learner.forward(batch.inputs)[-1], learner.forward(batch.inputs, usual)[-1]
    heads = (
        [task_info(experiment, 0).active_classes, task_info(experiment, 1).active_classes]
        if experiment.protocol.task_id_given
        else [task_info(experiment, 1).active_classes]
    )
    expected = [
        np.mean(
            [
                4
                * float(
                    functional.kl_div(
                        torch.log_softmax(now[replica][:, head[replica, 0]] / 2, -1),
                        torch.log_softmax(was[replica][:, head[replica, 0]] / 2, -1),
                        log_target=True,
                        reduction="batchmean",
                    ).detach()
                )
                for head in heads
            ]
        )
        for replica in range(2)
    ]
    extra = learner.loss(batch) - learner.loss_of(now, batch)
    torch.testing.assert_close(extra.detach(), torch.tensor(expected, dtype=torch.float64))
    assert min(expected) > 0


@pytest.mark.parametrize("experiment", [make_experiment(), class_experiment()], ids=["task-id", "no-task-id"])
def test_replay_draws_from_every_earlier_task(experiment):
    learner = train_tasks(Replay(samples_per_task=4).learner(learner_config(experiment)), experiment, 2)
    now = task_info(experiment, 2)
    learner.begin_task(now)
    drawn = learner.draw_batch(40)
    for replica, seed in enumerate(SEEDS):
        targets, inputs = drawn.targets[replica].tolist(), drawn.inputs[replica].numpy()
        for number in range(2):
            samples = experiment.sequence(seed)[number].train
            own = np.isin(targets, samples.targets)
            assert own.sum() == 20
            gaps = np.abs(inputs[own][:, None] - samples.scaled().inputs).max(axis=-1)
            assert gaps.min(axis=1).max() < 1e-5  # all are samples of the task
            assert len(set(gaps.argmin(axis=1).tolist())) <= 4  # of the stored samples
        assert drawn.active_classes[replica, torch.arange(40), drawn.targets[replica]].all()
        answers = drawn.active_classes[replica].sum(dim=-1)
        assert set(answers.tolist()) == ({2} if experiment.protocol.task_id_given else {6})


def test_replay_weights_all_tasks_equally():
    experiment = class_experiment()
    learner, twin = (train_tasks(Replay(samples_per_task=4).learner(learner_config(experiment)), experiment, 2) for _ in range(2))
    for replaying in (learner, twin):
        replaying.begin_task(task_info(experiment, 2))
    batch = next(batches(experiment, 2))
    stored = twin.draw_batch(8)
    expected = (
        learner.loss_of(learner.forward(batch.inputs)[-1], batch)
        + 2 * learner.loss_of(learner.forward(stored.inputs)[-1], stored)
    ) / 3
    torch.testing.assert_close(learner.loss(batch), expected)


def test_joint_stores_all_samples():
    experiment = make_experiment()
    learner = train_tasks(Joint().learner(learner_config(experiment)), experiment, 2)
    assert [[len(indices) for indices in stored] for _, stored in learner.stored] == [
        list(task_info(experiment, n).dataset.counts) for n in range(2)
    ]
