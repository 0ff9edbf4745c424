"""Models in files: equal predictions to the bit, no code of strangers, and broken files in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import neuronet
from neuronet.core import ConfigurationError, DataError, NeuroNetError, SpecError
from tests.models.test_model import CLASSES, INPUTS, QUICK, VALUES

LOUD = """
from dataclasses import dataclass
from neuronet import LinearPolicy


@dataclass(frozen=True)
class Loud(LinearPolicy):
    def speak(self, activity, obs, memory):
        return 2.0 * activity

    def feedback_weights(self, obs, memory):
        return obs.attention
"""
"""A module with a policy that has a voice of its own."""


@pytest.fixture
def saved(tmp_path):
    result = neuronet.train((INPUTS, CLASSES), **QUICK)
    return result, result.save(tmp_path / "net.safetensors")


@pytest.mark.parametrize("targets", [CLASSES, VALUES, VALUES[:, 0], np.arange(90) % 3, CLASSES == "yes"], ids=str)
@pytest.mark.parametrize(
    "options", [{}, {"dtype": "float32"}, {"policy": "reinforce"}, {"channels": "activity:k-winners(0.5)"}], ids=str
)
def test_loaded_models_predict_the_same_to_the_bit(targets, options, tmp_path):
    result = neuronet.train((INPUTS, targets), **QUICK, **options)
    model = neuronet.load(result.save(tmp_path / "net.safetensors"))
    assert model.outputs(INPUTS).tobytes() == result.model.outputs(INPUTS).tobytes()
    assert model.predict(INPUTS).tolist() == result.predict(INPUTS).tolist()
    assert model.predict(INPUTS).dtype == result.predict(INPUTS).dtype
    assert model.score(INPUTS, targets) == result.score(INPUTS, targets)


@pytest.mark.slow
def test_another_process_predicts_the_same(saved, tmp_path):
    result, path = saved
    np.save(tmp_path / "inputs.npy", INPUTS)
    code = (
        "import sys, numpy, neuronet; m = neuronet.load(sys.argv[1]); print(m.outputs(numpy.load(sys.argv[2])).tobytes().hex())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "inputs.npy")], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == result.model.outputs(INPUTS).tobytes().hex()


def test_folder_of_a_run_holds_its_model(tmp_path):
    result = neuronet.train((INPUTS, CLASSES), out=tmp_path / "run", **QUICK)
    model = neuronet.load(tmp_path / "run")
    assert model.outputs(INPUTS).tobytes() == result.model.outputs(INPUTS).tobytes()
    assert (model.confusion == result.model.confusion).all()
    assert model.facts["environment"] == "arrays"
    assert model.facts["config"]["hidden"] == [5]
    assert model.facts["test_accuracy"] == result.accuracy


def test_policies_of_ones_own_need_trust_if_they_speak(tmp_path, monkeypatch):
    (tmp_path / "loud_module.py").write_text(LOUD)
    monkeypatch.syspath_prepend(tmp_path)
    result = neuronet.train((INPUTS, CLASSES), policy="loud_module:Loud", **QUICK)
    path = result.save(tmp_path / "loud.safetensors")
    monkeypatch.delitem(sys.modules, "loud_module")
    with pytest.raises(SpecError, match=r"does not import the module 'loud_module': add --trust \(trust=True in Python\)"):
        neuronet.load(path)
    assert "loud_module" not in sys.modules
    assert neuronet.load(path, trust=True).outputs(INPUTS).tobytes() == result.model.outputs(INPUTS).tobytes()


def test_models_are_saved_in_safetensors_files(saved, tmp_path):
    with pytest.raises(ConfigurationError, match=r"saved in a .safetensors file, got 'net.pkl'"):
        saved[0].save(tmp_path / "net.pkl")
    with pytest.raises(DataError, match="there is no trained model"):
        neuronet.load(tmp_path)
    with pytest.raises(DataError, match="there is no trained model"):
        neuronet.load(tmp_path / "other.safetensors")


def change(path, content=None, arrays=None):
    """Write the model's file again with changes of its text and its arrays; None removes an array."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        metadata = dict(file.metadata())
    text = {**json.loads(metadata["model"]), **(content or {})}
    kept = {name: array for name, array in {**load_file(path), **(arrays or {})}.items() if array is not None}
    save_file(kept, path, {**metadata, "model": json.dumps({name: value for name, value in text.items() if value != "REMOVED"})})


@pytest.mark.parametrize(
    ("content", "arrays"),
    [
        ({"activations": "REMOVED"}, {}),
        ({"activations": "relu"}, {}),
        ({"activations": "nonsense,identity"}, {}),
        ({"inputs": 4}, {}),
        ({"inputs": "three"}, {}),
        ({"classes": ["no"]}, {}),
        ({"features": ["a"]}, {}),
        ({"dtype": "int8"}, {}),
        ({"seed": -1}, {}),
        ({"silent": [10**6]}, {}),
        ({"channels": ["sideways:dropout"]}, {}),
        ({"policies": 3}, {}),
        ({}, {"network.1.weights": None}),
        ({}, {"network.1.weights": np.zeros((2, 2))}),
        ({}, {"scaling.mean": np.zeros(2)}),
        ({}, {"scaling.mean": None}),
        ({}, {"scaling.other": np.zeros(2)}),
    ],
    ids=str,
)
def test_broken_files_get_one_sentence(saved, content, arrays):
    _, path = saved
    change(path, content, arrays)
    with pytest.raises(NeuroNetError) as raised:
        neuronet.load(path)
    assert "\n" not in str(raised.value)
    assert "net.safetensors" in str(raised.value) or "sideways" in str(raised.value)


def test_files_of_something_else_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    save_file({"a": np.zeros(2)}, path)
    with pytest.raises(DataError, match="not a model that this version can read"):
        neuronet.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(DataError, match="cannot read"):
        neuronet.load(path)
