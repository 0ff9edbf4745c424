"""Environments by what the user calls them: names, forms for files, and the folder to look in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import SquaredError
from neuronet.environments import ENVIRONMENTS, Emnist, Images, Table, TableFormat
from neuronet.registry import URI_SCHEMES, parse_environment, spec_of, split_table_path, with_absolute_path
from tests.helpers import dataset_writers


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The folder where one is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environment_round_trips_through_its_spec(name):
    env = parse_environment(name)
    assert parse_environment(spec_of(env)) == env


@pytest.mark.parametrize("name", dataset_writers.WRITERS)
def test_data_dir_equals_the_parameter(folder, name):
    dataset_writers.WRITERS[name](folder / "mine")
    one, other = parse_environment(name, data_dir="mine"), parse_environment(f"{name}(data_dir='mine')")
    assert one == other
    np.testing.assert_array_equal(one.train.inputs, other.train.inputs)
    assert spec_of(one) == spec_of(other)


def test_data_dir_keeps_other_parameters():
    assert parse_environment("emnist(split='letters')", data_dir="/data") == Emnist("letters", "/data")


@pytest.mark.parametrize("text", ["xor", "digits", "mnist5k", "table:data.csv", "idx:mine", "images:mine"])
def test_data_dir_is_refused_without_files(text):
    with pytest.raises(NeuroNetError, match="leave data_dir out"):
        parse_environment(text, data_dir="/data")


def test_idx_folder(folder):
    dataset_writers.mnist(folder / "mine")
    assert len(parse_environment("idx:mine").train) == 60


def test_image_folder_is_scaled(folder):
    for number, name in enumerate(("a", "b")):
        (folder / "pets (all)" / name).mkdir(parents=True)
        for each in range(5):
            Image.fromarray(dataset_writers.images(1, (6 + number, 6))[0]).save(folder / "pets (all)" / name / f"{each}.png")
    env = parse_environment("images:pets (all)(size=4)")
    assert isinstance(env, Images)
    assert env.shape == (4, 4)
    with pytest.raises(NeuroNetError, match="must have one size"):
        parse_environment("images:pets (all)")


def test_openml_takes_target_payoff_and_folder(folder):
    dataset_writers.openml(folder)
    env = parse_environment("openml:4321", target="length", payoff="squared-error", data_dir=str(folder))
    assert isinstance(env, Table)
    assert (env.payoff, env.inputs) == (SquaredError(), 4)


def test_target_and_payoff_are_refused_without_a_table():
    for options in ({"target": "y"}, {"payoff": "squared-error"}):
        with pytest.raises(NeuroNetError, match=r"options of table:PATH and openml:ID, environment 'digits' has its own"):
            parse_environment("digits", **options)


def test_missing_and_unseen_are_refused_without_a_table():
    for options in ({"missing": "mean"}, {"unseen": "zeros"}):
        with pytest.raises(NeuroNetError, match=r"options of table:PATH and openml:ID, environment 'digits' has no columns"):
            parse_environment("digits", **options)


def test_files_without_their_scheme_get_a_hint(folder):
    (folder / "wine.csv").write_text("a,y\n1,0\n")
    for text, hint in (("wine.csv", "table:wine.csv"), (str(folder), f"images:{folder}"), ("./wine.csv", "table:./wine.csv")):
        with pytest.raises(NeuroNetError, match=r"is no name of an environment: for a (table|folder) write") as caught:
            parse_environment(text)
        assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ("", TableFormat()),
        ("separator=';', decimal=','", TableFormat(";", ",")),
        ("exclude=name", TableFormat(exclude=("name",))),
        ("exclude=[name, 'first (x)'], categories=[zip]", TableFormat(exclude=("name", "first (x)"), categories=("zip",))),
    ],
)
def test_formats_of_tables_are_in_brackets(options, form):
    assert split_table_path(f"a (1)/data.csv({options})") == (Path("a (1)/data.csv"), form)
    assert split_table_path("data(1).csv") == (Path("data(1).csv"), TableFormat())


@pytest.mark.parametrize("options", ["sep=';'", "separator=;", "separator=';;'", "decimal=';'"])
def test_formats_that_cannot_be_read_are_refused(options):
    with pytest.raises(NeuroNetError):
        parse_environment(f"table:data.csv({options})")


def test_unknown_environment_names_the_schemes():
    with pytest.raises(NeuroNetError, match="unknown environment 'minst': did you mean 'mnist'") as caught:
        parse_environment("minst")
    assert all(scheme in str(caught.value) for scheme in URI_SCHEMES)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("table:data.csv", "table:{}/data.csv"),
        ("idx:mine", "idx:{}/mine"),
        ("images:pets", "images:{}/pets"),
        ("images:pets(size=8)", "images:{}/pets(size=8)"),
        ("table:data.csv(separator=';')", "table:{}/data.csv(separator=';')"),
        ("table:a (1).csv", "table:{}/a (1).csv"),
        ("openml:61", "openml:61"),
        ("xor(noise=0.1)", "xor(noise=0.1)"),
        ("my.module:Class", "my.module:Class"),
    ],
)
def test_relative_paths_become_absolute(folder, text, whole):
    assert with_absolute_path(text) == whole.format(folder.resolve())
    assert with_absolute_path(with_absolute_path(text)) == with_absolute_path(text)
