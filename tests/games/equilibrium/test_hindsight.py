"""Regret in hindsight, against replayed deviations."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core import ConfigurationError
from neuronet.environments import Xor
from neuronet.games import OWN, GameSetup, HindsightRegret, InitialState, deviations, hindsight_regret, play, train_profile
from neuronet.plotting.games import regret_figure
from neuronet.policies import AttentionSeeking, FreeRider, Greedy

GAME = GameSetup(Xor(), hidden=(4,), rounds=6, batch_size=16)
POLICIES = [AttentionSeeking(), Greedy(), FreeRider()]


def test_stretches_equal_deviations_replayed_from_their_states():
    found = hindsight_regret(GAME, "attention", POLICIES, [5], every=4, deviators=None)
    assert (found.rounds, found.names) == ((4, 6), (OWN, "attention", "greedy", "free-rider"))
    for step, (first, length) in enumerate(((0, 4), (4, 2))):
        start = train_profile(GAME, "attention", 5, first) if first else InitialState(GAME.network(5), 5)
        replayed = deviations(GAME.with_rounds(length), "attention", POLICIES, [5], start)
        for kind in ("attention", "scaled"):
            paid = found.payoffs[kind][0, :, step]
            assert paid[:, 0] == pytest.approx(replayed.baseline[kind][:, 0], rel=1e-9)
            assert paid[:, 1:] - paid[:, :1] == pytest.approx(replayed.gains[kind][..., 0].T, abs=1e-9)


def test_what_is_played_leads_from_stretch_to_stretch():
    found = hindsight_regret(GAME, "greedy", POLICIES, [1], every=2, deviators=None)
    ended = play(GAME, ["greedy"], [1])
    assert found.payoffs["attention"][0, :, -1, 0] == pytest.approx(ended.payoffs["attention"][0][0, 0], rel=1e-9)


def test_regret_is_that_of_the_best_single_policy():
    paid = np.array([[[[1.0, 3.0, 0.0], [1.0, 0.0, 5.0]]]])  # of one neuron, in two stretches, by three policies
    found = HindsightRegret(("own", "b", "c"), (4, 8), {"attention": paid}, ((1, 0),), (0,))
    assert found.regret()[0, 0] == pytest.approx(np.array([[2.0, 0.0, 3.0], [1.5, 1.0, 0.0]]))
    assert found.best().tolist() == [0, 0, 1]


def test_own_policy_in_the_set_has_the_same_regret():
    found = hindsight_regret(GAME, "attention", POLICIES, [0, 1], every=3, deviators=2)
    regret = found.regret("share")
    assert (regret >= 0).all()
    assert regret[..., 0] == pytest.approx(regret[..., 1], abs=1e-12)
    table = found.table()
    assert len(table) == len(GAME.kinds) * 2 * 4
    assert len(regret_figure(table, "attention", "attention").axes) == 2


@pytest.mark.parametrize("wrong", [{"policies": []}, {"seeds": []}, {"every": 0}])
def test_wrong_arguments_are_refused(wrong):
    arguments = {"policies": POLICIES, "seeds": [0], "every": 2, **wrong}
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        hindsight_regret(GAME, "attention", arguments["policies"], arguments["seeds"], every=arguments["every"])
