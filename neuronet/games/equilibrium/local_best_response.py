"""How far every neuron is from its local best response: Propositions 4 and 5 of docs/theory.md, over training.

A neuron that may move its activity within a small ball has an exact best response, by the trust-region problem of Proposition 4.
How much of what it would gain does the neuron's own policy leave? And how much is there to gain at all? By Proposition 5 nothing
is, to first order in its own synapses, exactly where the loss is stationary: there the neurons are at a local equilibrium.
Attention counts by the measure w^2 / 2, and listeners respond by the plain rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from neuronet.core.activation import activation_named
from neuronet.core.array_types import Array, Memory
from neuronet.core.policy import Observation, Policy, Wrapper
from neuronet.core.structure.population import Group, Layers
from neuronet.core.trust_region import furthest
from neuronet.engines.base.engine import Setup, State
from neuronet.engines.tensors import TensorEngine
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.play import Profile, Situation, Start, layers_of, moments
from neuronet.games.simulation.profiles import text_for
from neuronet.policies.attention.attention_seeking import AttentionSeeking
from neuronet.training.evaluation import as_numpy

REACH = 0.01
"""How far a neuron may move its activity over the batch, in lengths of it."""

DISTANCES = ("missed", "angle", "room", "slope")


@dataclass(frozen=True)
class _Overheard(Wrapper):
    """Plays as the policy it holds and takes notes: attention, demand, activity, potential, heard and feedback of each round."""

    policy: Policy = field(default_factory=AttentionSeeking)
    notes: list[dict[str, Floats]] = field(default_factory=list, compare=False)

    def feedback(self, seen: Observation, memory: Memory) -> Array:
        answer = super().feedback(seen, memory)
        sights = {name: getattr(seen, name) for name in ("attention", "demand", "activity", "potential", "heard")}
        self.notes.append({name: as_numpy(each).astype(np.float64) for name, each in {**sights, "feedback": answer}.items()})
        return answer


def distances(situation: Situation, start: Start, profile: Profile | None = None, *, reach: float = REACH) -> pd.DataFrame:
    """How far the hidden neurons are from their local best responses, on the situation's probe of training samples.

    Args:
        situation: The game.
        start: Where it stands.
        profile: Who follows which policy; None for those who did until then.
        reach: Radius of the ball, in lengths of the neuron's activity.

    Returns:
        A line for each hidden neuron, with columns round, seed, layer, neuron, policy and
        missed: the part of the best response's gain that a move of the same length along the policy's feedback leaves, 0 to 2;
        angle: between the two moves, degrees;
        room: the best response's gain, in units of the attention that the neuron is about to hold;
        slope: length of the slope of the neuron's utility in its own synapses, per unit of learning rate.
        What says nothing to any sample, or has nobody who demands, has no number in the first three.
    """
    layers = start.layers if profile is None else layers_of(profile, start.network, start.seed)
    layers = layers_of("attention", start.network, start.seed) if layers is None else layers
    setup = setup_of(situation, layers, start.network, start.seed)
    parts = []
    for layer, groups in enumerate(_overheard(situation, setup, start), start=1):
        slope = activation_named(setup.network.activations[layer - 1]).slope
        for group, note in groups:
            found = _measured(note, setup.learning_rate, reach, slope(np, note["potential"], note["activity"]))
            index = {"round": start.round, "seed": start.seed, "layer": layer, "neuron": np.array(group.members)}
            parts.append(pd.DataFrame({**index, "policy": text_for(group.policy), **found}))
    return pd.concat(parts, ignore_index=True).sort_values(["layer", "neuron"], ignore_index=True)


def over_training(situation: Situation, profile: Profile, seed: int, rounds: Sequence[int]) -> pd.DataFrame:
    """The distances of every neuron after so many rounds of training, for each number of them."""
    return pd.concat([distances(situation, start) for start in moments(situation, profile, seed, rounds)], ignore_index=True)


def _overheard(situation: Situation, setup: Setup, start: Start) -> list[list[tuple[Group, dict[str, Floats]]]]:
    """What the groups of each hidden layer see and answer when the probe is played."""
    depth = range(1, len(situation.sizes) - 1)
    groups = [setup.groups(layer) for layer in depth]
    listening = [[(group, _Overheard(group.policy)) for group in layer] for layer in groups]
    wrapped: Layers = tuple(tuple(Group(policy, group.members) for group, policy in layer) for layer in listening)
    with closing(TensorEngine(replace(setup, policies=(*wrapped, setup.policies[-1])), device="cpu")) as engine:  # type: ignore[index]
        if start.state is not None:
            engine.restore(_with_inner_names(start.state, len(depth)))
        samples = situation.probed
        engine.play(samples.inputs, samples.targets)
    return [[(group, policy.notes[-1]) for group, policy in layer] for layer in listening]


def _with_inner_names(state: State, hidden: int) -> State:
    """The state with the memory of hidden neurons named as that of a held policy."""
    arrays = {}
    for name, array in state.arrays.items():
        layer, group, *rest = name.split(".", 2)
        inner = rest and group.startswith("group") and int(layer) <= hidden
        arrays[f"{layer}.{group}.policy.{rest[0]}" if inner else name] = array
    return State(state.round, arrays)


def _measured(note: dict[str, Floats], rate: float, reach: float, slope: Floats) -> dict[str, Floats]:
    """The four distances of J neurons, (J,) each."""
    activity, demand, attention = note["activity"].T, note["demand"], note["attention"].T
    matrix = rate / len(demand) * demand.T  # how the coming attention hangs on a move of the activity
    coming = attention + activity @ matrix.T
    length = np.linalg.norm(activity, axis=1)
    alive = (length > 0) & (np.linalg.norm(matrix) > 0)
    own = note["feedback"].T
    found = {name: np.full(len(activity), np.nan) for name in DISTANCES}
    for j in np.flatnonzero(alive):
        radius = reach * length[j]
        best = furthest(np, matrix, coming[j], radius).step
        most = _gain(matrix, coming[j], best)
        size = np.linalg.norm(own[j])
        step = own[j] * (radius / size) if size > 0 else np.zeros_like(best)
        cosine = float(np.clip(step @ best / radius**2, -1, 1))
        found["angle"][j] = np.degrees(np.arccos(cosine)) if size > 0 else np.nan
        found["missed"][j] = 1.0 - _gain(matrix, coming[j], step) / most if most > 0 else np.nan
        found["room"][j] = most / (0.5 * coming[j] @ coming[j]) if coming[j].any() else np.nan
    wish = (demand @ note["attention"]) * slope
    heard = np.column_stack((note["heard"], np.ones(len(demand))))
    found["slope"] = np.linalg.norm(wish.T @ heard / len(demand), axis=1)
    return found


def _gain(matrix: Floats, coming: Floats, step: Floats) -> float:
    """What a move adds to the utility after the response."""
    change = matrix @ step
    return float(coming @ change + 0.5 * change @ change)


def mean_distances(table: pd.DataFrame) -> pd.DataFrame:
    """The median over neurons of each distance, for each round, seed and layer."""
    return table.groupby(["round", "seed", "layer"], sort=True)[list(DISTANCES)].median().reset_index()
