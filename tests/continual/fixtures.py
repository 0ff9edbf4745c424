"""Learners on small tasks, for the tests of each of them."""

import numpy as np
import torch

from neuronet.continual.evaluation.replicated_dataset import Deck
from neuronet.continual.evaluation.runner import Course
from neuronet.continual.methods.base import Batch, Lesson, Start
from neuronet.continual.protocols.presets import Schedule
from neuronet.continual.protocols.registry import SplitClass, SplitTask
from neuronet.core.learning.optimizers import rule_named
from tests.continual.fixtures_environments import Glyphs

SEEDS = (0, 7)


def course(protocol=None, *, world=None, rounds=6, **options):
    known = {"hidden": (8,), "activation": "tanh", "dtype": "float64"}
    return Course(protocol or SplitTask(3), world or Glyphs(), Schedule(rounds, 8), **{**known, **options})


def start(of, seeds=SEEDS, rule="plain", rate=0.1):
    networks = [of.network(seed) for seed in seeds]
    return Start(networks, seeds, rule_named(rule), rate, of.schedule.batch_size, of.device, of.dtype)


def lesson(of, number, seeds=SEEDS):
    tasks = [of.sequence(seed)[number] for seed in seeds]
    open_classes = torch.zeros(len(seeds), 1, of.protocol.outputs(of.world), dtype=torch.bool)
    for replica, task in enumerate(tasks):
        open_classes[replica, 0, list(task.classes)] = True
    return Lesson(number, Deck([task.train for task in tasks], "cpu", of.dtype), open_classes, of.protocol.told)


def batches(of, number, seeds=SEEDS):
    given = lesson(of, number, seeds)
    orders = [of.schedule.order(count, seed, number) for count, seed in zip(given.deck.counts, seeds, strict=True)]
    for places in zip(*orders, strict=True):
        yield Batch(*given.deck.at(places), given.open)


def learn(learner, of, tasks, seeds=SEEDS):
    """Play the first tasks; gives the learner."""
    for number in range(tasks):
        learner.begin_task(lesson(of, number, seeds))
        for batch in batches(of, number, seeds):
            learner.play(batch)
        learner.end_task()
    return learner


def numbers(learner, replica=0):
    """All weights and biases of a replica, one after another."""
    network = learner.networks()[replica]
    return np.concatenate([array.ravel() for array in (*network.weights, *network.biases)])


def class_course(**options):
    return course(SplitClass(3), **options)
