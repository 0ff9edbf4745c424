"""Bad input is refused at the border: one sentence that says what would be right, exit status 2, no traceback."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

CASES = {
    "unknown environment": (["run", "digit"], "did you mean 'digits'"),
    "no environment": (["run"], "environment is missing"),
    "unknown policy": (["run", "xor", "--policy", "greddy"], "did you mean 'greedy'"),
    "policy parameter out of range": (["run", "xor", "--policy", "attention(p=0.5)"], "1 or more"),
    "unknown policy parameter": (["run", "xor", "--policy", "greedy(best=2)"], "it takes top"),
    "unreadable policy": (["run", "xor", "--policy", "greedy(top=2"], "cannot parse the policy"),
    "module that is not there": (["run", "xor", "--policy", "no_such_module:Mine"], "cannot import the module"),
    "class that is no policy": (["run", "xor", "--policy", "collections:Counter"], "must be a subclass of Policy"),
    "unknown engine": (["run", "xor", "--engine", "quantum"], "'auto', 'agents' or 'tensors'"),
    "unknown activation": (["run", "xor", "--activation", "rellu"], "did you mean 'relu'"),
    "hidden that is no number": (["run", "xor", "--hidden", "64,many"], "integers such as"),
    "hidden of 0": (["run", "xor", "--hidden", "64,0"], "hidden"),
    "negative epochs": (["run", "xor", "--epochs", "-3"], "epochs should be greater than or equal to 1"),
    "epochs that are no number": (["run", "xor", "--epochs", "many"], "'--epochs': Input should be a valid integer"),
    "batch size of 0": (["run", "xor", "--batch-size", "0"], "batch_size should be greater"),
    "learning rate of 0": (["run", "xor", "--learning-rate", "0"], "learning_rate should be greater than 0"),
    "learning rate nan": (["run", "xor", "--learning-rate", "nan"], "learning_rate should be a finite number"),
    "learning rate too large": (["run", "digits", "--learning-rate", "1e8"], "no longer a number in epoch 1"),
    "unknown optimizer": (["run", "xor", "--optimizer", "newton"], "known are adam, momentum, sgd"),
    "momentum of 1": (["run", "xor", "--optimizer", "momentum(1.0)"], "0 to below 1"),
    "negative seed": (["run", "xor", "--seed", "-1"], "seed should be greater than or equal to 0"),
    "device that is not there": (["run", "xor", "--engine", "tensors", "--device", "cuda:99"], "is not available"),
    "unknown device": (["run", "xor", "--engine", "tensors", "--device", "gpu"], "device must be auto, cpu"),
    "agents on a gpu": (["run", "xor", "--engine", "agents", "--device", "cuda"], "use engine tensors"),
    "replicas of agents": (["run", "xor", "--engine", "agents", "--replicas", "4"], "use engine tensors"),
    "edge probability above 1": (["run", "xor", "--connectivity", "sparse(1.5)"], "at most 1"),
    "unknown precision of a study": (
        ["continual", "permuted(tasks=2)", "xor", "--policies", "attention", "--dtype", "x", "--out", "none"],
        "dtype should be 'float32' or 'float64', got 'x'",
    ),
    "table that is not there": (["run", "table:absent.csv"], "not found"),
    "table without a path": (["run", "table:"], ".csv, .npz or .parquet"),
    "target without a table": (["run", "xor", "--target", "y"], "options of table:PATH"),
    "unknown option": (["run", "xor", "--polcy", "greedy"], "--policy"),
    "unknown command": (["rum", "xor"], "'run'? (see neuronet --help)"),
    "unknown option of a subcommand": (["game", "credit", "xor", "--x"], "--x (see neuronet game credit --help)"),
    "missing argument": (["compare"], "environment is missing: say what to train on, such as 'digits'"),
    "two environments": (["run", "xor", "digits"], "unexpected extra argument"),
    "resume where no run is": (["run", "--resume", "."], "there is no run in"),
    "resume with another policy": (["run", "--resume", ".", "--policy", "greedy"], "leave out policy"),
    "configuration that is not there": (["run", "--config", "none.toml"], "cannot read the configuration"),
    "out in a file": (["run", "xor", "--out", "broken.csv"], "cannot write"),
    "broken toml": (["run", "--config", "broken.toml"], "cannot read the configuration"),
    "unknown option in toml": (["run", "--config", "odd.toml"], "did you mean 'learning_rate'"),
    "wrong type in toml": (["run", "--config", "wrong.toml"], "epochs should be a valid integer"),
    "word among the numbers": (["run", "table:word.csv"], "line 3, column 'b': inputs must be numbers, got 'high'"),
    "table without that target": (["run", "table:word.csv", "--target", "z"], "it has a, b, y"),
    "empty table": (["run", "table:empty.csv"], "cannot read 'empty.csv'"),
    "picture called table": (["run", "table:broken.csv"], "broken.csv"),
    "broken npz": (["run", "table:broken.npz"], "cannot read 'broken.npz'"),
    "nan in npz": (["run", "table:nan.npz"], "index (3, 1) is nan"),
    "lengths that differ": (["run", "table:short.npz"], "10 inputs do not fit targets of shape (9,)"),
}


@pytest.fixture(autouse=True)
def files(tmp_path):
    (tmp_path / "broken.toml").write_text("epochs = = 3")
    (tmp_path / "odd.toml").write_text('environment = "xor"\nlearning_rat = 0.1')
    (tmp_path / "wrong.toml").write_text('environment = "xor"\nepochs = "three"')
    (tmp_path / "word.csv").write_text("a,b,y\n1,2,0\n3,high,1\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "broken.csv").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and then nothing")
    inputs = np.ones((10, 2))
    np.savez(tmp_path / "short.npz", X=inputs, y=np.arange(9) % 2)
    inputs[3, 1] = np.nan
    np.savez(tmp_path / "nan.npz", X=inputs, y=np.arange(10) % 2)


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gives_one_sentence_and_exit_status_2(neuronet, case):
    arguments, expected = CASES[case]
    answer = neuronet(*arguments)
    assert answer.status == 2
    lines = [line for line in answer.err.splitlines() if not line.startswith("Engine ")]
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert expected in lines[0]
    assert answer.out == ""


def test_damaged_checkpoint_is_refused(neuronet, tmp_path):
    assert neuronet("run", "xor", "--epochs", "1", "--out", "run").status == 0
    checkpoint = tmp_path / "run" / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    answer = neuronet("run", "--resume", "run")
    assert answer.status == 2
    assert "cannot read 'run/checkpoint.safetensors'" in answer.err


def test_checkpoint_of_another_game_is_refused(neuronet, tmp_path):
    assert neuronet("run", "xor", "--epochs", "1", "--out", "run").status == 0
    config = tmp_path / "run" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "hidden": [7]}))
    answer = neuronet("run", "--resume", "run", "--epochs", "2")
    assert answer.status == 2
    assert "the first networks differ" in answer.err


def test_a_folder_with_a_run_is_not_overwritten(neuronet):
    assert neuronet("run", "xor", "--epochs", "1", "--out", "run").status == 0
    answer = neuronet("run", "xor", "--epochs", "1", "--out", "run")
    assert answer.status == 2
    assert "'run' holds a run already" in answer.err


def test_interrupted_command_gives_one_sentence_and_exit_status_130(neuronet, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("neuronet.theory.check_all", interrupt)
    answer = neuronet("check")
    assert (answer.status, answer.out, answer.err) == (130, "", "Interrupted.\n")


def test_interrupted_comparison_says_how_to_continue(neuronet, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("neuronet.comparison.compare", interrupt)
    answer = neuronet("compare", "xor", "--out", "my folder")
    assert answer.status == 130
    assert answer.err == "Finished parts are stored. Continue with the same options and --out 'my folder'\n"


ALLOCATIONS = {
    "torch": lambda: torch.empty(2**60),
    "torch, beyond its sizes": lambda: torch.empty((2**40, 2**40)),
    "numpy": lambda: np.empty(2**60),
    "numpy, beyond its sizes": lambda: np.empty((2**40, 2**40)),
    "Python": lambda: bytearray(2**62),
}


@pytest.mark.parametrize("library", ALLOCATIONS)
def test_too_little_memory_is_one_sentence(neuronet, monkeypatch, library):
    monkeypatch.setattr("neuronet.theory.check_all", ALLOCATIONS[library])
    answer = neuronet("check")
    assert (answer.status, answer.err) == (1, "Error: not enough memory: choose fewer or smaller layers, samples or replicas\n")


def test_layers_beyond_the_memory_leave_no_folder(neuronet, tmp_path):
    answer = neuronet("run", "xor", "--hidden", "100,99999999999", "--engine", "tensors", "--out", "none")
    assert (answer.status, answer.err.count("\n")) == (1, 1)
    assert "not enough memory" in answer.err
    assert not (tmp_path / "none").exists()
