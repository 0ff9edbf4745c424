"""Price of anarchy and of stability, estimated from the profiles and deviations that were played.

The price of anarchy compares the worst equilibrium with the best profile, the price of stability the best equilibrium. There
are two of each: by the network's test loss, the loss of the equilibrium divided by the best loss; and by what the players
themselves seek, the largest total attention divided by that of the equilibrium. All profiles and all deviations are too many to
play. The best is the best among the given profiles, and a profile is an equilibrium up to a tolerance for certain if with 95%
no deviation tried gains more, and possibly if none of them is sure to gain more. Profiles are selected on one half of the seeds
and evaluated on the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
import pandas as pd

from neuronet.baselines import Backprop
from neuronet.core import Batches, ConfigurationError, Policy, Purpose, Shares, check_number, generator
from neuronet.games.equilibrium.deviations import deviations, sample_deviators
from neuronet.games.equilibrium.exploitability import estimate_exploitability, upper_bounds
from neuronet.games.simulation.batched_games import MAX_EVAL_SAMPLES, setup_of
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import Profile, cached_short_name
from neuronet.policies import AttentionSeeking
from neuronet.statistics import CONFIDENCE, interval, ratio_interval
from neuronet.training import Trainer, evaluate

TOLERANCES = (0.05, 0.25, 1.0)
"""Default tolerances: gains, in units of the mean payoff, up to which a profile counts as an equilibrium."""


PRICE_COLUMNS = ("measure", "name", "tolerance", "evidence", "equilibria", "numerator", "denominator", "ratio", "low", "high")

MEASURES = ("loss", "attention")
"""Measures of welfare: test loss, and total attention of the hidden neurons, which are the players."""

EVIDENCE = {"certain": "epsilon", "possible": "gain_lower_bound"}
"""Columns of the profiles that must not exceed a tolerance, by the evidence for an equilibrium."""


@dataclass(frozen=True, eq=False)
class Welfare:
    """Results of all profiles, and the prices of anarchy and stability.

    Attributes:
        profiles: One row per profile, in order of loss: profile, loss, loss_low, loss_high, accuracy, welfare (total attention of
            the hidden neurons), welfare_low, welfare_high, scaled_welfare (the same of activity-scaled attention),
            scaled_welfare_low, scaled_welfare_high; and in units of the mean payoff: gain_lower_bound (lower confidence
            bound of a best response's gain), largest_gain (its measured gain), epsilon (bound that no deviation tried exceeds);
            num_tested (number of deviations).
        losses: Test loss of each seed, by profile and for "backprop".
        attention: Total attention of the hidden neurons of each seed, by profile.
        prices: One row per measure, price, tolerance and evidence, and for the loss against the best profile and against
            backpropagation; none where no profile counts as an equilibrium: measure ("loss" or "attention"), name ("anarchy" or
            "stability"), tolerance, evidence ("certain" or "possible"), equilibria (number of profiles that count as
            equilibria), numerator and denominator (profiles, or "backprop"), ratio (of mean losses or attention), low and high
            (95% interval over seeds).
    """

    profiles: pd.DataFrame
    losses: Mapping[str, Floats]
    attention: Mapping[str, Floats]
    prices: pd.DataFrame

    def conclusion(self, profile: str, tolerance: float) -> str:
        """Return whether a profile is an equilibrium up to a tolerance: "certain", "undecided" or "refuted".

        Args:
            profile: Name of the profile.
            tolerance: Gain, in units of the mean payoff.

        Raises:
            KeyError: There is no such profile.
        """
        row = self.profiles.set_index("profile").loc[profile]
        if row[EVIDENCE["certain"]] <= tolerance:
            return "certain"
        return "undecided" if row[EVIDENCE["possible"]] <= tolerance else "refuted"


@dataclass(frozen=True)
class DeviationTest:
    """Settings of the deviations that test a profile.

    Attributes:
        payoff: Payoff that deviators seek.
        deviators: Number of neurons per layer that may deviate, drawn at random.
        networks: Number of fresh networks.
        selection_seeds: Number of seeds on which best responses are selected.
        evaluation_seeds: Number of other seeds on which they are evaluated, 2 or more.

    Raises:
        ConfigurationError: A value is out of range.
    """

    payoff: str = "attention"
    deviators: int = 4
    networks: int = 2
    selection_seeds: int = 3
    evaluation_seeds: int = 5

    def __post_init__(self) -> None:
        for name, least in (("deviators", 1), ("networks", 1), ("selection_seeds", 1), ("evaluation_seeds", 2)):
            check_number(name, getattr(self, name), least, whole=True)


def candidate_profiles(policies: Sequence[Policy]) -> dict[str, Profile]:
    """Return the profiles of one policy, and of each pair of policies in equal shares, by their texts."""
    pure: dict[str, Profile] = {cached_short_name(policy): policy for policy in policies}
    mixed = {
        f"{cached_short_name(one)}:0.5,{cached_short_name(other)}:0.5": Shares(((one, 0.5), (other, 0.5)))
        for one, other in combinations(policies, 2)
    }
    return {**pure, **mixed}


def welfare(
    game_setup: GameSetup,
    profiles: Mapping[str, Profile],
    policies: Sequence[Policy],
    seeds: Sequence[int],
    deviation_test: DeviationTest | None = None,
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> Welfare:
    """Play profiles from fresh networks, test which may be equilibria, and compare their losses.

    Args:
        game_setup: Settings of the game.
        profiles: Profiles by name.
        policies: Policies tried by deviators.
        seeds: Seeds of the networks and of all other random draws, four or more.
        deviation_test: Settings of the deviations.
        tolerances: Gains, in units of the mean payoff, up to which a profile counts as an equilibrium.

    Raises:
        ConfigurationError: There are too few seeds, or no profile.
    """
    settings = deviation_test or DeviationTest()
    if len(seeds) < 4 or not profiles:
        raise ConfigurationError(f"welfare needs a profile and four seeds or more, got {len(profiles)} and {len(seeds)}")
    outcomes = play(game_setup, list(profiles.values()), seeds)
    total_attention, total_scaled = (
        np.sum([layer.sum(axis=-1) for layer in outcomes.payoffs[kind]], axis=0) for kind in ("attention", "scaled")
    )
    losses = {name: outcomes.loss[row] for row, name in enumerate(profiles)}
    by_profile = {name: total_attention[row] for row, name in enumerate(profiles)}
    rows = []
    for row, (name, profile) in enumerate(profiles.items()):
        loss, loss_low, loss_high = interval(outcomes.loss[row])
        attention, attention_low, attention_high = interval(total_attention[row])
        rows.append(
            {
                "profile": name,
                "loss": loss,
                "loss_low": loss_low,
                "loss_high": loss_high,
                "accuracy": float(outcomes.accuracy[row].mean()),
                "welfare": attention,
                "welfare_low": attention_low,
                "welfare_high": attention_high,
                **dict(
                    zip(("scaled_welfare", "scaled_welfare_low", "scaled_welfare_high"), interval(total_scaled[row]), strict=True)
                ),
                **run_deviation_test(game_setup, profile, policies, seeds, settings),
            }
        )
    losses["backprop"] = backprop_losses(game_setup, seeds)
    table = pd.DataFrame(rows).sort_values("loss", ignore_index=True)
    return Welfare(table, losses, by_profile, _prices(table, losses, by_profile, tolerances, int(seeds[0])))


def run_deviation_test(
    game_setup: GameSetup, profile: Profile, policies: Sequence[Policy], seeds: Sequence[int], deviation_test: DeviationTest
) -> dict[str, float | int]:
    """Return gain_lower_bound, largest_gain, epsilon and num_tested of single neurons that deviate in fresh networks."""
    first = max(seeds) + 1
    selection_seeds = deviation_test.selection_seeds
    deviation_seeds = range(first, first + selection_seeds + deviation_test.evaluation_seeds)
    chosen = sample_deviators(game_setup, deviation_test.deviators, first)
    by_network = [
        deviations(game_setup, profile, policies, deviation_seeds, InitialState(game_setup.network(seed), seed), deviators=chosen)
        for seed in seeds[: deviation_test.networks]
    ]
    num_tested = sum(games.num_tested for games in by_network)
    largest, epsilon, lower_bound = -np.inf, 0.0, 0.0
    for games in by_network:
        selection, evaluation = games.select_seeds(slice(0, selection_seeds)), games.select_seeds(slice(selection_seeds, None))
        result = estimate_exploitability(selection, evaluation, deviation_test.payoff, num_tested=num_tested)
        mean_payoff = abs(result.mean_payoff) or np.nan
        largest = max(largest, result.responses["gain"].max() / mean_payoff)
        epsilon = max(epsilon, result.epsilon / mean_payoff)
        lower = -upper_bounds(-result.gains, len(result.responses) * len(by_network), CONFIDENCE)
        lower_bound = max(lower_bound, float(np.nanmax(lower / mean_payoff, initial=0.0)))
    return {"gain_lower_bound": lower_bound, "largest_gain": largest, "epsilon": epsilon, "num_tested": num_tested}


def backprop_losses(game_setup: GameSetup, seeds: Sequence[int]) -> Floats:
    """Return the test loss of backpropagation by autograd from the same networks and batches, (S,)."""
    environment, layers = game_setup.environment, (AttentionSeeking(),) * (len(game_setup.hidden) + 1)
    plain = replace(game_setup, channels=())
    setups = [setup_of(plain, layers, game_setup.network(seed), seed) for seed in seeds]
    with closing(Backprop(setups, device=game_setup.device)) as engine:
        train, test = engine.prepare(environment.train), engine.prepare(environment.test)
        batches = Batches(len(environment.train), game_setup.batch_size, tuple(seeds))
        Trainer(engine, batches, train).run(game_setup.rounds)
        loss, _ = evaluate(engine, environment.payoff, test, len(seeds), MAX_EVAL_SAMPLES)
    return np.asarray(loss)


def _prices(
    table: pd.DataFrame,
    losses: Mapping[str, Floats],
    attention: Mapping[str, Floats],
    tolerances: Sequence[float],
    seed: int,
) -> pd.DataFrame:
    """Select profiles on the first half of the seeds, and compute the ratios of the second half."""
    half = len(losses["backprop"]) // 2
    names = [name for name in table["profile"] if np.isfinite(losses[name][:half]).all()]
    # what players lose is minus what they gain, so that the lowest is the best by either measure
    costs = {
        "loss": {name: float(losses[name][:half].mean()) for name in names},
        "attention": {name: -float(attention[name][:half].mean()) for name in names},
    }
    prices = []
    for tolerance, (evidence, column), measure in product(tolerances, EVIDENCE.items(), MEASURES):
        cost = costs[measure]
        equilibria = [name for name in table.loc[table[column] <= tolerance, "profile"] if name in cost]
        for price, pick in (("anarchy", max), ("stability", min)) if equilibria else ():
            name, best = pick(equilibria, key=cost.__getitem__), min(cost, key=cost.__getitem__)
            pairs = [(name, best), (name, "backprop")] if measure == "loss" else [(best, name)]
            values = losses if measure == "loss" else attention
            for numerator, denominator in pairs:
                rng = generator(seed, Purpose.POPULATION, 0, 3)
                ratio = ratio_interval(values[numerator][half:], values[denominator][half:], rng)
                prices.append((measure, price, tolerance, evidence, len(equilibria), numerator, denominator, *ratio))
    return pd.DataFrame(prices, columns=PRICE_COLUMNS)
