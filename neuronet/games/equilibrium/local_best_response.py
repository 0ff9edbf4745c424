"""How far every neuron is from its local best response: Propositions 4 and 5 of docs/theory.md, over training.

A neuron that may move its activity within a small ball has an exact best response, by the trust-region problem of Proposition 4.
How much of what it would gain does the neuron's own policy leave? And how much is there to gain at all? By Proposition 5 nothing
is, to first order in its own synapses, exactly where the loss is stationary: there the neurons are at a local equilibrium.
Attention counts by the measure w^2 / 2, and listeners respond by SGD.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from neuronet.core.activation import parse_activation
from neuronet.core.array_types import Array, Memory
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.core.structure.population import Group, Layers
from neuronet.core.trust_region import solve_trust_region
from neuronet.engines.base import Setup, State
from neuronet.engines.tensors import TensorEngine
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.play import GameSetup, InitialState, Profile, layers_of, training_checkpoints
from neuronet.games.simulation.profiles import cached_short_name
from neuronet.policies.attention.attention_seeking import AttentionSeeking
from neuronet.training.evaluation import as_numpy

RELATIVE_RADIUS = 0.01
"""How far a neuron may move its activity over the batch, in lengths of it."""

DISTANCES = ("missed_gain", "angle", "attainable_gain", "slope")


@dataclass(frozen=True)
class _RecordingPolicy(Wrapper):
    """Plays as the policy it holds and takes notes: attention, demand, activity, potential, heard and feedback of each round."""

    policy: Policy = field(default_factory=AttentionSeeking)
    records: list[dict[str, Floats]] = field(default_factory=list, compare=False)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        feedback = super().feedback(obs, memory)
        fields = {name: getattr(obs, name) for name in ("attention", "demand", "activity", "potential", "speaker_activity")}
        self.records.append({name: as_numpy(each).astype(np.float64) for name, each in {**fields, "feedback": feedback}.items()})
        return feedback


def distances(
    game_setup: GameSetup, start: InitialState, profile: Profile | None = None, *, relative_radius: float = RELATIVE_RADIUS
) -> pd.DataFrame:
    """How far the hidden neurons are from their local best responses, on the situation's probe of training samples.

    Args:
        game_setup: The game.
        start: Where it stands.
        profile: Who follows which policy; None for those who did until then.
        relative_radius: Radius of the ball, in lengths of the neuron's activity.

    Returns:
        A line for each hidden neuron, with columns round, seed, layer, neuron, policy and
        missed_gain: the part of the best response's gain that a move of the same length along the policy's feedback leaves, 0
            to 2;
        angle: between the two moves, degrees;
        attainable_gain: the best response's gain, in units of the attention that the neuron is about to hold;
        slope: length of the slope of the neuron's utility in its own synapses, per unit of learning rate.
        What says nothing to any sample, or has nobody who demands, has no number in the first three.
    """
    layers = start.layers if profile is None else layers_of(profile, start.network, start.seed)
    layers = layers_of("attention", start.network, start.seed) if layers is None else layers
    setup = setup_of(game_setup, layers, start.network, start.seed)
    parts = []
    for layer, groups in enumerate(_record_probe(game_setup, setup, start), start=1):
        slope = parse_activation(setup.network.activations[layer - 1]).slope
        for group, record in groups:
            found = _compute_distances(
                record, setup.learning_rate, relative_radius, slope(np, record["potential"], record["activity"])
            )
            index = {"round": start.round, "seed": start.seed, "layer": layer, "neuron": np.array(group.members)}
            parts.append(pd.DataFrame({**index, "policy": cached_short_name(group.policy), **found}))
    return pd.concat(parts, ignore_index=True).sort_values(["layer", "neuron"], ignore_index=True)


def distances_over_training(game_setup: GameSetup, profile: Profile, seed: int, rounds: Sequence[int]) -> pd.DataFrame:
    """The distances of every neuron after so many rounds of training, for each number of them."""
    return pd.concat(
        [distances(game_setup, start) for start in training_checkpoints(game_setup, profile, seed, rounds)], ignore_index=True
    )


def _record_probe(game_setup: GameSetup, setup: Setup, start: InitialState) -> list[list[tuple[Group, dict[str, Floats]]]]:
    """What the groups of each hidden layer see and answer when the probe is played."""
    depth = range(1, len(game_setup.sizes) - 1)
    groups = [setup.groups(layer) for layer in depth]
    recording = [[(group, _RecordingPolicy(group.policy)) for group in layer] for layer in groups]
    wrapped: Layers = tuple(tuple(Group(policy, group.members) for group, policy in layer) for layer in recording)
    with closing(TensorEngine(replace(setup, policies=(*wrapped, setup.policies[-1])), device="cpu")) as engine:  # type: ignore[index]
        if start.state is not None:
            engine.restore(_with_wrapped_names(start.state, len(depth)))
        samples = game_setup.probe_samples
        engine.play(samples.inputs, samples.targets)
    return [[(group, policy.records[-1]) for group, policy in layer] for layer in recording]


def _with_wrapped_names(state: State, hidden: int) -> State:
    """The state with the memory of hidden neurons named as that of a held policy."""
    arrays = {}
    for name, array in state.arrays.items():
        layer, group, *rest = name.split(".", 2)
        inner = rest and group.startswith("group") and int(layer) <= hidden
        arrays[f"{layer}.{group}.policy.{rest[0]}" if inner else name] = array
    return State(state.round, arrays)


def _compute_distances(record: dict[str, Floats], rate: float, relative_radius: float, slope: Floats) -> dict[str, Floats]:
    """The four distances of J neurons, (J,) each."""
    activity, demand, attention = record["activity"].T, record["demand"], record["attention"].T
    matrix = rate / len(demand) * demand.T  # how the coming attention hangs on a move of the activity
    anticipated = attention + activity @ matrix.T
    length = np.linalg.norm(activity, axis=1)
    defined = (length > 0) & (np.linalg.norm(matrix) > 0)
    own = record["feedback"].T
    found = {name: np.full(len(activity), np.nan) for name in DISTANCES}
    for j in np.flatnonzero(defined):
        radius = relative_radius * length[j]
        best = solve_trust_region(np, matrix, anticipated[j], radius).step
        best_gain = _gain(matrix, anticipated[j], best)
        size = np.linalg.norm(own[j])
        step = own[j] * (radius / size) if size > 0 else np.zeros_like(best)
        cosine = float(np.clip(step @ best / radius**2, -1, 1))
        found["angle"][j] = np.degrees(np.arccos(cosine)) if size > 0 else np.nan
        found["missed_gain"][j] = 1.0 - _gain(matrix, anticipated[j], step) / best_gain if best_gain > 0 else np.nan
        found["attainable_gain"][j] = best_gain / (0.5 * anticipated[j] @ anticipated[j]) if anticipated[j].any() else np.nan
    potential_gradient = (demand @ record["attention"]) * slope
    inputs_with_bias = np.column_stack((record["speaker_activity"], np.ones(len(demand))))
    found["slope"] = np.linalg.norm(potential_gradient.T @ inputs_with_bias / len(demand), axis=1)
    return found


def _gain(matrix: Floats, anticipated: Floats, step: Floats) -> float:
    """What a move adds to the utility after the response."""
    change = matrix @ step
    return float(anticipated @ change + 0.5 * change @ change)


def mean_distances(table: pd.DataFrame) -> pd.DataFrame:
    """The median over neurons of each distance, for each round, seed and layer."""
    return table.groupby(["round", "seed", "layer"], sort=True)[list(DISTANCES)].median().reset_index()
