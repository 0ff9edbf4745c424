"""Learning from play, in discrete time: all players of a symmetric game follow the same rule.

Sources: fictitious play, Brown 1951; Hedge (exponential weights), Freund and Schapire 1997; regret matching, Hart and Mas-Colell
2000.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.special import softmax

from neuronet.core import ConfigurationError, SpecError, check_number
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import check_game

NextMix = Callable[[Floats, Floats], Floats]
"""From payoffs and regrets, both (P,), to the next mix, (P,)."""


def _best_response(payoffs: Floats, regrets: Floats) -> Floats:
    return np.asarray(np.arange(len(payoffs)) == payoffs.argmax(), dtype=np.float64)


def _exponential_weights(payoffs: Floats, regrets: Floats) -> Floats:
    return np.asarray(softmax(payoffs))


def _positive_regrets(payoffs: Floats, regrets: Floats) -> Floats:
    positive = np.maximum(regrets, 0)
    return np.asarray(positive / positive.sum() if positive.sum() > 0 else np.full(len(regrets), 1 / len(regrets)))


LEARNERS: Mapping[str, NextMix] = MappingProxyType(
    {"fictitious-play": _best_response, "hedge": _exponential_weights, "regret-matching": _positive_regrets}
)
"""Rules of learning, by name."""


@dataclass(frozen=True, eq=False)
class Learning:
    """Play of a rule of learning.

    Attributes:
        mixes: Mix of each round, (T, P).
        average: Mean mix, (P,).
        regret: Mean payoff that the best single policy would have added, per round; at most 0 up to rounding where nothing is
            regretted. The history of a two-player game is a coarse correlated equilibrium up to this gap.
    """

    mixes: Floats
    average: Floats
    regret: float


def learn(game: SymmetricGame, start: Floats, rule: str, rounds: int, *, step: float = 0.1) -> Learning:
    """Return how all players of a game learn by one rule.

    In fictitious play each player plays a best response to the mean of all past play; by Hedge a policy's odds are multiplied by
    `exp(step * payoff)`; by regret matching policies are played in proportion to their positive regrets.

    Args:
        game: Game, without leading axes.
        start: Mix of the first round, (P,).
        rule: One of LEARNERS.
        rounds: Number of rounds, 1 or more.
        step: Step of Hedge, above 0, per unit of payoff.

    Raises:
        SpecError: The rule is unknown.
        ConfigurationError: A value is out of range.
    """
    check_game(game, SymmetricGame)
    if rule not in LEARNERS:
        raise SpecError(f"rule must be one of {', '.join(LEARNERS)}, got '{rule}'")
    check_number("rounds", rounds, 1, whole=True)
    check_number("step", step, 0, above=True)
    mix = np.asarray(start, dtype=np.float64)
    if mix.shape != (len(game.names),) or (mix < 0).any() or not np.isclose(mix.sum(), 1):
        raise ConfigurationError(f"start must be shares of the {len(game.names)} policies with sum 1, got {start}")
    is_hedge, played = rule == "hedge", []
    mean, regrets = np.zeros(len(mix)), np.zeros(len(mix))
    weights = np.log(np.maximum(mix, np.finfo(np.float64).tiny))
    for number in range(1, rounds + 1):
        played.append(mix)
        mean = mean + (mix - mean) / number
        earned = game.expected(mix)
        regrets, weights = regrets + earned - mix @ earned, weights + step * earned
        mix = LEARNERS[rule](weights if is_hedge else game.expected(mean), regrets)
    return Learning(np.array(played), mean, float(regrets.max()) / rounds)
