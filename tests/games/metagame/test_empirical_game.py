from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from neuronet.core.errors import ConfigurationError, SpecError
from neuronet.environments import Xor
from neuronet.games.metagame.analysis import analyse, analyse_layers, ranks_by_payoff
from neuronet.games.metagame.empirical_game import (
    LayerGame,
    layer_game,
    meta_game,
    opponent_counts,
)
from neuronet.games.metagame.symmetric_game import SymmetricGame, compositions
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.payoffs import KINDS
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import ReducedProfile
from neuronet.plotting import style
from neuronet.plotting.games.bimatrix import layers_figure
from neuronet.plotting.games.simplex import barycentric, phase_figure, subgame
from neuronet.policies import AttentionSeeking, FreeRider, Greedy, Noisy
from tests.games.metagame.fixtures import matrix_game, meta_game_of

SMALL = GameSetup(Xor(), hidden=(7,), rounds=4)
ATTENTION, RIDER = AttentionSeeking(), FreeRider()


def test_opponent_counts_divide_the_other_neurons():
    assert opponent_counts(31, 4, 2).tolist() == [[30, 0], [20, 10], [10, 20], [0, 30]]
    assert opponent_counts(5, 2, 3).tolist() == [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    uneven = opponent_counts(12, 4, 3)
    assert (uneven.sum(axis=1) == 11).all()
    assert np.abs(uneven - compositions(3, 3) * 11 / 3).max() < 1


def test_focal_neuron_does_not_depend_on_the_counts():
    network = SMALL.network(0)
    focal = []
    for focal_player, others in ((0, (0, 6)), (1, (6, 0)), (1, (2, 4))):
        first, last = ReducedProfile((ATTENTION, RIDER), focal_player, others, 1, ATTENTION).groups(network, 3)
        members = {group.policy: set(group.members) for group in first}
        assert {policy: len(indices) for policy, indices in members.items()} == {
            policy: count + (index == focal_player)
            for index, (policy, count) in enumerate(zip((ATTENTION, RIDER), others, strict=True))
            if count + (index == focal_player)
        }
        assert last == ATTENTION
        focal.append(members[(ATTENTION, RIDER)[focal_player]])
    assert len(focal[0]) == len(focal[1]) == 1
    assert focal[0] == focal[1] <= focal[2]
    with pytest.raises(ConfigurationError, match="7 neurons, got 6"):
        ReducedProfile((ATTENTION, RIDER), 0, (5, 0), 1, ATTENTION).groups(network, 0)


def test_meta_game_payoffs_equal_those_of_single_games():
    meta = meta_game(SMALL, [ATTENTION, RIDER], [0, 5, 6], players=3)
    assert meta.others.tolist() == [[6, 0], [3, 3], [0, 6]]
    alone = play(SMALL, [ATTENTION, RIDER], [0, 5, 6])
    for policy, row in ((0, 0), (1, 2)):
        for kind in KINDS:
            paid = alone.payoffs[kind][0][policy].mean(axis=-1)
            assert meta.payoffs_by_seed[kind][:, policy, row] == pytest.approx(paid, abs=1e-12)
        assert meta.loss[:, policy, row] == pytest.approx(alone.loss[policy], abs=1e-12)
    profile = ReducedProfile((ATTENTION, RIDER), 1, (3, 3), 1, ATTENTION)
    mixed = play(SMALL, [profile], [0, 5, 6])
    for number, (layers,) in enumerate(zip(mixed.layers[0], strict=True)):
        members = list(next(group.members for group in layers[0] if group.policy == RIDER))
        baseline = alone.payoffs["attention"][0][:, number].mean(axis=0)
        paid = mixed.payoffs["attention"][0][0, number, members] - baseline[members]
        assert meta.payoffs_by_seed["attention"][number, 1, 1] == pytest.approx(paid.mean() + baseline.mean(), abs=1e-12)
    table = meta.table()
    assert len(table) == 3 * 2 * 3
    assert (table[["neurons attention", "neurons free-rider"]].sum(axis=1) == 7).all()
    means = meta.means("share")
    assert ((means["low"] <= means["mean"]) & (means["mean"] <= means["high"])).all()


def test_equivalent_policies_have_equal_payoffs():
    """Initial attention makes no difference: the payoffs of the same neurons under one policy are subtracted."""
    meta = meta_game(SMALL, [ATTENTION, Noisy(ATTENTION, sigma=0.0)], [0, 1], players=3)
    assert np.ptp(meta.payoffs_by_seed["attention"], axis=(1, 2)) == pytest.approx(np.zeros(2), abs=1e-12)
    found = analyse(meta, "attention", resamples=10)
    assert found.rank.value == pytest.approx([0.5, 0.5], abs=1e-9)


def test_analysis_of_a_game_with_little_noise_is_certain():
    found = analyse(meta_game_of([[3, 0], [5, 1]], noise=0.01), resamples=40)
    (only,) = found.equilibria
    assert only.equilibrium.mixes[0] == pytest.approx([0, 1])
    assert (only.frequency, only.stable) == (1, 1)
    assert found.pure == pytest.approx([0, 1])
    assert found.rank.value == pytest.approx([0, 1], abs=1e-6)
    assert found.ending_shares is not None
    assert found.ending_shares.low[1] > 0.99
    assert found.ending_counts == {"fixed": 16}


def test_intervals_contain_the_truth_of_a_noisy_game():
    found = analyse(meta_game_of([[-1, 2], [0, 1]], noise=0.3, seeds=30), resamples=60)
    (mixed,) = [estimate for estimate in found.equilibria if estimate.equilibrium.support == ((0, 1),)]
    (shares,) = mixed.shares
    assert shares.low[0] < 0.5 < shares.high[0]
    assert 0 < shares.high[0] - shares.low[0] < 0.4
    table = found.equilibria_table()
    assert table["policy"].tolist() == ["a", "b"]
    assert set(found.rank_table()["alpha"]) == {0.1, 1.0, 10.0, 100.0}
    assert (found.fixation_table()["neutral"] == 0.1).all()


def test_intervals_of_an_undecided_game_are_wide():
    found = analyse(meta_game_of([[1, 1], [1, 1]], noise=1.0), resamples=60)
    assert found.rank.high[0] - found.rank.low[0] > 0.5


def test_ranks_by_payoff_cover_all_payoffs():
    meta = meta_game_of([[3, 0], [5, 1]], noise=0.01)
    ranks = ranks_by_payoff(meta, analyse(meta, resamples=10), 10)
    assert ranks["payoff"].unique().tolist() == list(KINDS)
    assert ranks.groupby("payoff")["rank"].sum().to_numpy() == pytest.approx(np.ones(len(KINDS)))


def test_layer_game_payoffs_equal_those_of_single_games():
    game_setup = GameSetup(Xor(), hidden=(4, 5), rounds=3)
    meta = layer_game(game_setup, [ATTENTION, RIDER], [0, 1])
    mixed = play(game_setup, [(ATTENTION, RIDER, ATTENTION)], [0, 1])
    for role in range(2):
        paid = mixed.payoffs["scaled"][role][0].mean(axis=-1)
        assert meta.payoffs_by_seed["scaled"][:, role, 0, 1] == pytest.approx(paid, abs=1e-12)
    assert meta.loss[:, 0, 1] == pytest.approx(mixed.loss[0])
    table = meta.table()
    row = table[(table["seed"] == 1) & (table["first"] == "attention") & (table["second"] == "free-rider")]
    assert row["attention second"].item() == pytest.approx(mixed.payoffs["attention"][1][0, 1].mean())


def test_analysis_of_a_game_between_layers():
    battle = np.array([[[2.0, 0], [0, 1]], [[1, 0], [0, 2]]])
    paid = battle + 0.01 * np.random.default_rng(0).normal(size=(5, 2, 2, 2))
    meta = LayerGame(("a", "b"), (4, 6), dict.fromkeys(KINDS, paid), paid[:, 0], paid[:, 0], tuple(range(5)))
    found = analyse_layers(meta, resamples=20)
    assert sorted(estimate.equilibrium.support for estimate in found.equilibria) == [((0,), (0,)), ((0, 1), (0, 1)), ((1,), (1,))]
    assert all(estimate.frequency == 1 for estimate in found.equilibria)
    assert found.rank.value.sum() == pytest.approx(1)
    assert len(found.rank_table()) == 4 * 4
    figure = layers_figure(meta.payoffs(), meta.resampled("attention", 20), found)
    assert len(figure.axes[0].patches) == 2


def test_gains_of_a_layer_are_paired_by_seed():
    paid = np.random.default_rng(1).normal(size=(6, 2, 3, 3))
    names = ("a", "b", "c")
    meta = LayerGame(names, (4, 6), dict.fromkeys(KINDS, paid), paid[:, 0], paid[:, 0], tuple(range(6)))
    gains = meta.gains("scaled").set_index(["layer", "instead", "first", "second"])
    assert len(gains) == 2 * 3 * 3 * 2
    moved = {
        ("first", "c", "a", "b"): paid[:, 0, 2, 1] - paid[:, 0, 0, 1],
        ("second", "a", "c", "b"): paid[:, 1, 2, 0] - paid[:, 1, 2, 1],
    }
    for row, values in moved.items():
        expected = ttest_1samp(values, 0).confidence_interval()
        assert gains.loc[row].tolist() == pytest.approx([values.mean(), expected.low, expected.high])


@pytest.mark.slow
def test_figures(tmp_path):
    meta = meta_game_of([[0, -1, 2.0], [2, 0, -1], [-1, 2, 0]], noise=0.05)
    found = analyse(meta, resamples=10)
    figure = phase_figure(meta.game(), found)
    labels = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"a", "b", "c", "100%"} <= labels
    style.save(figure, tmp_path / "phase.png")
    two = meta_game_of([[-1, 2], [0, 1]], noise=0.1)
    figure = phase_figure(two.game(), analyse(two, resamples=10), two.resampled("attention", 10))
    assert figure.axes[0].get_xlabel() == "share of neurons that follow 'a'"


