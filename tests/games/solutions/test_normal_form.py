"""Games in normal form: payoffs of deviations, files, and the same game in other libraries."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from neuronet.core import ConfigurationError, DataError, MissingExtraError
from neuronet.games import NormalFormGame, bimatrix_equilibria, read_nfg
from neuronet.games.solutions.nfg_format import nfg
from tests.games.metagame.fixtures import matrix_game, meta_game_of, random_game


def normal_form(shape, seed=0):
    names = tuple(tuple(f"p{player} s{number}" for number in range(size)) for player, size in enumerate(shape))
    return NormalFormGame(names, np.random.default_rng(seed).normal(size=(len(shape), *shape)))


def random_mixes(shape, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.ones(size)) for size in shape]


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (2, 3, 2), (2, 2, 2, 3)])
def test_payoffs_of_deviations_equal_sums_over_profiles(shape):
    game, mixes = normal_form(shape), random_mixes(shape)
    for player, earned in enumerate(game.deviation_payoffs(mixes)):
        expected = np.zeros(shape[player])
        for profile in product(*map(range, shape)):
            probability = np.prod([mixes[other][played] for other, played in enumerate(profile) if other != player])
            expected[profile[player]] += probability * game.payoffs[(player, *profile)]
        assert earned == pytest.approx(expected, abs=1e-12)


def test_symmetric_game_in_normal_form_has_the_same_payoffs():
    game, mix = random_game(3, 3), np.array([0.2, 0.3, 0.5])
    for earned in game.normal_form().deviation_payoffs([mix] * 3):
        assert earned == pytest.approx(game.expected(mix), abs=1e-12)


def test_nashpy_and_openspiel_hold_the_same_game():
    nashpy, pyspiel = pytest.importorskip("nashpy"), pytest.importorskip("pyspiel")
    game, mixes = normal_form((3, 4)), random_mixes((3, 4))
    expected = [float(mix @ earned) for mix, earned in zip(mixes, game.deviation_payoffs(mixes), strict=True)]
    assert isinstance(game.to_nashpy(), nashpy.Game)
    assert list(game.to_nashpy()[mixes[0], mixes[1]]) == pytest.approx(expected)
    spiel = game.to_openspiel()
    assert (spiel.player_utility(0, 2, 3), spiel.player_utility(1, 2, 3)) == tuple(game.payoffs[:, 2, 3])
    assert isinstance(spiel, pyspiel.MatrixGame)
    three = normal_form((2, 3, 2)).to_openspiel()
    state = three.new_initial_state()
    state.apply_actions([1, 2, 0])
    assert state.returns() == pytest.approx(normal_form((2, 3, 2)).payoffs[:, 1, 2, 0])


def test_measured_games_are_games_in_normal_form():
    meta = meta_game_of([[-1, 2], [0, 1]])
    assert meta.normal_form().payoffs[0] == pytest.approx(np.array([[-1, 2], [0, 1.0]]))
    assert meta.normal_form().strategies == (("a", "b"),) * 2


def test_pygambit_is_given_the_game_in_its_own_format(monkeypatch, tmp_path):
    """A stand-in records what pygambit would be given, of which our own reader makes the same game."""
    import sys
    from types import SimpleNamespace

    monkeypatch.setitem(sys.modules, "pygambit", SimpleNamespace(read_nfg=lambda file: file.read()))
    game = normal_form((2, 3))
    (tmp_path / "game.nfg").write_bytes(game.to_pygambit())
    found = read_nfg(tmp_path / "game.nfg")
    assert (found.payoffs == game.payoffs).all()
    assert (found.players, found.strategies, found.title) == (game.players, game.strategies, game.title)


def test_pygambit_finds_the_same_equilibria():
    pygambit = pytest.importorskip("pygambit", reason="pygambit is not installed")
    for seed in range(10):
        payoffs = np.random.default_rng(seed).normal(size=(2, 3, 3))
        game = NormalFormGame((("a", "b", "c"),) * 2, payoffs, ("row", "column"), "random")
        theirs = pygambit.nash.enummixed_solve(game.to_pygambit(), rational=False).equilibria
        found = sorted([float(mix[player][name]) for player in ("row", "column") for name in "abc"] for mix in theirs)
        ours = sorted(np.concatenate(each.mixes).tolist() for each in bimatrix_equilibria(*payoffs)[0])
        assert np.array(found) == pytest.approx(np.array(ours), abs=1e-6)


@pytest.mark.parametrize(
    ("module", "method"), [("nashpy", "to_nashpy"), ("pygambit", "to_pygambit"), ("pyspiel", "to_openspiel")]
)
def test_missing_library_is_named(module, method, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match="pip install"):
        getattr(normal_form((2, 2)), method)()


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (2, 3, 2)])
def test_file_is_read_as_it_was_written(shape, tmp_path):
    game = normal_form(shape)
    (tmp_path / "game.nfg").write_text(nfg('a "title"', game.players, game.strategies, game.payoffs))
    found = read_nfg(tmp_path / "game.nfg")
    assert (found.strategies, found.players, found.title) == (game.strategies, game.players, 'a "title"')
    assert (found.payoffs == game.payoffs).all()


def test_file_with_counts_and_fractions_is_read(tmp_path):
    (tmp_path / "game.nfg").write_text('NFG 1 R "t" { "A" "B" } { 2 2 }\n\n1/2 1 2 -3 0 1e1 4 5')
    found = read_nfg(tmp_path / "game.nfg")
    assert found.payoffs[0].tolist() == [[0.5, 0], [2, 4]]
    assert found.payoffs[1].tolist() == [[1, 10], [-3, 5]]


@pytest.mark.parametrize(
    "text", ["", "EFG 2 R", 'NFG 1 R "t" { "A" "B" } { 2 2 } 1 2 3', 'NFG 1 R "t" { "A" } { 2 2', "NFG 1 R x { y"]
)
def test_other_files_are_refused(text, tmp_path):
    (tmp_path / "game.nfg").write_text(text)
    with pytest.raises(DataError, match="no game in normal form"):
        read_nfg(tmp_path / "game.nfg")


@pytest.mark.parametrize("payoffs", [np.ones((2, 2, 3)), np.full((2, 2, 2), np.nan), np.array([["a"] * 2] * 2)])
def test_wrong_payoffs_are_refused(payoffs):
    with pytest.raises(ConfigurationError, match="payoffs must be"):
        NormalFormGame((("a", "b"),) * 2, payoffs)


def test_more_than_two_players_are_refused_for_nashpy():
    with pytest.raises(ConfigurationError, match="two players"):
        normal_form((2, 2, 2)).to_nashpy()
    assert matrix_game([[1, 0], [0, 1]]).normal_form().to_nashpy() is not None


def outcome_file(numbers="1 2 0 1", second='{ "win" 5/2, -1 }'):
    head = 'NFG 1 R "with outcomes" { "one" "{" }\n{ { "a" "b" } { "x" "y" } }\n"a comment"\n'
    return head + f'{{\n{{ "" 1 2 }}\n{second}\n}}\n{numbers}\n'


def test_games_with_outcomes_are_read(tmp_path):
    """Profiles are listed with the first player's strategy varying fastest, outcome 0 pays nothing, and a brace may be a name."""
    path = tmp_path / "game.nfg"
    path.write_text(outcome_file())
    game = read_nfg(path)
    assert game.players == ("one", "{")
    assert game.payoffs[0].tolist() == [[1, 0], [2.5, 1]]
    assert game.payoffs[1].tolist() == [[2, 0], [-1, 2]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (outcome_file("1 2 0"), "outcomes of 4 profiles, it has 3"),
        (outcome_file("1 2 3 0"), "numbers from 0 to 2, got 3"),
        (outcome_file(second='{ "win" 5 }'), "outcome 2 'win' must pay 2 players, it has 1"),
    ],
)
def test_errors_in_outcomes_are_named(tmp_path, text, reason):
    path = tmp_path / "game.nfg"
    path.write_text(text)
    with pytest.raises(DataError, match=reason):
        read_nfg(path)


