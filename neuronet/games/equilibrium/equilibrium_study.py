"""Test of one profile for being an equilibrium, over several networks and several rounds of training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import pandas as pd

from neuronet.core import ConfigurationError, Policy, check_number
from neuronet.games.equilibrium.deviations import Deviations, concatenate, deviations, sample_deviators
from neuronet.games.equilibrium.exploitability import Exploitability, estimate_exploitability, exploitability_table
from neuronet.games.equilibrium.feedback_scaling import MatchedNormFeedback, ScaledFeedback
from neuronet.games.equilibrium.local_best_response import distances, distances_over_training
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import INSTANT_KINDS
from neuronet.games.simulation.profiles import Profile, cached_short_name, parse_profile, policies_of
from neuronet.games.simulation.training import training_checkpoints
from neuronet.statistics import CONFIDENCE

FIRST_DEVIATION_SEED = 1_000_000
"""First seed of replayed games; seeds of networks count from the study's own seed."""

SCALE_FACTORS = (2.0, 8.0)
"""Factors by which the feedback of the neuron's own policy is scaled in deviations of length alone."""

ANY, MATCHED_NORM = "any", "matched norm"
"""Sets of deviations: all of them, and those with feedback of the norm that the profile's policy would have."""


@dataclass(frozen=True, eq=False)
class EquilibriumStudy:
    """Gains of single neurons that deviate from a profile.

    Attributes:
        results: Exploitability by set of deviations (ANY or MATCHED_NORM), payoff and round.
        deviations: Replayed games of each round, with selection and evaluation seeds together.
        distances: Distances of the first network's neurons from their local best responses over training.
        names: Names of the policies tried.
    """

    results: dict[tuple[str, str, int], Exploitability]
    deviations: tuple[Deviations, ...]
    distances: pd.DataFrame
    names: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Return one row per set of deviations, payoff and round."""
        table = exploitability_table(list(self.results.values()))
        table.insert(0, "deviations", [label for label, _, _ in self.results])
        return table

    def responses(self) -> pd.DataFrame:
        """Return one row per set of deviations, payoff, round and deviator."""
        parts = [result.responses.assign(deviations=label) for (label, _, _), result in self.results.items()]
        return pd.concat(parts, ignore_index=True)

    def gains(self) -> pd.DataFrame:
        """Return one row per round, policy and deviator, with mean gains in units of the mean payoffs."""
        parts = []
        for games in self.deviations:
            policies = pd.DataFrame({"round": games.round, "policy": self.names})
            kinds = [kind for kind in games.gains if kind not in ("gain", "loss")]
            gains = {kind: games.gains[kind].mean(axis=-1).reshape(-1) / games.baseline[kind].mean() for kind in kinds}
            gains["loss_increase"] = games.loss_increase.mean(axis=-1).reshape(-1)
            parts.append(policies.merge(games.deviator_table.drop(columns="plays"), how="cross").assign(**gains))
        return pd.concat(parts, ignore_index=True).rename(columns={"attention": "relative"})


def study_equilibrium(
    game_setup: GameSetup,
    profile: Profile,
    policies: Sequence[Policy],
    *,
    networks: int = 2,
    at_rounds: Sequence[int] = (0,),
    starts: Sequence[InitialState] = (),
    selection_seeds: int = 4,
    evaluation_seeds: int = 12,
    deviators: int | None = None,
    confidence: float = CONFIDENCE,
    seed: int = 0,
    log: Callable[[str], None] | None = None,
) -> EquilibriumStudy:
    """Measure the gains of single neurons that deviate from a profile.

    If all hidden neurons follow one policy without memory, further deviations are tried: the own policy with scaled feedback, and
    each policy with feedback of the norm that the own policy would have.

    Args:
        game_setup: Settings of the game; its `rounds` is the length of a deviation.
        profile: Policies of the neurons.
        policies: Policies tried by the deviators.
        networks: Number of networks, with seeds from `seed` on.
        at_rounds: Rounds of training after which deviations begin, ascending.
        starts: States in which deviations begin, such as those of a trained run, instead of networks that are trained here;
            all after the same number of rounds.
        selection_seeds: Number of seeds on which best responses are selected.
        evaluation_seeds: Number of other seeds on which they are evaluated, two or more.
        deviators: Number of neurons per layer that may deviate, drawn at random; None for all.
        confidence: Simultaneous confidence of all certificates.
        seed: Seed of the first network.
        log: Receives a message after each network and round.

    Raises:
        ConfigurationError: A value is out of range, or there is no policy to try.
    """
    check_number("networks", networks, 1, whole=True)
    check_number("selection_seeds", selection_seeds, 1, whole=True)
    check_number("evaluation_seeds", evaluation_seeds, 2, whole=True)
    if not at_rounds:
        raise ConfigurationError("at_rounds must not be empty: use at_rounds=(0,) for fresh networks")
    population = parse_profile(profile)
    first = InitialState(game_setup.network(seed), seed) if not starts else starts[0]
    own = policies_of(population.groups(first.network, first.seed), game_setup.sizes)
    tried, matched_norm, names = _deviation_set(policies, own[:-1])
    chosen = sample_deviators(game_setup, deviators, seed)
    deviation_seeds = range(FIRST_DEVIATION_SEED, FIRST_DEVIATION_SEED + selection_seeds + evaluation_seeds)
    parts: dict[int, list[Deviations]] = {number: [] for number in ([starts[0].round] if starts else at_rounds)}
    trained = (training_checkpoints(game_setup, population, network, at_rounds) for network in range(seed, seed + networks))
    for start in starts or chain.from_iterable(trained):
        games = deviations(game_setup, population, tried, deviation_seeds, start, deviators=chosen)
        parts[start.round].append(games)
        if log is not None:
            log(f"network {start.seed}, after {start.round} rounds: {games.num_tested} deviations replayed")
    kinds = (*INSTANT_KINDS, *(payoff.name for payoff in game_setup.own_payoffs))
    by_round = tuple(concatenate(part) for part in parts.values())
    sets = {ANY: list(range(len(tried))), **({MATCHED_NORM: matched_norm} if matched_norm else {})}
    results = {
        (label, kind, games.round): estimate_exploitability(
            games.select_seeds(slice(0, selection_seeds)).select_policies(indices),
            games.select_seeds(slice(selection_seeds, None)).select_policies(indices),
            kind,
            num_tested=sum(games.num_tested for games in by_round) * len(kinds),
            confidence=confidence,
            names=[names[index] for index in indices],
        )
        for label, indices in sets.items()
        for kind in kinds
        for games in by_round
    }
    if starts:
        distance = distances(game_setup, starts[0], population)
    else:
        distance = distances_over_training(game_setup, population, seed, _checkpoint_rounds(at_rounds, game_setup.rounds))
    return EquilibriumStudy(results, by_round, distance, names)


def _checkpoint_rounds(at_rounds: Sequence[int], length: int) -> list[int]:
    """Return rounds of training, more frequent at the beginning, with the first and last round of each deviation."""
    last = max(at_rounds) + length
    between = (round(last * part**2) for part in (0.1, 0.2, 0.35, 0.5, 0.7, 0.85))
    return sorted({0, *at_rounds, *(number + length for number in at_rounds), *between})


def _deviation_set(
    policies: Sequence[Policy], own: Sequence[Sequence[Policy]]
) -> tuple[list[Policy], list[int], tuple[str, ...]]:
    """Return the policies tried, the indices of those with matched norm, and the names of all."""
    own_policies = list(dict.fromkeys(chain.from_iterable(own)))
    others = [policy for policy in policies if own_policies != [policy]]
    if not others:
        raise ConfigurationError("policies must hold a policy other than that of the profile")
    names = [cached_short_name(policy) for policy in others]
    if len(own_policies) > 1 or own_policies[0].memory_axes:
        return others, [], tuple(names)
    mine = own_policies[0]
    matched = [MatchedNormFeedback(policy, mine) for policy in others]
    scaled = [ScaledFeedback(mine, factor) for factor in SCALE_FACTORS]
    labels = (
        *(f"own, {factor:g} times the feedback" for factor in SCALE_FACTORS),
        *names,
        *(f"{name}, matched norm" for name in names),
    )
    first = len(scaled) + len(others)
    return [*scaled, *others, *matched], list(range(first, first + len(matched))), labels
