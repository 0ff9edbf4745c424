"""Unilateral deviations: the gain of one neuron by another policy while all other neurons keep theirs.

Each deviation is replayed from the same initial state and seed as the profile, so that the difference of payoffs is due to the
deviation alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neuronet.core import ConfigurationError, Policy, Purpose, check_number, generator
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import Profile, cached_short_name, parse_profile, policies_of, with_deviation


@dataclass(frozen=True, eq=False)
class Deviations:
    """Gains of M neurons by each of D policies, from S seeds.

    Attributes:
        gains: For each payoff, the payoff with the deviation minus without, (D, M, S).
        baseline: For each payoff, the payoff without a deviation, (M, S).
        loss_increase: Change of the network's test loss, (D, M, S).
        deviators: Layer (1 for the first hidden layer) and index of each neuron.
        policies: Policies tried.
        own: Policy of each neuron in the profile.
        networks: Seed of each deviator's network.
        players: Number of hidden neurons of a network.
        seeds: Seeds of the sample order and of all other random draws.
        round: Round of the initial states.
    """

    gains: Mapping[str, Floats]
    baseline: Mapping[str, Floats]
    loss_increase: Floats
    deviators: tuple[tuple[int, int], ...]
    policies: tuple[Policy, ...]
    own: tuple[Policy, ...]
    networks: tuple[int, ...]
    players: int
    seeds: tuple[int, ...]
    round: int

    @property
    def num_tested(self) -> int:
        """Return the number of deviations: pairs of a neuron and a policy other than its own."""
        return sum(policy != own for own in self.own for policy in self.policies)

    def select_seeds(self, seeds: slice) -> Deviations:
        """Return the deviations restricted to a slice of the seeds."""
        gains = {kind: array[..., seeds] for kind, array in self.gains.items()}
        base = {kind: array[..., seeds] for kind, array in self.baseline.items()}
        return replace(self, gains=gains, baseline=base, loss_increase=self.loss_increase[..., seeds], seeds=self.seeds[seeds])

    def select_policies(self, indices: Sequence[int]) -> Deviations:
        """Return the deviations restricted to some policies, given by index."""
        gains = {kind: array[list(indices)] for kind, array in self.gains.items()}
        policies = tuple(self.policies[index] for index in indices)
        return replace(self, gains=gains, loss_increase=self.loss_increase[list(indices)], policies=policies)

    @property
    def deviator_table(self) -> pd.DataFrame:
        """Return one row per deviator: network, layer, neuron, and the policy that it plays."""
        table = pd.DataFrame(self.deviators, columns=["layer", "neuron"]).assign(plays=list(map(cached_short_name, self.own)))
        table.insert(0, "network", self.networks)
        return table

    def table(self) -> pd.DataFrame:
        """Return one row per deviator, policy and seed."""
        policies = pd.DataFrame({"round": self.round, "policy": [cached_short_name(policy) for policy in self.policies]})
        table = policies.merge(self.deviator_table, how="cross").merge(pd.DataFrame({"seed": self.seeds}), how="cross")
        shape = self.loss_increase.shape
        baseline = {f"{kind}_without": np.broadcast_to(array, shape) for kind, array in self.baseline.items() if kind != "loss"}
        gains = {f"{kind}_gain": array for kind, array in self.gains.items() if kind != "loss"}
        numbers = {**baseline, **gains, "loss_increase": self.loss_increase}
        return table.assign(**{name: array.reshape(-1) for name, array in numbers.items()})


def deviations(
    game_setup: GameSetup,
    profile: Profile,
    policies: Sequence[Policy],
    seeds: Sequence[int],
    start: InitialState,
    *,
    deviators: Sequence[tuple[int, int]] | None = None,
) -> Deviations:
    """Return the gains of neurons that deviate one at a time.

    Args:
        game_setup: Settings of the game.
        profile: Policies of the neurons.
        policies: Policies tried by the deviators.
        seeds: Seeds of the sample order and of all other random draws, equal with and without a deviation.
        start: Initial state of all games.
        deviators: Layer (1 for the first hidden layer) and index of each neuron that may deviate; None for all hidden neurons.

    Raises:
        ConfigurationError: There is no deviator or no policy, or a deviator is not a hidden neuron.
    """
    sizes = game_setup.sizes
    layers = parse_profile(profile).groups(start.network, start.seed)
    hidden = [(layer, neuron) for layer, width in enumerate(game_setup.hidden, start=1) for neuron in range(width)]
    chosen = hidden if deviators is None else [(int(layer), int(neuron)) for layer, neuron in deviators]
    invalid = next((deviator for deviator in chosen if deviator not in set(hidden)), None)
    if invalid is not None:
        raise ConfigurationError(f"deviators must be (layer, index) of hidden neurons in {game_setup.hidden}, got {invalid}")
    if not chosen or not policies:
        raise ConfigurationError("deviators and policies must not be empty")
    own = policies_of(layers, sizes)
    base = play(game_setup, [layers], seeds, start)
    profiles = [with_deviation(layers, sizes, *deviator, policy) for policy in policies for deviator in chosen]
    deviating = play(game_setup, profiles, seeds, start)
    shape = (len(policies), len(chosen), len(seeds))
    gains, baseline = {}, {}
    for kind in game_setup.kinds:
        baseline[kind] = np.stack([base.payoffs[kind][layer - 1][0, :, neuron] for layer, neuron in chosen])
        with np.errstate(invalid="ignore"):  # a network may have diverged
            gains[kind] = _own_payoffs(deviating.payoffs[kind], chosen, shape) - baseline[kind]
    return Deviations(
        gains=gains,
        baseline=baseline,
        loss_increase=deviating.loss.reshape(shape) - base.loss[0],
        deviators=tuple(chosen),
        policies=tuple(policies),
        own=tuple(own[layer - 1][neuron] for layer, neuron in chosen),
        networks=(start.seed,) * len(chosen),
        players=len(hidden),
        seeds=tuple(seeds),
        round=start.round,
    )


def concatenate(parts: Sequence[Deviations]) -> Deviations:
    """Return the deviations of several networks as one object, concatenated along the axis of deviators.

    Args:
        parts: Deviations with equal policies, seeds and rounds.

    Raises:
        ConfigurationError: Policies, seeds or rounds differ.
    """
    first = parts[0]
    if any((part.policies, part.seeds, part.round) != (first.policies, first.seeds, first.round) for part in parts):
        raise ConfigurationError("deviations can be concatenated only with equal policies, seeds and rounds")
    return replace(
        first,
        gains={kind: np.concatenate([part.gains[kind] for part in parts], axis=1) for kind in first.gains},
        baseline={kind: np.concatenate([part.baseline[kind] for part in parts]) for kind in first.baseline},
        loss_increase=np.concatenate([part.loss_increase for part in parts], axis=1),
        deviators=tuple(deviator for part in parts for deviator in part.deviators),
        own=tuple(policy for part in parts for policy in part.own),
        networks=tuple(seed for part in parts for seed in part.networks),
    )


def _own_payoffs(payoffs: Sequence[Floats], chosen: Sequence[tuple[int, int]], shape: tuple[int, int, int]) -> Floats:
    """Return each deviator's own payoff, (D, M, S), from the payoffs of all neurons, (D * M, S, J) per layer."""
    result = np.empty(shape)
    for index, (layer, neuron) in enumerate(chosen):
        result[:, index] = payoffs[layer - 1].reshape(*shape, -1)[:, index, :, neuron]
    return result


def sample_deviators(game_setup: GameSetup, max_per_layer: int | None, seed: int) -> list[tuple[int, int]]:
    """Return hidden neurons that may deviate, as pairs of layer and index.

    Args:
        game_setup: Settings of the game.
        max_per_layer: Largest number of neurons per layer, drawn at random; None for all.
        seed: Seed of the draw.

    Raises:
        ConfigurationError: `max_per_layer` is below 1.
    """
    if max_per_layer is not None:
        check_number("deviators", max_per_layer, 1, whole=True)
    deviators = []
    for layer, width in enumerate(game_setup.hidden, start=1):
        order = np.arange(width)
        if max_per_layer is not None and max_per_layer < width:
            order = np.sort(generator(seed, Purpose.POPULATION, layer, 1).permutation(width)[:max_per_layer])
        deviators += [(layer, int(neuron)) for neuron in order]
    return deviators