def test_outcomes_are_read_as_gambit_reads_them(tmp_path):
    pygambit = pytest.importorskip("pygambit", reason="pygambit is not installed")
    path = tmp_path / "game.nfg"
    path.write_text(outcome_file().replace('"{"', '"two"'))
    theirs = pygambit.read_nfg(str(path)).to_arrays(dtype=float)
    assert np.array_equal(read_nfg(path).payoffs, np.array(theirs))


HUGE = {
    "digits": ("{ 2 2 }", "1" + "0" * 400, "payoffs must be numbers in double precision"),
    "exponent": ("{ 2 2 }", "1e999", "payoffs must be numbers in double precision, got 1e999"),
    "long exponent": ("{ 2 2 }", "1e999999999", "payoffs must be numbers in double precision, got 1e999999999"),
    "strategies": ("{ 99999999999 2 }", "1", "a player must have from 1 to 20 strategies, .* got 99999999999"),
    "no strategies": ("{ 0 2 }", "1", "a player must have from 1 to 20 strategies, .* got 0"),
}


@pytest.mark.parametrize(("sizes", "payoff", "message"), HUGE.values(), ids=HUGE)
def test_huge_numbers_of_a_file_get_a_sentence(sizes, payoff, message, tmp_path):
    path = tmp_path / "game.nfg"
    path.write_text(f'NFG 1 R "t" {{ "a" "b" }} {sizes}\n\n1 1 0 2 2 0 3 {payoff}\n')
    with pytest.raises(DataError, match=message) as caught:
        read_nfg(path)
    assert len(str(caught.value)) <= 400


def test_byte_order_mark_is_no_part_of_a_game(tmp_path):
    text = 'NFG 1 R "t" { "a" "b" } { 2 2 }\n\n1 1 0 2 2 0 3 3\n'
    path = tmp_path / "game.nfg"
    path.write_text(text, encoding="utf-8-sig")
    assert read_nfg(path).payoffs.tolist() == [[[1, 2], [0, 3]], [[1, 0], [2, 3]]]


def test_devices_are_not_read():
    with pytest.raises(DataError, match="cannot read '/dev/zero': it is not a regular file"):
        read_nfg("/dev/zero")
