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
from neuronet.comparison.result import interval
from neuronet.core.batches import Batches
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.population import Shares
from neuronet.games.equilibrium.deviations import deviations, sample_of
from neuronet.games.equilibrium.exploitability import CONFIDENCE, exploit, upper_bounds
from neuronet.games.simulation.batched_games import JUDGED, setup_of
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.play import Profile, Situation, Start, layers_of, play
from neuronet.games.simulation.profiles import text_for
from neuronet.training.evaluation import as_numpy, judge

RESAMPLES = 2000
"""Of the bootstrap over seeds."""

TOLERANCES = (0.05, 0.25, 1.0)
"""Gains, in units of the mean payoff, up to which a profile counts as an equilibrium."""


@dataclass(frozen=True)
class Price:
    """A ratio of losses, with its 95% interval by the bootstrap over seeds.

    Attributes:
        name: "anarchy" or "stability".
        tolerance: Up to which gain a profile counts as an equilibrium.
        equilibria: How many profiles do.
        of: Whose loss, as a text.
        to: In units of whose.
        ratio: Of the mean losses.
        low: Of the interval.
        high: Of the interval.
    """

    name: str
    tolerance: float
    equilibria: int
    of: str
    to: str
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Welfare:
    """What every profile brought, and what selfishness costs.

    Attributes:
        profiles: A line for each profile, the best loss first: profile, loss, loss_low, loss_high, accuracy, welfare (the sum of
            all hidden neurons' attention), welfare_low, welfare_high; and of deviations, in units of the mean payoff: sure_gain
            (what a best response gains at least), largest_gain (what it gained), epsilon (what none tried exceeds), tried.
        losses: By profile, and by "backprop", the test loss of each seed.
        prices: Of anarchy and of stability, for each tolerance, against the best profile found and against backpropagation; none
            for a tolerance at which every profile is refuted.
    """

    profiles: pd.DataFrame
    losses: Mapping[str, Floats]
    prices: tuple[Price, ...]

    def table(self) -> pd.DataFrame:
        """A line for each price."""
        return pd.DataFrame([asdict(price) for price in self.prices], columns=[field.name for field in fields(Price)])


@dataclass(frozen=True)
class Trial:
    """How profiles are put to the test.

    Attributes:
        payoff: What deviators seek.
        deviators: Neurons of each layer that may deviate, by chance.
        networks: From how many fresh networks.
        choosing: From how many seeds best responses are chosen.
        measuring: From how many others they are measured, 2 or more.

    Raises:
        NeuroNetError: Something is out of range.
    """

    payoff: str = "attention"
    deviators: int = 4
    networks: int = 2
    choosing: int = 3
    measuring: int = 5

    def __post_init__(self) -> None:
        for name, least in (("deviators", 1), ("networks", 1), ("choosing", 1), ("measuring", 2)):
            check_number(name, getattr(self, name), least, whole=True)


def candidates(policies: Sequence[Policy]) -> dict[str, Profile]:
    """Societies of one policy, and of each two in equal shares, by their texts."""
    pure: dict[str, Profile] = {text_for(policy): policy for policy in policies}
    mixed = {
        f"{text_for(one)}:0.5,{text_for(other)}:0.5": Shares(((one, 0.5), (other, 0.5)))
        for one, other in combinations(policies, 2)
    }
    return {**pure, **mixed}


