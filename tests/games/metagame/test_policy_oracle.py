"""The game between parametrised policies: its payoffs, its search, and the command."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from neuronet.cli.main import start
from neuronet.core import ConfigurationError
from neuronet.environments import Xor
from neuronet.games import GameSetup, InitialState, PolicySearch, deviations, grow_policy_game
from neuronet.games.metagame.policy_oracle import START, _payoffs, _proposals, seeking_policy
from neuronet.games.simulation.profiles import ReducedProfile

SETUP = GameSetup(Xor(), hidden=(5,), rounds=6)
LOUD = (4.0, 2.0, 0.0)


def test_gain_of_a_policy_equals_that_of_a_single_deviator():
    """The difference to attention-seeking is what `deviations` measures, from the same networks and batches."""
    search = PolicySearch(seeds=(0, 1, 2))
    (plain,), (loud,) = _payoffs(SETUP, search, [START, LOUD], [START])
    gains = []
    for seed in search.seeds:
        neuron = ReducedProfile.focal_neuron(seed, 1, 5)
        fresh = InitialState(SETUP.network(seed), seed)
        tried = deviations(SETUP, "attention", [seeking_policy(LOUD)], [seed], fresh, deviators=[(1, neuron)])
        gains.append(tried.gains["attention"].item())
    assert loud - plain == pytest.approx(np.mean(gains), abs=1e-12)


def test_game_grows_until_no_policy_tried_gains():
    found = grow_policy_game(SETUP, PolicySearch(seeds=(0, 1), candidates=6), tolerance=0.05, steps=6)
    assert found.strategies[0][0] == START
    assert found.mixes[0] == pytest.approx(found.mixes[1])
    assert found.game.payoffs[0] == pytest.approx(found.game.payoffs[1].T)
    assert found.game.regret(found.mixes) < 1e-9
    assert found.converged == (found.history["exploitability"].iloc[-1] <= 0.1)
    again = grow_policy_game(SETUP, PolicySearch(seeds=(0, 1), candidates=6), tolerance=0.05, steps=6)
    assert again.strategies == found.strategies


def test_proposals_stay_in_the_space():
    search = PolicySearch(candidates=200)
    drawn = np.array(_proposals(search, [START], np.random.default_rng(0)))
    low, high = np.array(list(search.space.values())).T
    assert (drawn >= low - 1e-9).all()
    assert (drawn <= high + 1e-9).all()
    assert len(np.unique(drawn, axis=0)) == 200


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigurationError, match="space of p"):
        PolicySearch(space={"p": (2.0, 2.0)})
    with pytest.raises(ConfigurationError, match="layer"):
        grow_policy_game(SETUP, PolicySearch(layer=2))


def test_command(tmp_path, monkeypatch, capsys):
    options = "--hidden 4 --rounds 3 --seeds 2 --candidates 3 --steps 2 --json --out"
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", "psro", "xor", *options.split(), str(tmp_path)])
    assert start() == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert sum(row["share"] for row in found["policies"]) == pytest.approx(1)
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", "history.csv", "policies.csv", "payoffs.csv"}
