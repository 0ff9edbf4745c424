"""Alignment: how the update of each layer, and of each group of neurons, agrees with that of error backpropagation.

On one batch, always the same, from the weights as they are at the end of an epoch. The update is what the neurons intend per unit
of learning rate, before the optimizer; backpropagation's is torch's own, by autograd. Messages pass the run's channels, but
without delay, since both are about the same batch; backpropagation's network has none. Everybody acts, whoever's turn it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch
from torch import Tensor

from neuronet.baselines.backprop import Layer, activities, losses, negative_gradient
from neuronet.channels import memoryless_channels
from neuronet.core.environment import Environment, Samples
from neuronet.core.learning.optimizers import SGD
from neuronet.core.learning.update_schedule import Synchronous
from neuronet.core.payoff import Payoff
from neuronet.core.policy import Policy
from neuronet.engines.base.engine import Setup, State, expected_arrays
from neuronet.engines.tensors import tensor_engine
from neuronet.registry import short_name

BATCH = 256
"""Training samples on which updates are compared, evenly spread over all."""

MAX_LESION_SAMPLES = 1000
"""Test samples, at most, on which it is measured what is lost without a group."""

ALL_GROUPS = "all"
WHOLE_NETWORK = 0


@dataclass(frozen=True, eq=False)
class NeuronSet:
    """Some neurons whose updates are measured together.

    Attributes:
        layer: Where they are, 1 for the first that listens; 0 if in all layers.
        group: "all", or the number of their group; in all layers, the number of their policy in the order of appearance.
        policy: Theirs as a text; of a whole layer that is mixed, "".
        members: For each listening layer (R, J), True where they are.
    """

    layer: int
    group: str
    policy: str
    members: tuple[Tensor, ...]


def build_neuron_sets(setups: Sequence[Setup]) -> list[NeuronSet]:
    """Every layer, every group of a mixed layer, the whole network, and everybody who follows the same policy."""
    sizes = setups[0].network.sizes[1:]
    layers = range(1, len(sizes) + 1)
    neuron_sets = []
    found: list[tuple[Policy, list[tuple[int, int]]]] = []
    for layer in layers:
        groups = setups[0].groups(layer)
        for number, group in enumerate(groups):
            same = next((places for policy, places in found if policy == group.policy), None)
            if same is None:
                found.append((group.policy, [(layer, number)]))
            else:
                same.append((layer, number))
        all_groups = [(layer, number) for number in range(len(groups))]
        policy = short_name(groups[0].policy) if len(groups) == 1 else ""
        neuron_sets.append(NeuronSet(layer, ALL_GROUPS, policy, _members(setups, all_groups)))
        if len(groups) > 1:
            neuron_sets += [
                NeuronSet(layer, str(n), short_name(group.policy), _members(setups, [(layer, n)]))
                for n, group in enumerate(groups)
            ]
    all_places = [place for _, places in found for place in places]
    policy = short_name(found[0][0]) if len(found) == 1 else ""
    neuron_sets.append(NeuronSet(WHOLE_NETWORK, ALL_GROUPS, policy, _members(setups, all_places)))
    for number, (followed_policy, places) in enumerate(found if len(found) > 1 else ()):
        neuron_sets.append(NeuronSet(WHOLE_NETWORK, str(number), short_name(followed_policy), _members(setups, places)))
    return neuron_sets


def _members(setups: Sequence[Setup], places: Sequence[tuple[int, int]]) -> tuple[Tensor, ...]:
    """Masks of the groups at these places, (layer, number of the group)."""
    masks = [torch.zeros(len(setups), size, dtype=torch.bool) for size in setups[0].network.sizes[1:]]
    for replica, setup in enumerate(setups):
        for layer, number in places:
            masks[layer - 1][replica, list(setup.groups(layer)[number].members)] = True
    return tuple(masks)


class Alignment:
    """Measures the alignment of a game.

    Args:
        setups: The game of each replica.
        environment: Its world.
    """

    def __init__(self, setups: Sequence[Setup], environment: Environment) -> None:
        channels = memoryless_channels(setups[0].channels)
        self.setups = [
            replace(each, optimizer=SGD(), dtype="float64", channels=channels, update_schedule=Synchronous()) for each in setups
        ]
        self.payoff: Payoff = environment.payoff
        train, test = environment.train, environment.test
        self._batch = _tensors(train.at(_evenly_spaced(len(train), BATCH)))
        self._test_batch = _tensors(test.at(_evenly_spaced(len(test), MAX_LESION_SAMPLES)))
        self._probe = tensor_engine(self.setups, len(self._batch), device="cpu")
        self.neuron_sets = build_neuron_sets(self.setups)

    def measure(self, state: State, epoch: int) -> list[dict[str, Any]]:
        """The rows of the record for this state, by the names of the record's columns.

        cosine, angle (degrees) and norm_ratio (the update's length by that of backpropagation's) are nan where they mean nothing.
        attention_share is the part that the neurons hold of the attention `w^2 / 2` that their layers receive; accuracy_lost
        (of 1) and loss_gained are what silencing them costs: each says its mean over the samples, whatever it hears. Output
        neurons count in neither.
        """
        layers = self._layers(state)
        ours = self._updates(state)
        theirs = negative_gradient(layers, self.payoff, self._batch)
        baseline = self._evaluate(layers, None)
        rows = []
        for neuron_set in self.neuron_sets:
            numbers = {**_agreement(neuron_set, ours, theirs), "attention_share": _attention_share(neuron_set, layers)}
            lesioned = self._evaluate(layers, neuron_set) if any(bool(mask.any()) for mask in neuron_set.members[:-1]) else None
            for replica in range(len(self.setups)):
                row: dict[str, Any] = {"epoch": epoch, "round": state.round, "replica": replica}
                row |= {"layer": neuron_set.layer, "group": neuron_set.group, "policy": neuron_set.policy}
                row["neurons"] = sum(int(mask[replica].sum()) for mask in neuron_set.members)
                row |= {name: float(values[replica]) for name, values in numbers.items()}
                row["accuracy_lost"] = math.nan if lesioned is None else float(baseline[1][replica] - lesioned[1][replica])
                row["loss_gained"] = math.nan if lesioned is None else float(lesioned[0][replica] - baseline[0][replica])
                rows.append(row)
        return rows

    def _layers(self, state: State) -> list[Layer]:
        names, masks = self.setups[0].network.activations, [each.network.masks for each in self.setups]
        lead = len(self.setups) > 1
        found = []
        for number, name in enumerate(names, start=1):
            parts = [torch.as_tensor(state.arrays[f"{number}.{kind}"], dtype=torch.float64) for kind in ("weights", "bias")]
            weights, bias = parts if lead else [part[None] for part in parts]
            layer_masks = [each[number - 1] for each in masks]
            mask = None
            if any(each is not None for each in layer_masks):
                mask = torch.tensor(np.stack([np.ones(weights.shape[1:]) if each is None else each for each in layer_masks]))
            is_silent = np.stack([each.is_silent(number - 1) for each in self.setups])
            if is_silent.any():  # who is silent might as well not be listened to
                not_silent = torch.tensor(~is_silent)[:, None, :].to(torch.float64).expand(weights.shape)
                weights, mask = weights * not_silent, not_silent if mask is None else mask * not_silent
            found.append((weights, bias, mask, name))
        return found

    def _updates(self, state: State) -> list[Tensor]:
        """What the neurons intend, (R, J, S) each: a round is played from this state, and forgotten."""
        known = State(state.round, {name: state.arrays[name] for name in expected_arrays(self.setups[0])})
        self._probe.restore(known)
        before = _synapses(self._probe.state(), self.setups)
        self._probe.play(self._batch.inputs, self._batch.targets)
        after = _synapses(self._probe.state(), self.setups)
        rates = torch.tensor([each.learning_rate for each in self.setups], dtype=torch.float64)[:, None, None]
        return [(b - a) / rates for a, b in zip(before, after, strict=True)]

    def _evaluate(self, layers: Sequence[Layer], silenced: NeuronSet | None) -> tuple[Tensor, Tensor]:
        """Mean loss and accuracy of each replica, (R,) each; accuracy is nan where targets are values."""
        activity = self._test_batch.inputs
        for number, layer in enumerate(layers):
            (activity,) = activities([layer], activity)
            if silenced is not None and number < len(layers) - 1:
                members = silenced.members[number][:, None, :]
                activity = torch.where(members, activity.mean(dim=-2, keepdim=True), activity)
        loss = losses(self.payoff, activity, self._test_batch.targets).mean(dim=-1)
        right = self.payoff.correct(xp, activity, self._test_batch.targets)
        return loss, torch.full_like(loss, math.nan) if right is None else right.to(loss.dtype).mean(dim=-1)


def _agreement(neuron_set: NeuronSet, ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> Mapping[str, Tensor]:
    product, our_square, their_square = (torch.zeros(len(ours[0]), dtype=torch.float64) for _ in range(3))
    for mask, one, other in zip(neuron_set.members, ours, theirs, strict=True):
        mask_3d = mask[..., None]
        product += (one * other * mask_3d).sum(dim=(-2, -1))
        our_square += (one * one * mask_3d).sum(dim=(-2, -1))
        their_square += (other * other * mask_3d).sum(dim=(-2, -1))
    cosine = (product / (our_square * their_square).sqrt()).clamp(-1, 1)
    return {
        "cosine": cosine,
        "angle": cosine.arccos().rad2deg(),
        "norm_ratio": torch.where(their_square > 0, our_square / their_square, math.nan).sqrt(),
    }


def _attention_share(neuron_set: NeuronSet, layers: Sequence[Layer]) -> Tensor:
    """Their part of the attention that their layers receive; nan for output neurons."""
    held, total = (torch.zeros(len(layers[0][0]), dtype=torch.float64) for _ in range(2))
    for mask, above in zip(neuron_set.members[:-1], layers[1:], strict=True):
        received = (above[0] ** 2).sum(dim=-2)
        if bool(mask.any()):
            held += (received * mask).sum(dim=-1)
            total += received.sum(dim=-1)
    return held / total


def _synapses(state: State, setups: Sequence[Setup]) -> list[Tensor]:
    found = []
    for number in range(1, len(setups[0].network.sizes)):
        weights, bias = (torch.as_tensor(state.arrays[f"{number}.{kind}"]) for kind in ("weights", "bias"))
        whole = torch.cat((weights, bias[..., None]), dim=-1)
        found.append(whole if len(setups) > 1 else whole[None])
    return found


def _evenly_spaced(count: int, max_count: int) -> Any:
    return np.linspace(0, count - 1, min(count, max_count)).round().astype(np.int64)


def _tensors(samples: Samples) -> Samples:
    targets = torch.tensor(samples.targets)
    targets = targets.double() if targets.is_floating_point() else targets
    return Samples(torch.tensor(samples.inputs, dtype=torch.float64), targets)
