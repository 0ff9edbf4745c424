"""Evolution inside a living network: neurons learn, earn, and take over the policies of those who earn more.

A generation is some rounds of learning, after which neurons of the same hidden layer imitate each other. Weights stay where they
are: it is the policy that is taken over. What a policy keeps for a neuron is born anew with each change.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.population import Layers
from neuronet.engines.base.engine import State
from neuronet.games.evolution.switchable_policy import Chameleon, reborn
from neuronet.games.evolution.update_rules import Imitation
from neuronet.games.simulation.batched_games import Match
from neuronet.games.simulation.payoffs import Floats, payoffs_of
from neuronet.games.simulation.play import Profile, Situation, Start, layers_of, policies_of
from neuronet.games.simulation.profiles import text_for

EVOLUTION = 2
"""Second number of the place of its chance, after the layer; the third is the generation."""


@dataclass(frozen=True, eq=False)
class Evolution:
    """Who took over, and what became of the network.

    Attributes:
        composition: A line for each generation, seed, hidden layer and policy: generation, round, seed, layer, policy, neurons,
            share, and payoff (the mean of its followers in the generation before; nan where there were none, and at first).
        course: A line for each generation and seed: generation, round, seed, learnt (the mean loss of the samples played in the
            generation), loss and accuracy on test samples.
        policies: Which there were.
        imitation: How neurons imitated each other.
    """

    composition: pd.DataFrame
    course: pd.DataFrame
    policies: tuple[Policy, ...]
    imitation: Imitation

    def last(self) -> pd.DataFrame:
        """The composition at the end."""
        return self.composition[self.composition["generation"] == self.composition["generation"].max()]


class Colony:
    """Networks whose hidden neurons may change sides, one for each seed, all played at once.

    Args:
        situation: The game.
        policies: Which neurons may play, two or more.
        sides: For each hidden layer (R, J), the number of the policy that each neuron plays at first.
        outputs: What the output neurons play.
        seeds: Of the networks and all chance, R.
    """

    def __init__(
        self,
        situation: Situation,
        policies: Sequence[Policy],
        sides: Sequence[NDArray[np.int64]],
        outputs: Policy,
        seeds: Sequence[int],
    ) -> None:
        layers: Layers = (*[Chameleon(tuple(policies))] * len(situation.hidden), outputs)
        self.situation, self.seeds = situation, tuple(seeds)
        self.match = Match(situation, [(layers, Start(situation.network(seed), seed), seed) for seed in seeds])
        self.sides = [np.zeros(side.shape, dtype=np.int64) for side in sides]
        self._birth = self._memories(self.match.state())
        self.become(sides)

    def _memories(self, state: State) -> list[dict[str, NDArray[np.float64]]]:
        """What the hidden neurons keep, by name, (R, J, ...), for each layer: views of the state's arrays."""
        lead = len(self.seeds)
        return [
            {
                name.removeprefix(f"{layer}.group0."): array.reshape(
                    lead, width, *array.shape[array.ndim - _inner_axes(array, lead) :]
                )
                for name, array in state.arrays.items()
                if name.startswith(f"{layer}.group0.")
            }
            for layer, width in enumerate(self.situation.hidden, start=1)
        ]

    def become(self, sides: Sequence[NDArray[np.int64]]) -> None:
        """Let neurons change sides; those who stay keep what they keep."""
        changed = [old != new for old, new in zip(self.sides, sides, strict=True)]
        if not any(each.any() for each in changed):
            return
        state = self.match.state()
        for memory, birth, mask, side in zip(self._memories(state), self._birth, changed, sides, strict=True):
            reborn(memory, birth, mask, side)
        self.match.engine.restore(state)
        self.sides = [side.copy() for side in sides]

    def earn(self, rounds: int, payoff: str) -> tuple[tuple[Floats, ...], Floats]:
        """Play some rounds: what the neurons earned, (R, J) for each hidden layer, and the mean loss of the samples, (R,)."""
        before = self.match.holdings()
        learnt = self.match.go(rounds)
        return payoffs_of(before, self.match.holdings(), learnt)[payoff], learnt

    def imitated(self, earned: Sequence[Floats], imitation: Imitation, kinds: int, generation: int) -> list[NDArray[np.int64]]:
        """Who plays what after a generation."""
        return [
            np.stack(
                [
                    imitation.step(side, paid, kinds, generator(seed, Purpose.POPULATION, layer, EVOLUTION, generation))
                    for seed, side, paid in zip(self.seeds, sides, payoffs, strict=True)
                ]
            )
            for layer, (sides, payoffs) in enumerate(zip(self.sides, earned, strict=True), start=1)
        ]


def _inner_axes(array: NDArray[np.float64], lead: int) -> int:
    """How many axes of a memory come after that of the neurons; one network alone has no axis of replicas."""
    return array.ndim - (1 if lead == 1 else 2)


