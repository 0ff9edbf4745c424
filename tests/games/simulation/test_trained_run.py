"""A recorded run as a game: it goes on exactly where training has ended, and what games do not have is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from neuronet import train
from neuronet.core import ConfigurationError, SpecError
from neuronet.games import distances, is_run_folder, load_trained_run, play, train_profile
from neuronet.registry import as_channels

OPTIONS = {"hidden": (5,), "epochs": 2, "lr_schedule": "constant", "dtype": "float64", "engine": "tensors", "seed": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    train("xor", policy="greedy", out=folder, replicas=2, **OPTIONS)
    return folder


def test_game_of_a_run_continues_its_training(folder):
    """Two epochs of training and one of the game equal a game of three epochs from the fresh network."""
    run = load_trained_run(folder)
    assert is_run_folder(str(folder))
    assert [start.seed for start in run.starts] == [3, 4]
    assert run.policy == "greedy"
    continued = play(run.game_setup, [run.starts[0].layers], [3], run.starts[0])
    whole = play(run.game_setup.with_rounds(3 * run.game_setup.per_epoch), ["greedy"], [3])
    for kind in ("attention", "share", "scaled", "loss"):
        assert continued.payoffs[kind][0] == pytest.approx(whole.payoffs[kind][0], rel=1e-9)


def test_neurons_of_a_run_are_those_of_a_network_trained_by_the_same_policy(folder):
    run = load_trained_run(folder)
    trained = train_profile(run.game_setup, "greedy", 4, 2 * run.game_setup.per_epoch)
    ours, theirs = (distances(run.game_setup, start) for start in (run.starts[1], trained))
    assert (ours["policy"] == "greedy").all()
    assert ours["real_angle"].to_numpy() == pytest.approx(theirs["real_angle"].to_numpy(), abs=1e-6, nan_ok=True)


def test_settings_may_be_given(folder):
    run = load_trained_run(folder, learning_rate=0.5, rounds=7, batch_size=4)
    assert (run.game_setup.learning_rate, run.game_setup.rounds, run.game_setup.batch_size) == (0.5, 7, 4)
    assert np.isfinite(play(run.game_setup, ["attention"], [0], run.starts[0]).loss).all()


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"update_schedule": "partial(0.5)"}, "update schedule"),
        ({"interventions": ["1: lesion(layer=1, neurons=[0])"], "epochs": 2}, "interventions"),
    ],
)
def test_what_games_do_not_have_is_refused(options, fragment, tmp_path):
    train("xor", out=tmp_path / "run", **{"hidden": (3,), "epochs": 1, **options})
    with pytest.raises(ConfigurationError, match=fragment):
        load_trained_run(tmp_path / "run")


def test_run_with_channels_is_a_game_with_channels(tmp_path):
    channels = ["activity:k-winners(0.5)", "demand:delay(1)"]
    train("xor", out=tmp_path / "run", hidden=(4,), epochs=2, channels=channels, seed=3)
    run = load_trained_run(tmp_path / "run", rounds=2)
    assert run.game_setup.channels == as_channels(channels)
    assert np.isfinite(play(run.game_setup, ["attention"], [3], run.starts[0]).loss).all()
    with pytest.raises(ConfigurationError, match="channels"):
        distances(run.game_setup, run.starts[0], "attention")


def test_run_without_hidden_layer_is_refused(tmp_path):
    train("xor", out=tmp_path / "run", hidden=(), epochs=1)
    with pytest.raises(ConfigurationError, match="hidden"):
        load_trained_run(tmp_path / "run")


def test_module_of_a_record_is_imported_only_with_trust(tmp_path, monkeypatch):
    head = ("from dataclasses import dataclass", "from neuronet.policies import Greedy")
    code = (*head, "@dataclass(frozen=True)", "class Mine(Greedy): pass")
    (tmp_path / "my_policies_of_a_game.py").write_text("\n".join(code))
    monkeypatch.syspath_prepend(tmp_path)
    train("xor", policy="my_policies_of_a_game:Mine", out=tmp_path / "run", hidden=(3,), epochs=1)
    monkeypatch.delitem(sys.modules, "my_policies_of_a_game")
    with pytest.raises(SpecError, match="--trust"):
        load_trained_run(tmp_path / "run")
    assert load_trained_run(tmp_path / "run", trust=True).policy == "my_policies_of_a_game:Mine"