def welfare(
    situation: Situation,
    profiles: Mapping[str, Profile],
    policies: Sequence[Policy],
    seeds: Sequence[int],
    trial: Trial | None = None,
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> Welfare:
    """Play profiles from fresh networks, find out which may be equilibria, and what they cost.

    Args:
        situation: The game.
        profiles: By name.
        policies: What deviators try.
        seeds: Of the networks and all chance, four or more.
        trial: How profiles are put to the test.
        tolerances: Gains, in units of the mean payoff, up to which a profile counts as an equilibrium.

    Raises:
        NeuroNetError: There are too few seeds, or no profile.
    """
    how = trial or Trial()
    if len(seeds) < 4 or not profiles:
        raise NeuroNetError(f"welfare needs a profile and four seeds or more: two to choose by, two to measure; got {len(seeds)}")
    names = list(profiles)
    outcomes = play(situation, list(profiles.values()), seeds)
    together = sum(each.sum(axis=-1) for each in outcomes.payoffs["attention"])
    losses = {name: outcomes.loss[place] for place, name in enumerate(names)}
    rows = []
    for place, name in enumerate(names):
        loss, good = interval(outcomes.loss[place]), interval(np.asarray(together)[place])
        rows.append(
            {
                "profile": name,
                "loss": loss[0],
                "loss_low": loss[1],
                "loss_high": loss[2],
                "accuracy": float(outcomes.accuracy[place].mean()),
                "welfare": good[0],
                "welfare_low": good[1],
                "welfare_high": good[2],
                **tested(situation, profiles[name], policies, seeds, how),
            }
        )
    losses["backprop"] = backprop_losses(situation, seeds)
    table = pd.DataFrame(rows).sort_values("loss", ignore_index=True)
    return Welfare(table, losses, _prices(table, losses, tolerances, int(seeds[0])))


def tested(
    situation: Situation, profile: Profile, policies: Sequence[Policy], seeds: Sequence[int], trial: Trial
) -> dict[str, object]:
    """What single neurons gain by deviating in games from fresh networks: sure_gain, largest_gain, epsilon, tried."""
    first = max(seeds) + 1
    chance = range(first, first + trial.choosing + trial.measuring)
    who = sample_of(situation, trial.deviators, first)
    found = [
        deviations(situation, profile, policies, chance, Start(situation.network(seed), seed), deviators=who)
        for seed in seeds[: trial.networks]
    ]
    tried = sum(each.tried for each in found)
    largest, epsilon, sure = -np.inf, 0.0, 0.0
    for each in found:
        choosing, measuring = each.of(slice(0, trial.choosing)), each.of(slice(trial.choosing, None))
        study = exploit(choosing, measuring, trial.payoff, tried=tried)
        usual = abs(study.usual) or np.nan
        largest = max(largest, study.responses["gain"].max() / usual)
        epsilon = max(epsilon, study.epsilon / usual)
        count = len(study.responses) * len(found)
        lower = -upper_bounds(-study.gains, count, CONFIDENCE)
        sure = max(sure, float(np.nanmax(lower / usual, initial=0.0)))
    return {"sure_gain": sure, "largest_gain": largest, "epsilon": epsilon, "tried": tried}


def backprop_losses(situation: Situation, seeds: Sequence[int]) -> Floats:
    """The test loss of error backpropagation by autograd, from the same networks and batches, (S,)."""
    setups = [
        setup_of(situation, layers_of("attention", network, seed), network, seed)
        for seed, network in ((seed, situation.network(seed)) for seed in seeds)
    ]
    world = situation.environment
    with closing(Backprop(setups, device=situation.device)) as engine:
        train, test = engine.hold(world.train), engine.hold(world.test)
        batches = Batches(len(world.train), situation.batch_size, tuple(seeds))
        while engine.round_number < situation.rounds:
            order = batches.order(engine.round_number // batches.per_epoch)
            most = (situation.rounds - engine.round_number) * batches.size
            as_numpy(engine.play_rounds(train, order[..., :most], batches.size))
        loss, _ = judge(engine, world.payoff, test, len(seeds), JUDGED)
    return np.asarray(loss)


def _prices(table: pd.DataFrame, losses: Mapping[str, Floats], tolerances: Sequence[float], seed: int) -> tuple[Price, ...]:
    """Profiles are chosen by the first half of the seeds, and the second half says what they cost."""
    half = len(losses["backprop"]) // 2
    chosen = {name: float(losses[name][:half].mean()) for name in table["profile"]}
    known = table[[np.isfinite(chosen[name]) for name in table["profile"]]]
    found = []
    for tolerance in tolerances:
        equilibria = known.loc[known["sure_gain"] <= tolerance, "profile"].tolist()
        for word, pick in (("anarchy", max), ("stability", min)) if equilibria else ():
            name = pick(equilibria, key=lambda each: chosen[each])
            for against in (min(known["profile"], key=lambda each: chosen[each]), "backprop"):
                cost = ratio(losses[name][half:], losses[against][half:], seed)
                found.append(Price(word, tolerance, len(equilibria), name, against, *cost))
    return tuple(found)


def ratio(losses: Floats, others: Floats, seed: int) -> tuple[float, float, float]:
    """The ratio of mean losses of the same seeds, with its 95% interval by the bootstrap (Efron 1979)."""
    chance = generator(seed, Purpose.POPULATION, 0, 3)
    drawn = chance.integers(len(losses), size=(RESAMPLES, len(losses)))
    ratios = losses[drawn].mean(axis=1) / others[drawn].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(losses.mean() / others.mean()), float(low), float(high)
