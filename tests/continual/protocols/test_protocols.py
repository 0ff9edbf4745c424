"""Protocols: samples and order of the tasks, and active outputs."""

import numpy as np
import pytest
from scipy import ndimage

from neuronet.continual.protocols.input_shifts import Rotation
from neuronet.continual.protocols.registry import (
    PROTOCOLS,
    Permuted,
    Rotated,
    SplitClass,
    SplitDomain,
    SplitTask,
    parse_protocol,
)
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.environments import Digits
from tests.continual.fixtures_environments import Glyphs, Values

ENVIRONMENT = Glyphs()
SPLITS = (SplitTask, SplitDomain, SplitClass)


def small(protocol):
    return protocol(tasks=3)


@pytest.mark.parametrize("split", SPLITS)
def test_every_sample_belongs_to_exactly_one_task(split):
    tasks = small(split).sequence(ENVIRONMENT, 4)
    for part in ("train", "test"):
        shown = np.concatenate([getattr(task, part).inputs for task in tasks])
        whole = getattr(ENVIRONMENT, part).inputs
        assert sorted(map(bytes, shown)) == sorted(map(bytes, whole))
        assert all(getattr(task, part).inputs.dtype == np.uint8 for task in tasks)
        assert all(getattr(task, part).scaling is ENVIRONMENT.train.scaling for task in tasks)


@pytest.mark.parametrize("split", SPLITS)
def test_order_of_classes_depends_on_the_seed(split):
    def order(seed):
        return [task.name for task in small(split).sequence(ENVIRONMENT, seed)]

    assert order(0) == order(0)
    assert len({tuple(order(seed)) for seed in range(8)}) > 4
    assert order(3) == [task.name for task in small(SplitTask).sequence(ENVIRONMENT, 3)]  # equal for all splits


def test_split_task_and_split_class_keep_the_classes_of_the_environment():
    for split in (SplitTask, SplitClass):
        met = set()
        for task in small(split).sequence(ENVIRONMENT, 1):
            own = set(task.train.targets.tolist())
            met |= own
            assert len(own) == 2
            assert set(task.classes) == (own if split is SplitTask else met)
            assert set(task.test.targets.tolist()) == own


def test_split_domain_numbers_the_classes_within_a_task():
    domain = small(SplitDomain)
    assert domain.outputs(ENVIRONMENT) == 2
    for plain, task in zip(small(SplitTask).sequence(ENVIRONMENT, 2), domain.sequence(ENVIRONMENT, 2), strict=True):
        classes = [int(word) for word in task.name.removeprefix("classes ").split(", ")]
        assert task.classes == (0, 1)
        np.testing.assert_array_equal(np.array(classes)[task.train.targets], plain.train.targets)
        np.testing.assert_array_equal(task.train.inputs, plain.train.inputs)


def test_active_classes_at_test_time():
    with_task_id, without_task_id = small(SplitTask), small(SplitClass)
    tasks = with_task_id.sequence(ENVIRONMENT, 0)
    assert [with_task_id.test_classes(tasks, 1, learnt) for learnt in (-1, 0, 2)] == [tasks[1].classes] * 3
    tasks = without_task_id.sequence(ENVIRONMENT, 0)
    assert without_task_id.test_classes(tasks, 0, 0) == tasks[0].classes
    assert without_task_id.test_classes(tasks, 0, 2) == tuple(range(6))  # all learned by now
    assert without_task_id.test_classes(tasks, 1, -1) == tasks[1].classes  # not learned yet: the classes up to this task


def test_permuted_inputs_are_permutations_of_the_original():
    first, second, third = small(Permuted).sequence(ENVIRONMENT, 0)
    assert first.train is ENVIRONMENT.train
    assert second.train.inputs.dtype == np.uint8
    whole = ENVIRONMENT.train.scaled().inputs
    for task in (second, third):
        orders = {
            tuple(np.argmax((task_part.scaled().inputs[:, :, None] == part.scaled().inputs[:, None]).all(0), axis=1).tolist())
            for task_part, part in ((task.train, ENVIRONMENT.train), (task.test, ENVIRONMENT.test))
        }
        (order,) = orders  # equal for training and test
        assert sorted(order) == list(range(25)) != list(order)
        np.testing.assert_array_equal(task.train.scaled().inputs, whole[:, order])
        np.testing.assert_array_equal(task.train.targets, ENVIRONMENT.train.targets)
    assert (second.train.inputs != third.train.inputs).any()
    assert (second.train.inputs != small(Permuted).sequence(ENVIRONMENT, 1)[1].train.inputs).any()
    np.testing.assert_array_equal(second.train.inputs, small(Permuted).sequence(ENVIRONMENT, 0)[1].train.inputs)


