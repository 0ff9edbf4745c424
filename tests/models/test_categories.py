"""Models of tables with categories and gaps: equal predictions in another process, and sentences for data that do not fit."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import neuronet
from neuronet.core import DataError, NeuroNetError
from neuronet.models import load, predict_file
from tests.models.test_files import change

RNG = np.random.default_rng(8)
N = 80
FRAME = pd.DataFrame(
    {
        "age": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(40, 9, N)),
        "zip": [f"0{n}{letter}" for n, letter in zip(RNG.integers(1, 4, N), RNG.choice(list("AB"), N), strict=True)],
        "member": RNG.choice([True, False], N),
        "town": pd.Series(RNG.choice(["Oslo", "NA", "Bern"], N), dtype=object).where(RNG.random(N) > 0.1, None),
        "y": RNG.choice(["yes", "no"], N),
    }
)
INPUTS = FRAME.drop(columns="y")
QUICK = {"hidden": [5], "epochs": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table, the run that was trained on it, and new samples."""
    path = tmp_path_factory.mktemp("categories")
    FRAME.to_csv(path / "people.csv", index=False)
    neuronet.train(f"table:{path / 'people.csv'}", missing="median", out=path / "run", **QUICK)
    INPUTS.iloc[::-1, ::-1].to_csv(path / "new.csv", index=False)
    return path


@pytest.fixture
def run(neuronet, folder, monkeypatch):
    """The command line in the folder."""
    monkeypatch.chdir(folder)
    return neuronet


@pytest.fixture(scope="module")
def model(folder):
    """The model of the process that trained it, on the frame."""
    return neuronet.train(FRAME, target="y", missing="median", **QUICK).model


def test_predictions_of_a_file_equal_those_of_the_training_process(run, model):
    ran = run("predict", "run", "--data", "new.csv", "--out", "predictions.csv")
    assert ran.status == 0, ran.err
    written = pd.read_csv("predictions.csv", dtype={"p(no)": object, "p(yes)": object}).iloc[::-1]
    assert written["prediction"].tolist() == model.predict(INPUTS).tolist()
    assert written[["p(no)", "p(yes)"]].to_numpy().astype(float).tobytes() == model.predict_proba(INPUTS).tobytes()


TRAIN = "import neuronet, sys; neuronet.train('table:people.csv', missing='median', hidden=[5], epochs=3).save('net.safetensors')"


@pytest.mark.slow
def test_training_and_prediction_may_be_in_two_new_processes(folder, model):
    steps = ([sys.executable, "-c", TRAIN], [sys.executable, "-m", "neuronet", "predict", "net.safetensors", "--data", "new.csv"])
    ran = [subprocess.run(step, cwd=folder, capture_output=True, text=True, check=True, timeout=200) for step in steps]
    cells = [line.split(",") for line in ran[1].stdout.splitlines()[1:]][::-1]
    assert [row[0] for row in cells] == model.predict(INPUTS).tolist()
    assert np.array([row[1:] for row in cells]).astype(float).tobytes() == model.predict_proba(INPUTS).tobytes()


def test_files_keep_categories_fills_and_what_is_unseen(folder, model, tmp_path):
    for loaded in (load(folder / "run"), load(model.save(tmp_path / "net.safetensors"))):
        assert loaded.encoding.columns == model.encoding.columns
        assert loaded.encoding.input_names == model.encoding.input_names
        assert loaded.encoding.unseen == "refuse"
        assert loaded.outputs(INPUTS).tobytes() == model.outputs(INPUTS).tobytes()
    assert [len(column.categories) for column in model.encoding.columns] == [0, 6, 2, 3]
    assert model.encoding.columns[0].fill is not None


def test_gaps_are_filled_as_in_training(model):
    age, _, _, town = (column.fill for column in model.encoding.columns)
    filled = INPUTS.assign(age=INPUTS["age"].fillna(age), town=INPUTS["town"].fillna(town))
    assert model.outputs(filled).tobytes() == model.outputs(INPUTS).tobytes()


def test_torch_modules_take_encoded_frames(model):
    outputs = model.to_torch()(torch.from_numpy(model.as_numbers(INPUTS))).detach().numpy()
    np.testing.assert_allclose(outputs, model.outputs(INPUTS), rtol=1e-9, atol=1e-12)
    assert model.as_numbers(INPUTS).shape == (N, len(model.encoding.input_names))


