"""The methods of others: each penalty against a form of it that is slow and plain."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from neuronet.continual.methods.finetuning import Backprop, masked
from neuronet.continual.methods.lwf import LwF
from neuronet.continual.methods.penalties.ewc import EWC, OnlineEWC, fisher
from neuronet.continual.methods.penalties.mas import MAS, sensitivity
from neuronet.continual.methods.penalties.si import SI
from neuronet.continual.methods.replay import Joint, Replay
from tests.continual.fixtures import SEEDS, batches, class_course, course, learn, lesson, start


def close(found, expected, rtol=1e-8):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.detach(), other.detach(), rtol=rtol, atol=1e-12)


def by_sample(learner, given, wish):
    """For each parameter the mean over the samples of what `wish(outputs of one sample (O,), its replica)` gives of gradients."""
    sums = [torch.zeros_like(each) for each in learner.parameters]
    for replica, count in enumerate(given.deck.counts):
        for place in range(count):
            inputs, _ = given.deck.at([np.array([min(place, most - 1)]) for most in given.deck.counts])
            outputs = learner.speak(inputs)[-1][replica, 0]
            for size, number in wish(outputs, given.open[replica, 0]):
                found = torch.autograd.grad(number, learner.parameters, retain_graph=True)
                for total, each in zip(sums, found, strict=True):
                    total[replica] += size(each[replica]) / count
    return sums


def test_the_fisher_information_is_exact():
    of = class_course()
    learner = learn(Backprop().learner(start(of)), of, 2)
    given = lesson(of, 1)

    def wish(outputs, open_classes):
        logs = torch.log_softmax(outputs[open_classes], dim=0)
        for log in logs:
            root = float(log.detach().exp().sqrt())
            yield torch.square, root * log

    close(fisher(learner, given), by_sample(learner, given, wish))


def test_the_sensitivity_is_that_of_the_squared_length():
    of = course()
    learner = learn(Backprop().learner(start(of)), of, 1)
    given = lesson(of, 0)
    expected = by_sample(learner, given, lambda outputs, open_classes: [(torch.abs, (outputs[open_classes] ** 2).sum())])
    close(sensitivity(learner, given), expected)


def slope_of(penalty, learner):
    return torch.autograd.grad(penalty, learner.parameters)


def near(learner, anchors):
    """`sum_t sum_n m_tn (theta_n - theta_tn)^2`."""
    return sum(
        (importance * (here - there) ** 2).sum()
        for importances, centre in anchors
        for importance, here, there in zip(importances, learner.parameters, centre, strict=True)
    )


def here(learner):
    return [each.detach().clone() for each in learner.parameters]


def test_ewc_pulls_towards_every_earlier_task():
    of = class_course()
    learner, anchors = EWC(strength=3.0).learner(start(of)), []
    for number in range(2):
        learner.begin_task(lesson(of, number))
        for batch in batches(of, number):
            learner.play(batch)
        anchors.append((fisher(learner, lesson(of, number)), here(learner)))
        learner.end_task()
    learner.play(next(batches(of, 2)))
    close(learner.pull(), slope_of(1.5 * near(learner, anchors), learner))


def test_online_ewc_pulls_towards_the_last_task_alone():
    of = course()
    learner, importances = OnlineEWC(strength=3.0, gamma=0.5).learner(start(of)), []
    for number in range(2):
        learner.begin_task(lesson(of, number))
        for batch in batches(of, number):
            learner.play(batch)
        importances.append(fisher(learner, lesson(of, number)))
        learner.end_task()
    running = [0.5 * first + second for first, second in zip(*importances, strict=True)]
    anchors = [(running, here(learner))]
    learner.play(next(batches(of, 2)))
    close(learner.pull(), slope_of(1.5 * near(learner, anchors), learner))


def test_si_keeps_the_account_of_the_path():
    of = course()
    learner, twin = (SI(strength=0.7, damping=0.05).learner(start(of)) for _ in range(2))
    plain = Backprop().learner(start(of))
    began, earned = here(plain), [torch.zeros_like(each) for each in plain.parameters]
    for batch in batches(of, 0):
        gradients = torch.autograd.grad(plain.loss(batch).sum(), plain.parameters)
        before = here(plain)
        plain.play(batch)
        for account, gradient, now, old in zip(earned, gradients, here(plain), before, strict=True):
            account.sub_(gradient * (now - old))
    learn(learner, of, 1)
    close(learner.parameters, plain.parameters)  # nothing pulls in the first task
    importances = [
        account.clamp(min=0) / ((now - old) ** 2 + 0.05) for account, now, old in zip(earned, here(plain), began, strict=True)
    ]
    anchors = [(importances, here(learner))]
    learner.begin_task(lesson(of, 1))
    learner.play(next(batches(of, 1)))
    close(learner.pull(), slope_of(0.7 * near(learner, anchors), learner))
    assert twin.pull() is None


def test_si_earns_the_fall_of_the_loss():
    """On one batch over and over, in small steps, the accounts add up to what the loss has fallen by."""
    of = course()
    learner = SI().learner(start(of, rate=1e-3))
    batch = next(batches(of, 0))
    learner.begin_task(lesson(of, 0))
    before = learner.loss(batch).detach()
    for _ in range(20):
        learner.play(batch)
    fallen = before - learner.loss(batch).detach()
    earned = sum(each.flatten(1).sum(dim=1) for each in learner._earned)
    torch.testing.assert_close(earned, fallen, rtol=0.01, atol=0)


def test_mas_pulls_towards_the_last_task_by_the_sum_of_sensitivities():
    of = course()
    learner, found = MAS(strength=0.3).learner(start(of)), []
    for number in range(2):
        learner.begin_task(lesson(of, number))
        for batch in batches(of, number):
            learner.play(batch)
        found.append(sensitivity(learner, lesson(of, number)))
        learner.end_task()
    anchors = [([first + second for first, second in zip(*found, strict=True)], here(learner))]
    learner.play(next(batches(of, 2)))
    close(learner.pull(), slope_of(0.3 * near(learner, anchors), learner))


@pytest.mark.parametrize("method", [EWC, OnlineEWC, SI, MAS])
def test_a_step_goes_down_the_loss_and_the_penalty(method):
    of = course()
    learner = learn(method(strength=0.5).learner(start(of, rate=0.05)), of, 1)
    first, second, *_ = batches(of, 1)
    learner.begin_task(lesson(of, 1))
    learner.play(first)
    before, pull = here(learner), learner.pull()
    gradients = torch.autograd.grad(learner.loss(second).sum(), learner.parameters)
    learner.play(second)
    close(learner.parameters, [old - 0.05 * (g + p) for old, g, p in zip(before, gradients, pull, strict=True)])
    assert max(float(each.abs().max()) for each in pull) > 0


@pytest.mark.parametrize("method", [EWC, OnlineEWC, SI, MAS, LwF])
def test_without_strength_nothing_is_protected(method):
    of = class_course()
    free, same = (learn(each.learner(start(of)), of, 3) for each in (Backprop(), method(strength=0.0)))
    close(same.parameters, free.parameters)


@pytest.mark.parametrize("of", [course(), class_course()], ids=["told", "untold"])
def test_lwf_keeps_to_what_it_answered(of):
    learner = learn(LwF(strength=1.0, temperature=2.0).learner(start(of)), of, 2)
    usual = here(learner)
    batch = next(batches(of, 2))
    plain = functional.cross_entropy(
        masked(learner.speak(batch.inputs)[-1], batch.open).flatten(0, 1), batch.targets.flatten(), reduction="none"
    )
    torch.testing.assert_close(learner.loss(batch), plain.view(2, -1).mean(dim=1))  # nothing has changed yet
    for _ in range(3):
        learner.play(batch)
    now, was = learner.speak(batch.inputs)[-1], learner.speak(batch.inputs, usual)[-1]
    heads = [lesson(of, 0).open, lesson(of, 1).open] if of.protocol.told else [lesson(of, 1).open]
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


@pytest.mark.parametrize("of", [course(), class_course()], ids=["told", "untold"])
def test_replay_draws_from_every_earlier_task(of):
    learner = learn(Replay(kept=4).learner(start(of)), of, 2)
    now = lesson(of, 2)
    learner.begin_task(now)
    drawn = learner._drawn(40)
    for replica, seed in enumerate(SEEDS):
        targets, inputs = drawn.targets[replica].tolist(), drawn.inputs[replica].numpy()
        for number in range(2):
            samples = of.sequence(seed)[number].train
            own = np.isin(targets, samples.targets)
            assert own.sum() == 20
            gaps = np.abs(inputs[own][:, None] - samples.scaled().inputs).max(axis=-1)
            assert gaps.min(axis=1).max() < 1e-5  # each is one of the task's
            assert len(set(gaps.argmin(axis=1).tolist())) <= 4  # of those that were kept
        assert drawn.open[replica, torch.arange(40), drawn.targets[replica]].all()
        answers = drawn.open[replica].sum(dim=-1)
        assert set(answers.tolist()) == ({2} if of.protocol.told else {6})


def test_replay_weighs_all_tasks_alike():
    of = class_course()
    learner, twin = (learn(Replay(kept=4).learner(start(of)), of, 2) for _ in range(2))
    for each in (learner, twin):
        each.begin_task(lesson(of, 2))
    batch = next(batches(of, 2))
    kept = twin._drawn(8)
    expected = (
        learner.loss_of(learner.speak(batch.inputs)[-1], batch) + 2 * learner.loss_of(learner.speak(kept.inputs)[-1], kept)
    ) / 3
    torch.testing.assert_close(learner.loss(batch), expected)


def test_joint_keeps_everything():
    of = course()
    learner = learn(Joint().learner(start(of)), of, 2)
    assert [[len(each) for each in places] for _, places in learner._past] == [list(lesson(of, n).deck.counts) for n in range(2)]
