"""Recorder of traces: one row for each traced neuron in each traced round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from neuronet.core import ConfigurationError, Policy
from neuronet.engines.base import Engine, LayerSnapshot, Setup
from neuronet.execution import distributed
from neuronet.recording.traces.spec import VARIABLES, TraceSpec
from neuronet.recording.traces.store import COLUMNS, TraceStore
from neuronet.registry import short_name

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class TraceRecorder:
    """Recorder that measures neurons in the rounds that are traced.

    Args:
        traces: What to trace.
        engine: The engine to trace.
        initial_setups: Setup of each replica at the start of the run.
        per_epoch: Rounds in an epoch.
        store: Takes the rows.

    Raises:
        ConfigurationError: A trace selects no neurons, or the run is distributed.
    """

    def __init__(
        self, traces: Sequence[TraceSpec], engine: Engine, initial_setups: Sequence[Setup], per_epoch: int, store: TraceStore
    ) -> None:
        if distributed.world_size() > 1:
            raise ConfigurationError("traces are not supported in distributed runs: leave trace out, or start one process")
        self._traces = tuple(traces)
        self._intervals = [trace.interval(per_epoch) for trace in self._traces]
        self._selected_nodes = [
            [trace.select_nodes(setup.network, setup.seed, number) for setup in initial_setups]
            for number, trace in enumerate(self._traces)
        ]
        self._engine, self._per_epoch, self.store = engine, per_epoch, store
        self._old_synapses: dict[tuple[int, int], Floats] = {}
        self._policy_names: list[tuple[Policy, str]] = []
        self._selected_neurons: dict[tuple[int, int], tuple[Indices, dict[str, Any]]] = {}

    def _due_traces(self, number: int) -> list[int]:
        """Return the indices of the traces that are due in a round, from 1."""
        return [index for index, interval in enumerate(self._intervals) if number % interval == 0]

    def next_stop(self, played: int) -> int:
        """Return the number of rounds to play before the next traced one, at least 1.

        Args:
            played: Number of rounds played so far.
        """
        ahead = min(interval - played % interval for interval in self._intervals)
        return played + max(ahead - 1, 1)

    def begin_round(self) -> bool:
        """Return whether the next round is traced; if so, keep the weights before it."""
        self._selected_neurons = self._select_neurons(self._due_traces(self._engine.round_number + 1))
        snapshots = {layer: self._engine.layer_snapshot(layer) for _, layer in self._selected_neurons if layer}
        self._old_synapses = {
            (replica, layer): _synapses(snapshots[layer], self._replica_index(replica), indices)
            for (replica, layer), (indices, _) in self._selected_neurons.items()
            if layer
        }
        return bool(self._selected_neurons)

    def end_round(self) -> None:
        """Measure the round that has just been played, and store its rows."""
        setups, number = self._engine.setups, self._engine.round_number
        depth = len(setups[0].network.sizes)
        layers = {number for _, layer in self._selected_neurons for number in (layer, layer + 1) if number < depth}
        snapshots = {layer: self._engine.layer_snapshot(layer) for layer in layers}
        tables = []
        for (replica, layer), (indices, wanted) in self._selected_neurons.items():
            numbers = self._measure(replica, layer, indices, snapshots[layer], snapshots.get(layer + 1, LayerSnapshot()))
            table: dict[str, Any] = {"round": number, "epoch": (number - 1) // self._per_epoch + 1, "replica": replica}
            table |= self._describe_neurons(setups[replica], layer, indices)
            table |= {name: np.where(wanted[name], numbers[name], np.nan) for name in VARIABLES}
            tables.append(pd.DataFrame(table, columns=list(COLUMNS)))
        self.store.add(pd.concat(tables, ignore_index=True))

    def _replica_index(self, replica: int) -> Any:
        """Return the index of a replica in an array; an array of a single replica has no such axis."""
        return ... if len(self._engine.setups) == 1 else replica

    def _select_neurons(self, due: Sequence[int]) -> dict[tuple[int, int], tuple[Indices, dict[str, Any]]]:
        """Return, for each replica and layer with traced neurons, their indices, and for each variable whether it is traced."""
        found = {}
        for replica, setup in enumerate(self._engine.setups if due else ()):
            for layer in range(len(setup.network.sizes)):
                indices, wanted = self._select_in_layer(setup, replica, layer, due)
                if indices.size:
                    found[replica, layer] = indices, wanted
        return found

    def _select_in_layer(self, setup: Setup, replica: int, layer: int, due: Sequence[int]) -> tuple[Indices, dict[str, Any]]:
        """Return the indices of a layer's traced neurons, and for each variable whether it is traced for each of them."""
        nodes = setup.network.nodes[layer]
        wanted = {name: np.zeros(len(nodes), dtype=np.bool_) for name in VARIABLES}
        traced = np.zeros(len(nodes), dtype=np.bool_)
        for number in due:
            trace, chosen = self._traces[number], self._selected_nodes[number][replica]
            if chosen is not None:
                mask = np.isin(nodes, list(chosen))
            else:
                mask = np.full(len(nodes), layer in trace.layers(setup.network.sizes))
            traced |= mask
            for name in trace.variables:
                wanted[name] |= mask
        indices = np.flatnonzero(traced)
        return indices, {name: mask[indices] for name, mask in wanted.items()}

    def _describe_neurons(self, setup: Setup, layer: int, indices: Indices) -> dict[str, Any]:
        policies = (
            {member: self._policy_name(group.policy) for group in setup.groups(layer) for member in group.members}
            if layer
            else {}
        )
        nodes = setup.network.nodes[layer][indices]
        return {
            "layer": layer,
            "neuron": indices,
            "node": nodes,
            "policy": [policies.get(number, "") for number in indices.tolist()],
            "silent": setup.is_silent(layer)[indices],
            "frozen": np.isin(nodes, list(setup.frozen)),
        }

    def _policy_name(self, policy: Policy) -> str:
        """Return the name of a policy; it is cached, since finding it takes longer than a round."""
        known = next((name for other, name in self._policy_names if other is policy), None)
        if known is None:
            known = short_name(policy)
            self._policy_names.append((policy, known))
        return known

    def _measure(
        self, replica: int, layer: int, indices: Indices, snapshot: LayerSnapshot, above: LayerSnapshot
    ) -> dict[str, Floats]:
        replica_index, nothing = self._replica_index(replica), np.full(len(indices), np.nan)
        numbers = dict.fromkeys(VARIABLES, nothing)
        if above.weights is not None:
            whole: Any = above.weights if issparse(above.weights) else above.weights[replica_index]
            received = whole[:, indices].astype(np.float64)
            numbers["attention"] = (received * received).sum(axis=0) / 2  # both kinds of matrix multiply by entry
        if snapshot.weights is not None:
            synapses = _synapses(snapshot, replica_index, indices)
            numbers["paid"] = (synapses[:, :-1] ** 2).sum(axis=1) / 2
            numbers["bias"] = synapses[:, -1]
            numbers["change"] = np.sqrt(((synapses - self._old_synapses[replica, layer]) ** 2).sum(axis=1))
        if snapshot.activity is not None:
            activity = snapshot.activity[replica_index][:, indices].astype(np.float64)
            numbers["activity_mean"], numbers["activity_std"] = activity.mean(axis=0), activity.std(axis=0)
        if snapshot.demand is not None:
            demand = snapshot.demand[replica_index][:, indices].astype(np.float64)
            numbers["demand_rms"] = np.sqrt((demand * demand).mean(axis=0))
        return numbers


def _synapses(snapshot: LayerSnapshot, replica_index: Any, indices: Indices) -> Floats:
    """Return a copy of the weights of some neurons and, last, their bias, (neurons, S)."""
    assert snapshot.weights is not None and snapshot.bias is not None
    whole: Any = snapshot.weights
    weights = whole[indices].toarray() if issparse(whole) else whole[replica_index][indices]
    return np.column_stack((weights, snapshot.bias[replica_index][indices])).astype(np.float64)