def test_longer_sequence_begins_with_the_shorter_one():
    short, long = Permuted(2).sequence(ENVIRONMENT, 3), Permuted(5).sequence(ENVIRONMENT, 3)
    np.testing.assert_array_equal(short[1].train.inputs, long[1].train.inputs)


def test_rotated_has_every_angle_once():
    names = [task.name for task in Rotated(tasks=4, degrees=180).sequence(ENVIRONMENT, 0)]
    assert sorted(names) == sorted(f"{angle} degrees" for angle in (0, 45, 90, 135))
    assert len({tuple(task.name for task in Rotated(tasks=4).sequence(ENVIRONMENT, seed)) for seed in range(8)}) > 4


def test_rotation_by_90_degrees():
    turned = Rotation((5, 5), 90).samples(ENVIRONMENT.train)
    np.testing.assert_array_equal(
        turned.inputs.reshape(-1, 5, 5), np.rot90(ENVIRONMENT.train.inputs.reshape(-1, 5, 5), axes=(1, 2))
    )
    assert turned.inputs.dtype == np.uint8
    assert turned.scaling is ENVIRONMENT.train.scaling
    assert Rotation((5, 5), 0).samples(ENVIRONMENT.train).inputs.tolist() == ENVIRONMENT.train.inputs.tolist()


@pytest.mark.parametrize("shape", [(4, 6), (3, 5, 5)])
def test_rotation_equals_scipy_rotate(shape):
    images = np.random.default_rng(0).normal(size=(4, *shape))
    turned = Rotation(shape, 33).samples(Samples(images.reshape(4, -1), np.zeros(4))).inputs.reshape(images.shape)
    for ours, image in zip(turned.reshape(-1, *shape[-2:]), images.reshape(-1, *shape[-2:]), strict=True):
        np.testing.assert_allclose(ours, ndimage.rotate(image, 33, reshape=False, order=1), atol=1e-12)


def test_validation_split_uses_no_test_samples():
    tuning = ENVIRONMENT.validation_split()
    known = set(map(bytes, ENVIRONMENT.train.inputs))
    for task in SplitClass(tasks=3).sequence(tuning, 0):
        assert set(map(bytes, task.test.inputs)) <= known
        assert not set(map(bytes, task.test.inputs)) & set(map(bytes, task.train.inputs))


def test_every_protocol_accepts_digits():
    environment = Digits()
    for name, protocol in PROTOCOLS.items():
        tasks = protocol().sequence(environment, 0)
        assert len(tasks) == protocol().tasks, name
        assert all(len(task.train) and len(task.test) for task in tasks)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: SplitTask(tasks=4).sequence(ENVIRONMENT, 0), "evenly"),
        (lambda: SplitTask(tasks=6).sequence(ENVIRONMENT, 0), "got 6"),
        (lambda: Permuted().sequence(Values(), 0), "classes"),
        (lambda: Permuted(tasks=1), "tasks"),
        (lambda: Rotated(degrees=0), "degrees"),
        (lambda: Permuted().sequence(ENVIRONMENT, -1), "seed"),
        (lambda: parse_protocol("permute"), "permuted"),
        (lambda: parse_protocol("permuted(steps=3)"), "steps"),
    ],
)
def test_invalid_protocol_or_environment_is_refused(make, match):
    with pytest.raises(NeuroNetError, match=match):
        make()


def test_rotated_refuses_inputs_that_are_not_images():
    class Flat(Glyphs):
        shape = (25,)

    with pytest.raises(NeuroNetError, match="Flat"):
        Rotated().sequence(Flat(), 0)


def test_protocols_by_name():
    assert parse_protocol("permuted(tasks=50)") == Permuted(50)
    assert parse_protocol("rotated") == Rotated()