def test_figure_of_a_game_without_an_analysis_marks_only_what_occurs(tmp_path):
    figure = phase_figure(matrix_game([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]))
    names = {text.get_text() for text in figure.legends[0].get_texts()}
    assert names == {
        "replicator dynamics; darker is faster, per triangle",
        "equilibrium, neutrally stable",
        "rest point, not an equilibrium",
    }
    assert not any("%" in text.get_text() for text in figure.axes[0].texts)
    style.save(figure, tmp_path / "phase.png")
    two = phase_figure(matrix_game([[1, 1], [1, 0]]))
    assert [text.get_text() for text in two.axes[0].get_legend().get_texts()][1:] == ["equilibrium, evolutionarily stable"]


def test_subgame_keeps_expected_payoffs():
    payoffs = np.random.default_rng(0).normal(size=(4, len(compositions(2, 4))))
    game = SymmetricGame(tuple("abcd"), 3, payoffs)
    mix = np.array([0.5, 0.2, 0.3])
    assert subgame(game, (0, 1, 3)).expected(mix) == pytest.approx(game.expected(np.array([0.5, 0.2, 0, 0.3]))[[0, 1, 3]])
    assert barycentric(np.array([[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])) == pytest.approx(np.eye(3))


def test_invalid_settings_are_refused():
    with pytest.raises(ConfigurationError, match="all different, got attention, attention"):
        meta_game(SMALL, [ATTENTION, ATTENTION], [0, 1])
    with pytest.raises(ConfigurationError, match=r"seeds .* got 1"):
        meta_game(SMALL, [ATTENTION, RIDER], [0])
    with pytest.raises(ConfigurationError, match="players must be an integer from 2 to 7"):
        meta_game(SMALL, [ATTENTION, Greedy()], [0, 1], players=8)
    with pytest.raises(ConfigurationError, match="two hidden layers, got 1"):
        layer_game(SMALL, [ATTENTION, RIDER], [0, 1])
    with pytest.raises(SpecError, match="'money'"):
        analyse(meta_game_of([[1, 0], [0, 1]]), "money")
