"""Welfare: what selfishness costs a network, by the profiles that were found.

The price of anarchy is the loss of the worst equilibrium in units of the best loss, that of stability the loss of the best
equilibrium. Nobody can go through all profiles and all deviations: here the best loss is the best that was found among the
profiles given, an equilibrium is a profile that no deviation tried could refute, up to some tolerance, and nothing is proved.
Profiles are chosen on one half of the seeds and measured on the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from itertools import combinations

import numpy as np
import pandas as pd

from neuronet.baselines.backprop import Backprop
from neuronet.core.batches import Batches
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.population import Shares
from neuronet.games.equilibrium.deviations import deviations, sample_deviators
from neuronet.games.equilibrium.exploitability import estimate_exploitability, upper_bounds
from neuronet.games.simulation.batched_games import MAX_EVAL_SAMPLES, setup_of
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.play import GameSetup, InitialState, Profile, layers_of, play
from neuronet.games.simulation.profiles import cached_short_name
from neuronet.statistics import CONFIDENCE, bootstrap_ratio, interval
from neuronet.training.evaluation import evaluate
from neuronet.training.trainer import Trainer

TOLERANCES = (0.05, 0.25, 1.0)
"""Gains, in units of the mean payoff, up to which a profile counts as an equilibrium."""


@dataclass(frozen=True)
class PriceRatio:
    """A ratio of losses, with its 95% interval by the bootstrap over seeds.

    Attributes:
        name: "anarchy" or "stability".
        tolerance: Up to which gain a profile counts as an equilibrium.
        equilibria: How many profiles do.
        numerator: Whose loss, as a text.
        denominator: In units of whose.
        ratio: Of the mean losses.
        low: Of the interval.
        high: Of the interval.
    """

    name: str
    tolerance: float
    equilibria: int
    numerator: str
    denominator: str
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Welfare:
    """What every profile brought, and what selfishness costs.

    Attributes:
        profiles: A line for each profile, the best loss first: profile, loss, loss_low, loss_high, accuracy, welfare (the sum of
            all hidden neurons' attention), welfare_low, welfare_high; and of deviations, in units of the mean payoff:
            gain_lower_bound
            (what a best response gains at least), largest_gain (what it gained), epsilon (what none tried exceeds), tried.
        losses: By profile, and by "backprop", the test loss of each seed.
        prices: Of anarchy and of stability, for each tolerance, against the best profile found and against backpropagation; none
            for a tolerance at which every profile is refuted.
    """

    profiles: pd.DataFrame
    losses: Mapping[str, Floats]
    prices: tuple[PriceRatio, ...]

    def table(self) -> pd.DataFrame:
        """A line for each price."""
        return pd.DataFrame([asdict(price) for price in self.prices], columns=[field.name for field in fields(PriceRatio)])


@dataclass(frozen=True)
class DeviationTest:
    """How profiles are put to the test.

    Attributes:
        payoff: What deviators seek.
        deviators: Neurons of each layer that may deviate, by chance.
        networks: From how many fresh networks.
        selection_seeds: From how many seeds best responses are chosen.
        evaluation_seeds: From how many others they are measured, 2 or more.

    Raises:
        NeuroNetError: Something is out of range.
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
    """Societies of one policy, and of each two in equal shares, by their texts."""
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
    """Play profiles from fresh networks, find out which may be equilibria, and what they cost.

    Args:
        game_setup: The game.
        profiles: By name.
        policies: What deviators try.
        seeds: Of the networks and all chance, four or more.
        deviation_test: How profiles are put to the test.
        tolerances: Gains, in units of the mean payoff, up to which a profile counts as an equilibrium.

    Raises:
        NeuroNetError: There are too few seeds, or no profile.
    """
    settings = deviation_test or DeviationTest()
    if len(seeds) < 4 or not profiles:
        raise NeuroNetError(f"welfare needs a profile and four seeds or more: two to choose by, two to measure; got {len(seeds)}")
    names = list(profiles)
    outcomes = play(game_setup, list(profiles.values()), seeds)
    total_attention = sum(each.sum(axis=-1) for each in outcomes.payoffs["attention"])
    losses = {name: outcomes.loss[row] for row, name in enumerate(names)}
    rows = []
    for row, name in enumerate(names):
        loss, welfare_interval = interval(outcomes.loss[row]), interval(np.asarray(total_attention)[row])
        rows.append(
            {
                "profile": name,
                "loss": loss[0],
                "loss_low": loss[1],
                "loss_high": loss[2],
                "accuracy": float(outcomes.accuracy[row].mean()),
                "welfare": welfare_interval[0],
                "welfare_low": welfare_interval[1],
                "welfare_high": welfare_interval[2],
                **run_deviation_test(game_setup, profiles[name], policies, seeds, settings),
            }
        )
    losses["backprop"] = backprop_losses(game_setup, seeds)
    table = pd.DataFrame(rows).sort_values("loss", ignore_index=True)
    return Welfare(table, losses, _prices(table, losses, tolerances, int(seeds[0])))


def run_deviation_test(
    game_setup: GameSetup, profile: Profile, policies: Sequence[Policy], seeds: Sequence[int], deviation_test: DeviationTest
) -> dict[str, object]:
    """What single neurons gain by deviating in games from fresh networks: gain_lower_bound, largest_gain, epsilon, tried."""
    first = max(seeds) + 1
    deviation_seeds = range(first, first + deviation_test.selection_seeds + deviation_test.evaluation_seeds)
    who = sample_deviators(game_setup, deviation_test.deviators, first)
    found = [
        deviations(game_setup, profile, policies, deviation_seeds, InitialState(game_setup.network(seed), seed), deviators=who)
        for seed in seeds[: deviation_test.networks]
    ]
    tried = sum(each.num_tested for each in found)
    largest, epsilon, lower_bound = -np.inf, 0.0, 0.0
    for each in found:
        selection, evaluation = (
            each.select_seeds(slice(0, deviation_test.selection_seeds)),
            each.select_seeds(slice(deviation_test.selection_seeds, None)),
        )
        study = estimate_exploitability(selection, evaluation, deviation_test.payoff, num_tested=tried)
        mean_payoff = abs(study.mean_payoff) or np.nan
        largest = max(largest, study.responses["gain"].max() / mean_payoff)
        epsilon = max(epsilon, study.epsilon / mean_payoff)
        count = len(study.responses) * len(found)
        lower = -upper_bounds(-study.gains, count, CONFIDENCE)
        lower_bound = max(lower_bound, float(np.nanmax(lower / mean_payoff, initial=0.0)))
    return {"gain_lower_bound": lower_bound, "largest_gain": largest, "epsilon": epsilon, "num_tested": tried}


def backprop_losses(game_setup: GameSetup, seeds: Sequence[int]) -> Floats:
    """The test loss of error backpropagation by autograd, from the same networks and batches, (S,)."""
    setups = [
        setup_of(game_setup, layers_of("attention", network, seed), network, seed)
        for seed, network in ((seed, game_setup.network(seed)) for seed in seeds)
    ]
    environment = game_setup.environment
    with closing(Backprop(setups, device=game_setup.device)) as engine:
        train, test = engine.prepare(environment.train), engine.prepare(environment.test)
        batches = Batches(len(environment.train), game_setup.batch_size, tuple(seeds))
        Trainer(engine, batches, train).run(game_setup.rounds)
        loss, _ = evaluate(engine, environment.payoff, test, len(seeds), MAX_EVAL_SAMPLES)
    return np.asarray(loss)


def _prices(table: pd.DataFrame, losses: Mapping[str, Floats], tolerances: Sequence[float], seed: int) -> tuple[PriceRatio, ...]:
    """Profiles are chosen by the first half of the seeds, and the second half says what they cost."""
    half = len(losses["backprop"]) // 2
    chosen = {name: float(losses[name][:half].mean()) for name in table["profile"]}
    known = table[[np.isfinite(chosen[name]) for name in table["profile"]]]
    found = []
    for tolerance in tolerances:
        equilibria = known.loc[known["gain_lower_bound"] <= tolerance, "profile"].tolist()
        for word, pick in (("anarchy", max), ("stability", min)) if equilibria else ():
            name = pick(equilibria, key=lambda each: chosen[each])
            for against in (min(known["profile"], key=lambda each: chosen[each]), "backprop"):
                cost = bootstrap_ratio(losses[name][half:], losses[against][half:], generator(seed, Purpose.POPULATION, 0, 3))
                found.append(PriceRatio(word, tolerance, len(equilibria), name, against, *cost))
    return tuple(found)
