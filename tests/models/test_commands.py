"""`neuronet predict` and `neuronet show` on a table with names: the numbers of Python, and sentences for what does not fit."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from neuronet.environments import Table
from neuronet.models import load
from neuronet.training import train

RNG = np.random.default_rng(3)
FRAME = pd.DataFrame({"width": RNG.normal(size=60), "height": RNG.normal(size=60) * 10.0})
FRAME["target"] = np.where(FRAME["width"] + FRAME["height"] / 10 > 0, "big", "small")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table, and the run that was trained on it."""
    path = tmp_path_factory.mktemp("models")
    FRAME.to_csv(path / "sizes.csv", index=False)
    train(f"table:{path / 'sizes.csv'}", hidden=[4], epochs=3, out=path / "run")
    return path


@pytest.fixture
def run(neuronet, folder, monkeypatch):
    """The command line in the folder."""
    monkeypatch.chdir(folder)
    return neuronet


def test_columns_are_found_by_name(run, folder):
    FRAME[["height", "width"]].assign(id=range(60)).to_csv("new.csv", index=False)
    ran = run("predict", "run", "--data", "new.csv", "--out", "predictions.csv")
    assert ran.status == 0, ran.err
    assert "Columns that are not features: id." in ran.err
    model, features = load(folder / "run"), FRAME[["width", "height"]]
    written = pd.read_csv("predictions.csv", dtype={"p(big)": object, "p(small)": object})
    assert written["prediction"].tolist() == model.predict(features).tolist()
    assert np.array_equal(written[["p(big)", "p(small)"]].to_numpy().astype(float), model.predict_proba(features))


def test_target_in_the_file_gives_a_score(run):
    ran = run("predict", "run", "--data", "sizes.csv", "--json")
    summary = json.loads(ran.out.splitlines()[-1])
    model = load("run")
    assert summary["accuracy"] == model.score(FRAME[["width", "height"]], FRAME["target"])
    assert summary["unused"] == ["target"]
    assert len(summary["predictions"]) == 60


def test_models_show_what_they_are(run):
    ran = run("show", "run")
    assert "2-4-2 relu" in ran.out
    assert "width, height" in ran.out
    summary = json.loads(run("show", "run", "--json").out.splitlines()[-1])
    assert summary["classes"] == ["big", "small"]
    assert sum(map(sum, summary["confusion"])) == len(Table.read("sizes.csv").test)


def test_values_have_a_column_each(run):
    rng = np.random.default_rng(0)
    np.savez("values.npz", X=rng.normal(size=(40, 3)), y=rng.normal(size=(40, 2)))
    train("table:values.npz", hidden=[4], epochs=1).save("values.safetensors")
    ran = run("predict", "values.safetensors", "--data", "values.npz")
    assert ran.out.splitlines()[0] == "prediction_1,prediction_2"
    assert len(ran.out.splitlines()) == 41


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        ("height\n1\n", "'new.csv' lacks the feature 'width'"),
        ("width,height\n1,\n", "line 2, column 'height'"),
        ("width,height\n1,2\n\n3,tall\n", "line 4, column 'height'"),
        ("width,height,height\n1,2,3\n", "more than one column 'height'"),
        ("", "is empty"),
    ],
)
def test_files_that_do_not_fit_get_a_sentence(content, fragment, folder, run):
    (folder / "new.csv").write_text(content)
    ran = run("predict", "run", "--data", "new.csv")
    assert ran.status == 2
    assert fragment in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "words", [("predict", "nothing", "--data", "sizes.csv"), ("show", "sizes.csv"), ("predict", "run", "--data", "no.csv")]
)
def test_what_is_no_model_gets_a_sentence(words, run):
    ran = run(*words)
    assert ran.status == 2
    assert "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) <= 2
