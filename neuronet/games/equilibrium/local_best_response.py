"""Distance of each neuron from its local best response over training: Propositions 4 and 5 of docs/theory.md.

A neuron that may move its activity within a small ball has an exact best response, the solution of the trust-region problem of
Proposition 4. The distances compare it with the feedback of the neuron's own policy. By Proposition 5, no neuron can gain to
first order by its own synapses exactly where the loss is stationary; to second order it can. Attention counts by the measure
w^2 / 2, listeners respond by SGD, and their demands are those before the move.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from neuronet.core import Array, Group, Layers, Memory, Observation, Policy, Wrapper, parse_activation, solve_trust_region
from neuronet.engines.base import Setup, State
from neuronet.engines.tensors import TensorEngine
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.profiles import Profile, cached_short_name, parse_profile
from neuronet.games.simulation.training import training_checkpoints
from neuronet.policies import AttentionSeeking
from neuronet.training import as_numpy

RELATIVE_RADIUS = 0.01
"""Radius of the ball in which a neuron may move its activity over the batch, relative to the norm of the activity."""

DISTANCES = ("missed_gain", "angle", "attainable_gain", "slope")


@dataclass(frozen=True)
class _RecordingPolicy(Wrapper):
    """Wrapper that records the observation fields and the feedback of each round."""

    policy: Policy = field(default_factory=AttentionSeeking)
    records: list[dict[str, Floats]] = field(default_factory=list, compare=False)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        feedback = super().feedback(obs, memory)
        fields = {name: getattr(obs, name) for name in ("attention", "demand", "activity", "potential", "speaker_activity")}
        self.records.append(
            {name: as_numpy(array).astype(np.float64) for name, array in {**fields, "feedback": feedback}.items()}
        )
        return feedback


def distances(
    game_setup: GameSetup, start: InitialState, profile: Profile | None = None, *, relative_radius: float = RELATIVE_RADIUS
) -> pd.DataFrame:
    """Return the distances of the hidden neurons from their local best responses, on the probe batch.

    Args:
        game_setup: Settings of the game.
        start: State of the network.
        profile: Policies of the neurons; None for those by which the state was reached, or attention-seeking.
        relative_radius: Radius of the ball, relative to the norm of the neuron's activity.

    Returns:
        One row per hidden neuron, with the columns round, seed, layer, neuron, policy and
        missed_gain: fraction of the best response's gain that a move of equal length along the feedback misses, 0 to 2;
        angle: angle between the two moves, in degrees;
        attainable_gain: gain of the best response, in units of the anticipated attention;
        slope: norm of the gradient of the utility in the neuron's own synapses, per unit of learning rate.
        The first three are nan for a neuron without activity or without demand.
    """
    given = start.layers if profile is None else profile
    population = parse_profile(AttentionSeeking() if given is None else given)
    setup = setup_of(game_setup, population.groups(start.network, start.seed), start.network, start.seed)
    parts = []
    for layer, groups in enumerate(_record_probe(game_setup, setup, start), start=1):
        slope = parse_activation(setup.network.activations[layer - 1]).slope
        for group, record in groups:
            slopes = slope(np, record["potential"], record["activity"])
            measured = _compute_distances(record, setup.learning_rate, relative_radius, slopes)
            index = {"round": start.round, "seed": start.seed, "layer": layer, "neuron": np.array(group.members)}
            parts.append(pd.DataFrame({**index, "policy": cached_short_name(group.policy), **measured}))
    return pd.concat(parts, ignore_index=True).sort_values(["layer", "neuron"], ignore_index=True)


def distances_over_training(game_setup: GameSetup, profile: Profile, seed: int, rounds: Sequence[int]) -> pd.DataFrame:
    """Return the distances of each neuron after each of several numbers of rounds, ascending."""
    starts = training_checkpoints(game_setup, profile, seed, rounds)
    return pd.concat([distances(game_setup, start) for start in starts], ignore_index=True)


def _record_probe(game_setup: GameSetup, setup: Setup, start: InitialState) -> list[list[tuple[Group, dict[str, Floats]]]]:
    """Play the probe batch and return the observations and feedback of each group of each hidden layer."""
    depth = len(game_setup.sizes) - 2
    recording = [[(group, _RecordingPolicy(group.policy)) for group in setup.groups(layer)] for layer in range(1, depth + 1)]
    wrapped = (tuple(Group(policy, group.members) for group, policy in layer) for layer in recording)
    layers: Layers = (*wrapped, setup.groups(depth + 1))
    with closing(TensorEngine(replace(setup, policies=layers), device="cpu")) as engine:
        if start.state is not None:
            engine.restore(_with_wrapped_names(start.state, depth))
        engine.play(game_setup.probe_samples.inputs, game_setup.probe_samples.targets)
    return [[(group, policy.records[-1]) for group, policy in layer] for layer in recording]


def _with_wrapped_names(state: State, hidden: int) -> State:
    """Return the state with the memory of hidden neurons named as that of a wrapped policy."""
    for layer in range(1, hidden + 1):
        memories = [{f"policy.{name}": array for name, array in memory.items()} for memory in state.layer(layer).memories]
        state = state.with_layer(layer, memories=tuple(memories))
    return state


def _compute_distances(record: dict[str, Floats], rate: float, relative_radius: float, slope: Floats) -> dict[str, Floats]:
    """Return the four distances of J neurons, (J,) each."""
    activity, demand, attention = record["activity"].T, record["demand"], record["attention"].T
    matrix = rate / len(demand) * demand.T  # derivative of the anticipated attention by the activity
    anticipated = attention + activity @ matrix.T
    norms = np.linalg.norm(activity, axis=1)
    defined = (norms > 0) & (np.linalg.norm(matrix) > 0)
    own = record["feedback"].T
    result = {name: np.full(len(activity), np.nan) for name in DISTANCES}
    for j in np.flatnonzero(defined):
        radius = relative_radius * norms[j]
        best = solve_trust_region(np, matrix, anticipated[j], radius).step
        best_gain = _gain(matrix, anticipated[j], best)
        norm = np.linalg.norm(own[j])
        step = own[j] * (radius / norm) if norm > 0 else np.zeros_like(best)
        cosine = float(np.clip(step @ best / radius**2, -1, 1))
        result["angle"][j] = np.degrees(np.arccos(cosine)) if norm > 0 else np.nan
        result["missed_gain"][j] = 1.0 - _gain(matrix, anticipated[j], step) / best_gain if best_gain > 0 else np.nan
        result["attainable_gain"][j] = best_gain / (0.5 * anticipated[j] @ anticipated[j]) if anticipated[j].any() else np.nan
    potential_gradient = (demand @ record["attention"]) * slope
    inputs_with_bias = np.column_stack((record["speaker_activity"], np.ones(len(demand))))
    result["slope"] = np.linalg.norm(potential_gradient.T @ inputs_with_bias / len(demand), axis=1)
    return result


def _gain(matrix: Floats, anticipated: Floats, step: Floats) -> float:
    """Return the increase of utility by a move of the activity, after the listeners' response."""
    change = matrix @ step
    return float(anticipated @ change + 0.5 * change @ change)


def mean_distances(table: pd.DataFrame) -> pd.DataFrame:
    """Return the median of each distance over the neurons of a layer, one row per round, seed and layer."""
    return table.groupby(["round", "seed", "layer"], sort=True)[list(DISTANCES)].median().reset_index()
