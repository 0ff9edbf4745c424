"""Gradual drift: one task blends into the next."""

import numpy as np
import pytest
import torch

from neuronet.continual.evaluation.runner import SequenceRun
from neuronet.continual.methods.registry import parse_method
from neuronet.continual.protocols.gradual_drift import GradualDrift, neighbour_fraction
from neuronet.continual.protocols.registry import Gradual, Permuted
from neuronet.continual.protocols.replicated_dataset import ReplicatedDataset
from neuronet.core.environment import Samples
from neuronet.core.errors import ConfigurationError
from tests.continual.fixtures import SEEDS, make_experiment


def test_fraction_of_the_later_task_grows_linearly_over_the_boundary():
    shares = neighbour_fraction(1000, 0.5)
    two = np.concatenate([np.maximum(shares, 0), 1 + np.minimum(shares, 0)])  # share of the later task, over two tasks
    middle = two[750:1250]
    np.testing.assert_allclose(middle, (np.arange(500) + 0.5) / 500)
    assert not two[:750].any()
    assert (two[1250:1750] == 1).all()


def test_short_task_that_blends_over_its_whole_length():
    np.testing.assert_allclose(neighbour_fraction(4, 1.0), [-0.375, -0.125, 0.125, 0.375])


def dataset(number):
    """Return samples with the number of their task as values."""
    return ReplicatedDataset([Samples(np.full((5, 1), float(number)), np.full(5, number)) for _ in SEEDS], "cpu", "float64")


def mixed_rounds(last, following):
    shares = neighbour_fraction(40, 1.0)
    drift = GradualDrift(last, following, shares, SEEDS, 1)
    own = dataset(1).take([np.zeros(200, dtype=np.int64)] * 2)
    return shares, torch.stack([drift.mix(step, *own)[1] for step in range(40)], dim=1), drift, own


def test_fraction_of_samples_comes_from_the_neighbours():
    shares, targets, drift, own = mixed_rounds(dataset(0), dataset(2))
    assert not (targets[:, :20] == 2).any() and not (targets[:, 20:] == 0).any()
    found = (targets != 1).double().mean(dim=-1).numpy()
    assert np.abs(found - np.abs(shares)).max() < 5 * np.sqrt(0.25 / 200)
    assert (targets[0] != targets[1]).any()  # seeds draw independently
    inputs, answers = drift.mix(0, *own)
    torch.testing.assert_close(inputs[..., 0], answers.double())


def test_first_and_last_task_have_one_neighbour():
    _, targets, *_ = mixed_rounds(None, dataset(2))
    assert (targets[:, :20] == 1).all()
    _, targets, *_ = mixed_rounds(dataset(0), None)
    assert (targets[:, 20:] == 1).all()


def test_tasks_equal_those_of_permuted_with_mixed_rounds():
    sharp, blurred = make_experiment(Permuted(3), rounds=30), make_experiment(Gradual(3, blend=1.0), rounds=30)
    np.testing.assert_array_equal(sharp.sequence(0)[2].train.inputs, blurred.sequence(0)[2].train.inputs)
    batches = []
    for experiment in (sharp, blurred):
        run = SequenceRun(experiment, parse_method("backprop"), SEEDS)
        batches.append([list(run.rounds(number, run.training_samples(number))) for number in range(3)])
    for number in range(3):
        same = [
            float((sharp_inputs == mixed_inputs).all(dim=-1).double().mean())
            for (sharp_inputs, _), (mixed_inputs, _) in zip(batches[0][number], batches[1][number], strict=True)
        ]
        expected = 1 - np.abs(neighbour_fraction(30, 1.0))
        expected[:15] = 1 if number == 0 else expected[:15]
        expected[15:] = 1 if number == 2 else expected[15:]
        assert np.mean(same) == pytest.approx(expected.mean(), abs=0.08)
        assert number or min(same[:15]) == 1


def test_learning_is_repeatable_and_differs_from_permuted():
    experiment = make_experiment(Gradual(3), rounds=8)
    first, second = (experiment.accuracy_matrices(parse_method("income-protecting"), 0.1, SEEDS) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (
        first != make_experiment(Permuted(3), rounds=8).accuracy_matrices(parse_method("income-protecting"), 0.1, SEEDS)
    ).any()


@pytest.mark.parametrize("blend", [0, 1.5, -0.1])
def test_blend_out_of_range_is_refused(blend):
    with pytest.raises(ConfigurationError, match="blend"):
        Gradual(blend=blend)
