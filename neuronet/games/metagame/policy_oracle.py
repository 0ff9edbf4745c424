"""A game between parametrised policies that grows by best responses found by search, see `response_oracles`.

A single neuron of a hidden layer plays against all others, who follow one policy. Both roles are the same population: the
equilibrium is one that neurons of one layer would play against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neuronet.core import ConfigurationError, Policy, check_number
from neuronet.games.equilibrium.feedback_scaling import ScaledFeedback
from neuronet.games.metagame.nash import symmetric_equilibria
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.payoffs import Floats, check_kind
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import ReducedProfile
from neuronet.games.solutions.double_oracle import ResponseGame, response_oracles
from neuronet.games.solutions.normal_form import NormalFormGame
from neuronet.policies import AttentionSeeking

Parameters = tuple[float, ...]
"""Values of the parameters of a space, in their order."""

SPACE: Mapping[str, tuple[float, float]] = {"feedback_scale": (0.25, 8.0), "p": (1.0, 4.0), "foresight": (0.0, 1.0)}
"""Least and largest value of each parameter: factor of the feedback, exponent of the utility, foresight."""

START: Parameters = (1.0, 2.0, 0.0)
"""Attention-seeking, which is backpropagation up to rounding."""


def seeking_policy(parameters: Parameters) -> Policy:
    """Return the attention-seeking policy with (feedback_scale, p, foresight)."""
    feedback_scale, p, foresight = parameters
    policy = AttentionSeeking(p=p, foresight=foresight)
    return policy if feedback_scale == 1.0 else ScaledFeedback(policy, feedback_scale)


@dataclass(frozen=True, eq=False)
class PolicySearch:
    """Settings of the search for best responses.

    Attributes:
        payoff: Payoff by name.
        layer: Hidden layer of the neurons, 1 for the first.
        seeds: Networks on which payoffs are measured, the same for all policies.
        candidates: Policies tried for each response: half of them anywhere in the space, half near the policies in play.
        space: Least and largest value of each parameter, in the order of `Parameters`.
        seed: Seed of the search.

    Raises:
        ConfigurationError: A value is out of range.
    """

    payoff: str = "attention"
    layer: int = 1
    seeds: tuple[int, ...] = tuple(range(8))
    candidates: int = 12
    space: Mapping[str, tuple[float, float]] = field(default_factory=lambda: SPACE)
    seed: int = 0

    def __post_init__(self) -> None:
        check_number("candidates", self.candidates, 1, whole=True)
        if not self.seeds:
            raise ConfigurationError("seeds must not be empty")
        for name, (low, high) in self.space.items():
            if not low < high:
                raise ConfigurationError(f"the space of {name} must have a least value below its largest, got {low} and {high}")


def grow_policy_game(
    game_setup: GameSetup, search: PolicySearch | None = None, *, tolerance: float = 0.01, steps: int = 8
) -> ResponseGame[Parameters]:
    """Let a game between parametrised policies grow by best responses, from attention-seeking.

    Args:
        game_setup: Settings of the game.
        search: Settings of the search for best responses.
        tolerance: Gain of a response up to which it does not count, in units of the mean payoff of attention-seeking (>= 0).
        steps: Largest number of steps (>= 1).

    Returns:
        The restricted game and its symmetric equilibrium. Payoffs are in units of the mean payoff of attention-seeking, and
        exploitability sums over both roles, which are the same: it is twice the gain of a neuron.

    Raises:
        ConfigurationError: A value is out of range.
        SpecError: The payoff is unknown.
    """
    settings = search or PolicySearch()
    check_kind(settings.payoff, game_setup.kinds)
    check_number("layer", settings.layer, 1, len(game_setup.hidden), whole=True)
    rng = np.random.default_rng(settings.seed)
    unit = abs(float(_payoffs(game_setup, settings, [START], [START])[0, 0])) or 1.0

    def payoffs(rows: Sequence[Parameters], columns: Sequence[Parameters]) -> Floats:
        """Measure both roles: pairs that only differ in who is who belong to the same game."""
        return np.stack((_payoffs(game_setup, settings, rows, columns), _payoffs(game_setup, settings, columns, rows).T)) / unit

    def oracle(role: int, against: Sequence[Parameters], shares: Floats) -> list[Parameters]:
        return _proposals(settings, against, rng) if role == 0 else []

    return response_oracles(
        payoffs, ([START], [START]), oracle, solver=symmetric_solver, tolerance=2 * tolerance, steps=steps, symmetric=True
    )


def symmetric_solver(game: NormalFormGame) -> tuple[Floats, Floats]:
    """Return a symmetric equilibrium of a symmetric game between two roles, the one with the largest support."""
    names = game.strategies[0]
    if len(names) == 1:
        return np.ones(1), np.ones(1)
    found = symmetric_equilibria(SymmetricGame(names, 2, game.payoffs[0]))
    if not found:
        raise ConfigurationError("the restricted game is degenerate: no symmetric equilibrium was found")
    mix = max(found, key=lambda equilibrium: (len(equilibrium.support[0]), -equilibrium.regret)).mixes[0]
    return mix, mix


def _proposals(settings: PolicySearch, against: Sequence[Parameters], rng: np.random.Generator) -> list[Parameters]:
    """Return policies from the whole space and near those in play; positive parameters are drawn on a logarithmic scale."""
    low, high = np.array(list(settings.space.values()), dtype=np.float64).T
    logs = low > 0
    ends = [np.where(logs, np.log(np.where(logs, end, 1.0)), end) for end in (low, high)]
    found = []
    for number in range(settings.candidates):
        place = rng.uniform(*ends)
        if number % 2:
            centre = np.array(against[int(rng.integers(len(against)))])
            at = np.where(logs, np.log(np.where(logs, centre, 1.0)), centre)
            place = np.clip(at + 0.15 * (ends[1] - ends[0]) * rng.normal(size=len(low)), *ends)
        found.append(tuple(float(value) for value in np.clip(np.where(logs, np.exp(place), place), low, high).round(4)))
    return found


def _payoffs(game_setup: GameSetup, settings: PolicySearch, own: Sequence[Parameters], others: Sequence[Parameters]) -> Floats:
    """Return the mean payoff of a single neuron with each policy among others with each policy, (P, Q)."""
    neurons, layer = game_setup.hidden[settings.layer - 1], settings.layer
    profiles = [
        ReducedProfile((seeking_policy(mine), seeking_policy(theirs)), 0, (0, neurons - 1), layer, AttentionSeeking())
        for mine in own
        for theirs in others
    ]
    outcomes = play(game_setup, profiles, settings.seeds)
    focal = [ReducedProfile.focal_neuron(seed, layer, neurons) for seed in settings.seeds]
    paid = outcomes.payoffs[settings.payoff][layer - 1][:, range(len(focal)), focal]
    return np.asarray(paid.mean(axis=1).reshape(len(own), len(others)))