@pytest.mark.parametrize(
    ("frame", "fragment"),
    [
        (INPUTS.drop(columns="town"), "lacks the feature 'town', with which the model was trained"),
        (INPUTS.replace({"town": {"Oslo": "Rome"}}), "column 'town': no training sample has the category 'Rome'"),
        (INPUTS.assign(age="old"), "line 2, column 'age': inputs must be numbers, got 'old'"),
        (INPUTS.assign(member="perhaps"), "line 2, column 'member': no training sample has the category 'perhaps'"),
    ],
    ids=["column", "category", "number", "truth"],
)
def test_files_that_do_not_fit_get_one_sentence(frame, fragment, run, folder):
    frame.to_csv(folder / "wrong.csv", index=False)
    ran = run("predict", "run", "--data", "wrong.csv")
    assert ran.status == 2
    assert fragment in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_models_of_dropped_samples_refuse_gaps(tmp_path):
    model = neuronet.train(FRAME, target="y", missing="drop", **QUICK).model
    INPUTS.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=r"inputs must be (numbers|given), got nothing"):
        predict_file(model, tmp_path / "new.csv")
    INPUTS.dropna().to_csv(tmp_path / "whole.csv", index=False, sep=";", decimal=",")
    predicted = predict_file(model, f"{tmp_path / 'whole.csv'}(separator=';', decimal=',')").table["prediction"]
    assert predicted.tolist() == model.predict(INPUTS.dropna()).tolist()
    for decimal, reason in ((",", "lines have more columns"), (".", "lacks the feature 'age'")):
        INPUTS.dropna().to_csv(tmp_path / "whole.csv", index=False, sep=";", decimal=decimal)
        with pytest.raises(DataError, match=f"{reason}.*; if ';' separates its columns"):
            predict_file(model, tmp_path / "whole.csv")


def test_unseen_categories_are_predicted_if_the_run_says_so():
    model = neuronet.train(FRAME, target="y", missing="mean", unseen="zeros", **QUICK).model
    strange = INPUTS.assign(town="Rome")
    names = np.array([name.startswith("town=") for name in model.encoding.input_names])
    assert not model.as_numbers(strange)[:, names].any()
    assert len(model.predict(strange)) == N


def test_numbers_for_words_are_read_as_they_stand(tmp_path):
    """A column of words may look like numbers, or like true and false, in the new file."""
    words = ["01", "x", "true", "1e5"] * 20
    model = neuronet.train(pd.DataFrame({"code": ["a" + word for word in words], "y": [0, 1] * 40}), target="y", **QUICK).model
    assert model.encoding.columns[0].categories == ("a01", "a1e5", "atrue", "ax")
    frame = pd.DataFrame({"code": pd.Series(words, dtype="category"), "y": [0, 1] * 40})
    model = neuronet.train(frame, target="y", **QUICK).model
    (tmp_path / "new.csv").write_text("code\n01\ntrue\n1e5\n")
    assert (
        predict_file(model, tmp_path / "new.csv").table["prediction"].tolist()
        == model.predict(frame[["code"]])[[0, 2, 3]].tolist()
    )


def test_resumed_runs_need_their_frame(tmp_path):
    neuronet.train(FRAME, target="y", missing="mean", out=tmp_path / "run", **QUICK)
    with pytest.raises(NeuroNetError, match="was trained on a frame: pass it as environment=frame"):
        neuronet.resume(tmp_path / "run", epochs=4)
    whole = neuronet.train(FRAME, target="y", missing="mean", **{**QUICK, "epochs": 4})
    resumed = neuronet.resume(tmp_path / "run", epochs=4, environment=FRAME)
    assert resumed.rounds == whole.rounds


@pytest.mark.parametrize(
    "content",
    [
        {"columns": [{"categories": ["a"], "fill": None}] * 3},
        {"columns": [{"categories": "ab", "fill": 3}] * 4},
        {"columns": [{"fill": None}] * 4},
        {"columns": 3},
        {"columns": []},
        {"unseen": "ignore"},
    ],
    ids=str,
)
def test_broken_columns_get_one_sentence(model, tmp_path, content):
    path = model.save(tmp_path / "net.safetensors")
    change(path, content)
    with pytest.raises(NeuroNetError) as raised:
        load(path)
    assert "net.safetensors" in str(raised.value)


def test_what_was_chosen_is_printed(run):
    ran = run("run", "table:people.csv", "--missing", "median", "--epochs", "1", "--hidden", "4", "--out", "other")
    assert ran.status == 0
    printed = " ".join(ran.err.split())
    assert "The target is the column 'y', as none is named." in printed
    assert "Columns of categories, with their number: zip (6), member (2), town (3)." in printed
    assert "missing inputs are filled with the median or the most frequent category" in printed


def test_models_show_their_columns(run):
    ran = run("show", "run")
    assert "zip (6 categories)" in " ".join(ran.out.split())
    assert "balanced accuracy" in ran.out
    summary = json.loads(run("show", "run", "--json").out.splitlines()[-1])
    assert {"balanced_accuracy", "macro_f1"} <= summary.keys()