def evolve(
    situation: Situation,
    profile: Profile,
    seeds: Sequence[int],
    *,
    generations: int = 60,
    rounds: int = 15,
    imitation: Imitation | None = None,
    policies: Sequence[Policy] = (),
) -> Evolution:
    """Let the neurons of a network imitate each other while it learns.

    Args:
        situation: The game; its `rounds` play no part.
        profile: Who follows which policy at first, such as "attention:0.5,greedy:0.5".
        seeds: Of the networks and all chance.
        generations: How many.
        rounds: Of learning in a generation.
        imitation: How neurons imitate.
        policies: Which there are, in this order; those that nobody plays at first a mutation may bring. Others that somebody
            plays come after them.

    Raises:
        NeuroNetError: There are no two policies, or something is out of range.
    """
    check_number("generations", generations, 1, whole=True)
    check_number("rounds of a generation", rounds, 1, whole=True)
    how = imitation or Imitation()
    sizes = situation.sizes
    known = [policies_of(layers_of(profile, situation.network(seed), seed), sizes) for seed in seeds]
    first = [policy for network in known for layer in network[:-1] for policy in layer]
    every = [*policies, *first]
    kinds = tuple(each for place, each in enumerate(every) if each not in every[:place])
    sides = [np.array([[kinds.index(each) for each in network[n]] for network in known]) for n in range(len(sizes) - 2)]
    colony = Colony(situation, kinds, sides, known[0][-1][0], seeds)
    composition, course = [], []
    with closing(colony.match):
        composition += _counted(colony, kinds, 0, None)
        course += _judged(colony, 0, np.full(len(seeds), np.nan))
        for generation in range(1, generations + 1):
            earned, learnt = colony.earn(rounds, how.payoff)
            means = _means(colony.sides, earned, len(kinds))
            colony.become(colony.imitated(earned, how, len(kinds), generation))
            composition += _counted(colony, kinds, generation, means)
            course += _judged(colony, generation, learnt)
    return Evolution(pd.DataFrame(composition), pd.DataFrame(course), kinds, how)


def _means(sides: Sequence[NDArray[np.int64]], earned: Sequence[Floats], kinds: int) -> list[Floats]:
    """The mean payoff of each policy's followers, (R, kinds) for each layer; nan where there are none."""
    found = []
    for side, paid in zip(sides, earned, strict=True):
        mine = side[..., None] == np.arange(kinds)
        count = mine.sum(axis=1)
        total = np.where(mine, paid[..., None], 0.0).sum(axis=1)
        found.append(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
    return found


def _counted(colony: Colony, policies: Sequence[Policy], generation: int, means: list[Floats] | None) -> list[dict[str, object]]:
    return [
        {
            "generation": generation,
            "round": colony.match.engine.round_number,
            "seed": seed,
            "layer": layer,
            "policy": text_for(policy),
            "neurons": int((sides[place] == number).sum()),
            "share": float((sides[place] == number).mean()),
            "payoff": np.nan if means is None else float(means[layer - 1][place, number]),
        }
        for layer, sides in enumerate(colony.sides, start=1)
        for place, seed in enumerate(colony.seeds)
        for number, policy in enumerate(policies)
    ]


def _judged(colony: Colony, generation: int, learnt: Floats) -> list[dict[str, object]]:
    loss, accuracy = colony.match.judged()
    columns = zip(colony.seeds, learnt.tolist(), loss.tolist(), accuracy.tolist(), strict=True)
    number = colony.match.engine.round_number
    return [
        {"generation": generation, "round": number, "seed": seed, "learnt": a, "loss": b, "accuracy": c}
        for seed, a, b, c in columns
    ]


def pure_courses(
    situation: Situation, policies: Sequence[Policy], seeds: Sequence[int], *, generations: int, rounds: int
) -> pd.DataFrame:
    """What becomes of networks in which everybody plays the same policy throughout: the lines of `course`, with a policy each."""
    parts = []
    for policy in policies:
        games = [(layers_of(policy, start.network, start.seed), start, start.seed) for start in _fresh(situation, seeds)]
        with closing(Match(situation, games)) as match:
            for generation in range(generations + 1):
                learnt = match.go(rounds) if generation else np.full(len(seeds), np.nan)
                loss, accuracy = match.judged()
                columns = {"seed": seeds, "learnt": learnt, "loss": loss, "accuracy": accuracy}
                index = {"generation": generation, "round": match.engine.round_number}
                parts.append(pd.DataFrame({"policy": text_for(policy), **index, **columns}))
    return pd.concat(parts, ignore_index=True)


def _fresh(situation: Situation, seeds: Sequence[int]) -> list[Start]:
    return [Start(situation.network(seed), seed) for seed in seeds]


def check_layer(situation: Situation, layer: int) -> None:
    """Refuse a number that is no hidden layer's.

    Raises:
        NeuroNetError: It is not.
    """
    if isinstance(layer, bool) or not isinstance(layer, int) or not 1 <= layer <= len(situation.hidden):
        raise NeuroNetError(f"layer must be a hidden layer from 1 to {len(situation.hidden)}, got {layer!r}")
