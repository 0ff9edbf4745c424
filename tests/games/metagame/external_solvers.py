"""The same numbers by other people's libraries: open_spiel for alpha-rank, egttools for fixation and replicator dynamics."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from neuronet.core.errors import NeuroNetError
from neuronet.games.metagame.nash import payoff_matrix
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats


def is_installed(library: str) -> bool:
    """Whether a library is installed."""
    return find_spec(library) is not None


def alpha_rank_by_open_spiel(game: SymmetricGame, alpha: float, size: int) -> Floats:
    """As `selection.alpha_rank`, (P,), in games of two players; payoffs are against the whole population, as they are here.

    Raises:
        NeuroNetError: open_spiel is missing, there are more players, or its numbers overflow.
    """
    return _by_open_spiel([payoff_matrix(game)], alpha, size)


def alpha_rank_two_roles_by_open_spiel(payoffs: Floats, alpha: float, size: int) -> Floats:
    """As `selection.alpha_rank_two_roles`, (P, Q).

    Raises:
        NeuroNetError: open_spiel is missing, or its numbers overflow.
    """
    return _by_open_spiel([payoffs[0], payoffs[1]], alpha, size).reshape(payoffs.shape[1:])


def _by_open_spiel(payoffs: list[Floats], alpha: float, size: int) -> Floats:
    try:
        from open_spiel.python.egt import alpharank
    except ImportError:
        raise NeuroNetError("alpha-rank by open_spiel needs it: pip install 'neuronet[games]'") from None
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        try:
            answer = alpharank.compute(payoffs, m=size, alpha=alpha, use_local_selection_model=False)
        except (FloatingPointError, ValueError) as error:
            raise NeuroNetError(f"open_spiel cannot rank this game: {error}; choose a smaller alpha") from None
    return np.asarray(answer[2], dtype=np.float64)


def fixation_probabilities_by_egttools(game: SymmetricGame, alpha: float, size: int) -> Floats:
    """As `selection.fixation_probabilities`, (P, P), entry [s, r] for a mutant r among s; nan on the diagonal.

    Raises:
        NeuroNetError: egttools is missing.
    """
    analytical, game_holder = _tools().analytical, _egttools_game(game)  # the chain does not keep what it holds alive
    chain = analytical.PairwiseComparison(size, game_holder)
    count = len(game.names)
    found = np.full((count, count), np.nan)
    for resident in range(count):
        for mutant in range(count):
            if mutant != resident:
                found[resident, mutant] = chain.calculate_fixation_probability(mutant, resident, alpha)
    return found


def replicator_by_egttools(game: SymmetricGame, mix: Floats) -> Floats:
    """As `dynamics.replicator`, (P,).

    Raises:
        NeuroNetError: egttools is missing.
    """
    analytical = _tools().analytical
    if game.players == 2:
        found = analytical.replicator_equation(mix, payoff_matrix(game))
    else:
        found = analytical.replicator_equation_n_player(mix, _table(game), game.players)
    return np.asarray(found, dtype=np.float64)


def _tools() -> Any:
    try:
        import egttools
    except ImportError:
        raise NeuroNetError("egttools is missing: pip install 'neuronet[egttools]'") from None
    return egttools


def _egttools_game(game: SymmetricGame) -> Any:
    from egttools import games

    if game.players == 2:
        return games.Matrix2PlayerGameHolder(len(game.names), np.ascontiguousarray(payoff_matrix(game)))
    return games.MatrixNPlayerGameHolder(len(game.names), game.players, _table(game))


def _table(game: SymmetricGame) -> Floats:
    """(P, groups): what p earns in every group of n that it may be in, in the order of egttools."""
    from egttools import calculate_nb_states, calculate_state, sample_simplex

    count = len(game.names)
    groups = calculate_nb_states(game.players, count)
    found = np.zeros((count, groups))
    for number in range(groups):
        group = np.asarray(sample_simplex(number, game.players, count))
        assert calculate_state(game.players, group) == number
        for policy in np.flatnonzero(group):
            others = group - np.eye(count, dtype=np.int64)[policy]
            found[policy, number] = game.payoffs[policy, game.index[tuple(int(each) for each in others)]]
    return found
