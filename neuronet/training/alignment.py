"""Alignment of the updates of layers and groups of neurons with those of error backpropagation.

Both updates are computed on one fixed batch, from the weights at the end of an epoch. The neurons' update is their intended
change per unit of learning rate, before the optimizer; that of backpropagation comes from autograd. Messages pass the run's
channels without delay, since both updates must be about the same batch; backpropagation has no channels. All neurons act,
whatever the update schedule.
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

from neuronet.baselines import Layer, activities, losses, negative_gradient
from neuronet.channels import memoryless_channels
from neuronet.core import SGD, Environment, Payoff, Policy, Samples, Synchronous
from neuronet.engines.base import Setup, State, dense_game, to_dense_state
from neuronet.engines.tensors import tensor_engine
from neuronet.registry import short_name

BATCH = 256
"""Training samples on which updates are compared, evenly spaced over all."""

MAX_LESION_SAMPLES = 1000
"""Test samples, at most, on which the effect of silencing a group is measured."""

ALL_GROUPS = "all"
WHOLE_NETWORK = 0


@dataclass(frozen=True, eq=False)
class NeuronSet:
    """Set of neurons that are measured together.

    Attributes:
        layer: Layer of the neurons, 1 for the first listening layer; 0 for all layers.
        group: "all", or the number of the group; where layer is 0, the number of the policy in order of appearance.
        policy: Short name of the policy; "" for a mixed layer.
        members: Mask of the neurons in each listening layer, (R, J) each.
    """

    layer: int
    group: str
    policy: str
    members: tuple[Tensor, ...]


def build_neuron_sets(setups: Sequence[Setup]) -> list[NeuronSet]:
    """Return each layer, each group of a mixed layer, the whole network, and all neurons of each policy if there are several."""
    sizes = setups[0].network.sizes[1:]
    layers = range(1, len(sizes) + 1)
    neuron_sets = []
    found: list[tuple[Policy, list[tuple[int, int]]]] = []
    for layer in layers:
        groups = setups[0].groups(layer)
        for number, group in enumerate(groups):
            same = next((positions for policy, positions in found if policy == group.policy), None)
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
    all_positions = [position for _, positions in found for position in positions]
    policy = short_name(found[0][0]) if len(found) == 1 else ""
    neuron_sets.append(NeuronSet(WHOLE_NETWORK, ALL_GROUPS, policy, _members(setups, all_positions)))
    for number, (group_policy, positions) in enumerate(found if len(found) > 1 else ()):
        neuron_sets.append(NeuronSet(WHOLE_NETWORK, str(number), short_name(group_policy), _members(setups, positions)))
    return neuron_sets


def _members(setups: Sequence[Setup], positions: Sequence[tuple[int, int]]) -> tuple[Tensor, ...]:
    """Return the masks of groups, given as (layer, number of the group)."""
    masks = [torch.zeros(len(setups), size, dtype=torch.bool) for size in setups[0].network.sizes[1:]]
    for replica, setup in enumerate(setups):
        for layer, number in positions:
            masks[layer - 1][replica, list(setup.groups(layer)[number].members)] = True
    return tuple(masks)


class Alignment:
    """Measurement of the alignment of a network, prepared once and repeated after every epoch.

    Args:
        setups: Setup of each replica.
        environment: Environment of the run.
    """

    def __init__(self, setups: Sequence[Setup], environment: Environment) -> None:
        channels = memoryless_channels(setups[0].channels)
        self._given = setups[0]
        changes: dict[str, Any] = {"optimizer": SGD(), "dtype": "float64", "channels": channels, "update_schedule": Synchronous()}
        self.setups = [replace(dense_game(setup), **changes) for setup in setups]
        self.payoff: Payoff = environment.payoff
        train, test = environment.train, environment.test
        self._batch = _tensors(train.at(_evenly_spaced(len(train), BATCH)))
        self._test_batch = _tensors(test.at(_evenly_spaced(len(test), MAX_LESION_SAMPLES)))
        self._probe = tensor_engine(self.setups, len(self._batch), device="cpu")
        self.neuron_sets = build_neuron_sets(self.setups)

    def measure(self, state: State, epoch: int) -> list[dict[str, Any]]:
        """Return a row for each neuron set and replica, keyed by ALIGNMENT_COLUMNS.

        cosine, angle (degrees) and norm_ratio (length of the update relative to backpropagation's) are nan where they are
        undefined. attention_share is the neurons' part of the attention `w^2 / 2` that their layers receive. accuracy_lost
        (0 to 1) and loss_gained are the effect of silencing the neurons: each says its mean over the samples. Output neurons
        count in neither of the last three.

        Args:
            state: State of the engine.
            epoch: Number of the epoch, for the rows.
        """
        state = to_dense_state(state, self._given)  # sparse games have a single replica
        layers = self._layers(state)
        intended = self._updates(state)
        gradient = negative_gradient(layers, self.payoff, self._batch)
        baseline = self._evaluate(layers, None)
        rows = []
        for neuron_set in self.neuron_sets:
            numbers = {**_agreement(neuron_set, intended, gradient), "attention_share": _attention_share(neuron_set, layers)}
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
        names, masks = self.setups[0].network.activations, [setup.network.masks for setup in self.setups]
        lead = len(self.setups) > 1
        found = []
        for number, (name, layer) in enumerate(zip(names, state.layers, strict=True), start=1):
            parts = [torch.as_tensor(array, dtype=torch.float64) for array in (layer.weights, layer.bias)]
            weights, bias = parts if lead else [part[None] for part in parts]
            layer_masks = [replica_masks[number - 1] for replica_masks in masks]
            mask = None
            if any(layer_mask is not None for layer_mask in layer_masks):
                ones = np.ones(weights.shape[1:])
                mask = torch.tensor(np.stack([ones if layer_mask is None else layer_mask for layer_mask in layer_masks]))
            is_silent = np.stack([setup.is_silent(number - 1) for setup in self.setups])
            if is_silent.any():  # a silent speaker equals a missing connection
                not_silent = torch.tensor(~is_silent)[:, None, :].to(torch.float64).expand(weights.shape)
                weights, mask = weights * not_silent, not_silent if mask is None else mask * not_silent
            found.append((weights, bias, mask, name))
        return found

    def _updates(self, state: State) -> list[Tensor]:
        """Return the neurons' intended changes, (R, J, S) each, from a round of the probe engine."""
        layers = tuple(replace(layer, optimizer={}) for layer in state.layers)
        self._probe.restore(State(state.round, layers))  # the probe has neither an optimizer's arrays nor delays
        before = _synapses(self._probe.state(), self.setups)
        self._probe.play(self._batch.inputs, self._batch.targets)
        after = _synapses(self._probe.state(), self.setups)
        rates = torch.tensor([setup.learning_rate for setup in self.setups], dtype=torch.float64)[:, None, None]
        return [(new - old) / rates for old, new in zip(before, after, strict=True)]

    def _evaluate(self, layers: Sequence[Layer], silenced: NeuronSet | None) -> tuple[Tensor, Tensor]:
        """Return mean loss and accuracy of each replica, (R,) each; the accuracy is nan where targets are values."""
        activity = self._test_batch.inputs
        for number, layer in enumerate(layers):
            (activity,) = activities([layer], activity)
            if silenced is not None and number < len(layers) - 1:
                members = silenced.members[number][:, None, :]
                activity = torch.where(members, activity.mean(dim=-2, keepdim=True), activity)
        loss = losses(self.payoff, activity, self._test_batch.targets).mean(dim=-1)
        correct = self.payoff.correct(xp, activity, self._test_batch.targets)
        return loss, torch.full_like(loss, math.nan) if correct is None else correct.to(loss.dtype).mean(dim=-1)


def _agreement(neuron_set: NeuronSet, intended: Sequence[Tensor], gradient: Sequence[Tensor]) -> Mapping[str, Tensor]:
    product, intended_square, gradient_square = (torch.zeros(len(intended[0]), dtype=torch.float64) for _ in range(3))
    for mask, update, reference in zip(neuron_set.members, intended, gradient, strict=True):
        synapses = mask[..., None]
        product += (update * reference * synapses).sum(dim=(-2, -1))
        intended_square += (update * update * synapses).sum(dim=(-2, -1))
        gradient_square += (reference * reference * synapses).sum(dim=(-2, -1))
    cosine = (product / (intended_square * gradient_square).sqrt()).clamp(-1, 1)
    return {
        "cosine": cosine,
        "angle": cosine.arccos().rad2deg(),
        "norm_ratio": torch.where(gradient_square > 0, intended_square / gradient_square, math.nan).sqrt(),
    }


def _attention_share(neuron_set: NeuronSet, layers: Sequence[Layer]) -> Tensor:
    """Return the neurons' part of the attention that their layers receive; nan for output neurons."""
    held, total = (torch.zeros(len(layers[0][0]), dtype=torch.float64) for _ in range(2))
    for mask, above in zip(neuron_set.members[:-1], layers[1:], strict=True):
        received = (above[0] ** 2).sum(dim=-2)
        if bool(mask.any()):
            held += (received * mask).sum(dim=-1)
            total += received.sum(dim=-1)
    return held / total


def _synapses(state: State, setups: Sequence[Setup]) -> list[Tensor]:
    found = []
    for layer in state.layers:
        whole = torch.cat((torch.as_tensor(layer.weights), torch.as_tensor(layer.bias)[..., None]), dim=-1)
        found.append(whole if len(setups) > 1 else whole[None])
    return found


def _evenly_spaced(count: int, max_count: int) -> Any:
    return np.linspace(0, count - 1, min(count, max_count)).round().astype(np.int64)


def _tensors(samples: Samples) -> Samples:
    targets = torch.tensor(samples.targets)
    targets = targets.double() if targets.is_floating_point() else targets
    return Samples(torch.tensor(samples.inputs, dtype=torch.float64), targets)
