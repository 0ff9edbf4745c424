"""Learners on small tasks, for the tests of every method."""

import numpy as np
import torch

from neuronet.continual.evaluation.runner import Experiment
from neuronet.continual.methods.base import Batch, LearnerConfig, TaskInfo
from neuronet.continual.methods.lenet import LeNetLearner
from neuronet.continual.protocols.presets import Schedule
from neuronet.continual.protocols.registry import SplitClass, SplitTask
from neuronet.continual.protocols.replicated_dataset import ReplicatedDataset
from neuronet.continual.studies.search import BracketSearch
from neuronet.registry import parse_optimizer
from tests.continual.fixtures_environments import Glyphs

SEEDS = (0, 7)


def make_experiment(protocol=None, *, environment=None, rounds=6, **options):
    defaults = {"hidden": (8,), "activation": "tanh", "dtype": "float64", "schedule": Schedule(rounds, 8)}
    return Experiment(protocol or SplitTask(3), environment or Glyphs(), **{**defaults, **options})


def learner_config(experiment, seeds=SEEDS, optimizer="sgd", rate=0.1):
    networks = [experiment.network(seed) for seed in seeds]
    return LearnerConfig(
        networks,
        seeds,
        parse_optimizer(optimizer),
        rate,
        experiment.schedule.batch_size,
        experiment.device,
        experiment.dtype,
        shape=experiment.environment.shape,
    )


def task_info(experiment, number, seeds=SEEDS):
    tasks = [experiment.sequence(seed)[number] for seed in seeds]
    active_classes = torch.zeros(len(seeds), 1, experiment.protocol.outputs(experiment.environment), dtype=torch.bool)
    for replica, task in enumerate(tasks):
        active_classes[replica, 0, list(task.classes)] = True
    return TaskInfo(
        number,
        ReplicatedDataset([task.train for task in tasks], "cpu", experiment.dtype),
        active_classes,
        experiment.protocol.task_id_given,
    )


def batches(experiment, number, seeds=SEEDS):
    given = task_info(experiment, number, seeds)
    orders = [experiment.schedule.order(count, seed, number) for count, seed in zip(given.dataset.counts, seeds, strict=True)]
    for places in zip(*orders, strict=True):
        yield Batch(*given.dataset.take(places), given.active_classes)


def train_tasks(learner, experiment, tasks, seeds=SEEDS):
    """Train a learner on the first tasks, and return it."""
    for number in range(tasks):
        learner.begin_task(task_info(experiment, number, seeds))
        for batch in batches(experiment, number, seeds):
            learner.train_batch(batch)
        learner.end_task()
    return learner


def parameter_vector(learner, replica=0):
    """Return all weights and biases of a replica as one vector."""
    if isinstance(learner, LeNetLearner):
        return np.concatenate([tensor.detach().numpy().ravel() for tensor in learner.replica_tensors(replica)])
    network = learner.networks()[replica]
    return np.concatenate([array.ravel() for array in (*network.weights, *network.biases)])


def class_experiment(**options):
    return make_experiment(SplitClass(3), **options)


def configurations(method, optimizer, count):
    """Return the first configurations of a search, with `at_edge` set."""
    search = BracketSearch(method, (parse_optimizer(optimizer),))
    return [search.mark_edge(trial) for trial in search.ask(count)]
