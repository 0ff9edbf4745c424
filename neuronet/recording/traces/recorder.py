"""Tracing neurons while a run is played: one row for each of them in each round that is traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy
from neuronet.engines.base.engine import Engine, Look, Setup
from neuronet.execution import distributed
from neuronet.recording.traces.spec import VARIABLES, trace_named
from neuronet.recording.traces.store import COLUMNS, Store
from neuronet.registry.population_spec import short_text

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class Tracing:
    """Looks at neurons in the rounds that are traced.

    Args:
        texts: As in the configuration.
        engine: Whose neurons.
        begun: The game of each replica as it begins.
        per_epoch: Rounds in an epoch.
        store: Where the rows go.

    Raises:
        NeuroNetError: A trace cannot be read, or there are no such neurons.
    """

    def __init__(self, texts: Sequence[str], engine: Engine, begun: Sequence[Setup], per_epoch: int, store: Store) -> None:
        if distributed.count() > 1:
            raise NeuroNetError("traces are taken in one process: leave trace out, or start a single one")
        self._traces = [trace_named(text) for text in texts]
        self._chosen = [
            [trace.chosen(setup.network, setup.seed, place) for setup in begun] for place, trace in enumerate(self._traces)
        ]
        self._engine, self._per_epoch, self.store = engine, per_epoch, store
        self._before: dict[tuple[int, int], Floats] = {}
        self._texts: list[tuple[Policy, str]] = []
        self._chosen_now: dict[tuple[int, int], tuple[Places, dict[str, Any]]] = {}

    def _due(self, number: int) -> list[int]:
        """Which traces are due in a round, 1 for the first."""
        return [place for place, trace in enumerate(self._traces) if number % trace.every == 0]

    def until(self, played: int) -> int:
        """How many rounds will have been played before the next one that is traced; or with it, if it is the very next."""
        ahead = min(trace.every - played % trace.every for trace in self._traces)
        return played + max(ahead - 1, 1)

    def before(self) -> bool:
        """Whether the next round is traced; if so, what neurons pay is remembered."""
        self._chosen_now = self._choose(self._due(self._engine.round_number + 1))
        looks = {layer: self._engine.look(layer) for _, layer in self._chosen_now if layer}
        self._before = {
            (replica, layer): _synapses(looks[layer], self._lead(replica), places)
            for (replica, layer), (places, _) in self._chosen_now.items()
            if layer
        }
        return bool(self._chosen_now)

    def after(self) -> None:
        """Note the round that has just been played."""
        setups, number = self._engine.setups, self._engine.round_number
        depth = len(setups[0].network.sizes)
        layers = {each for _, layer in self._chosen_now for each in (layer, layer + 1) if each < depth}
        looks = {layer: self._engine.look(layer) for layer in layers}
        tables = []
        for (replica, layer), (places, wanted) in self._chosen_now.items():
            numbers = self._numbers(replica, layer, places, looks[layer], looks.get(layer + 1, Look()))
            table: dict[str, Any] = {"round": number, "epoch": (number - 1) // self._per_epoch + 1, "replica": replica}
            table |= self._who(setups[replica], layer, places)
            table |= {name: np.where(wanted[name], numbers[name], np.nan) for name in VARIABLES}
            tables.append(pd.DataFrame(table, columns=list(COLUMNS)))
        self.store.add(pd.concat(tables, ignore_index=True))

    def _lead(self, replica: int) -> Any:
        """Takes a replica's part of an array; the whole, if there is but one."""
        return ... if len(self._engine.setups) == 1 else replica

    def _choose(self, due: Sequence[int]) -> dict[tuple[int, int], tuple[Places, dict[str, Any]]]:
        """For each replica and layer in which somebody is traced: their places, and which variables are wanted of each."""
        found = {}
        for replica, setup in enumerate(self._engine.setups if due else ()):
            for layer in range(len(setup.network.sizes)):
                places, wanted = self._whom(setup, replica, layer, due)
                if places.size:
                    found[replica, layer] = places, wanted
        return found

    def _whom(self, setup: Setup, replica: int, layer: int, due: Sequence[int]) -> tuple[Places, dict[str, Any]]:
        """The places that are traced in a layer, and for each variable whether it is wanted of each of them."""
        nodes = setup.network.nodes[layer]
        wanted = {name: np.zeros(len(nodes), dtype=np.bool_) for name in VARIABLES}
        traced = np.zeros(len(nodes), dtype=np.bool_)
        for place in due:
            trace, chosen = self._traces[place], self._chosen[place][replica]
            if chosen is not None:
                those = np.isin(nodes, list(chosen))
            else:
                those = np.full(len(nodes), layer in trace.layers(setup.network.sizes))
            traced |= those
            for name in trace.variables:
                wanted[name] |= those
        places = np.flatnonzero(traced)
        return places, {name: each[places] for name, each in wanted.items()}

    def _who(self, setup: Setup, layer: int, places: Places) -> dict[str, Any]:
        policies = (
            {member: self._text(group.policy) for group in setup.groups(layer) for member in group.members} if layer else {}
        )
        nodes = setup.network.nodes[layer][places]
        return {
            "layer": layer,
            "neuron": places,
            "node": nodes,
            "policy": [policies.get(place, "") for place in places.tolist()],
            "silent": setup.is_silent(layer)[places],
            "frozen": np.isin(nodes, list(setup.frozen)),
        }

    def _text(self, policy: Policy) -> str:
        """The policy's name, found once: to find it takes longer than a round."""
        known = next((text for each, text in self._texts if each is policy), None)
        if known is None:
            known = short_text(policy)
            self._texts.append((policy, known))
        return known

    def _numbers(self, replica: int, layer: int, places: Places, look: Look, above: Look) -> dict[str, Floats]:
        lead, nothing = self._lead(replica), np.full(len(places), np.nan)
        numbers = dict.fromkeys(VARIABLES, nothing)
        if above.weights is not None:
            received = above.weights[lead][:, places].astype(np.float64)
            numbers["attention"] = (received * received).sum(axis=0) / 2
        if look.weights is not None:
            synapses = _synapses(look, lead, places)
            numbers["paid"] = (synapses[:, :-1] ** 2).sum(axis=1) / 2
            numbers["bias"] = synapses[:, -1]
            numbers["change"] = np.sqrt(((synapses - self._before[replica, layer]) ** 2).sum(axis=1))
        if look.activity is not None:
            activity = look.activity[lead][:, places].astype(np.float64)
            numbers["activity_mean"], numbers["activity_std"] = activity.mean(axis=0), activity.std(axis=0)
        if look.demand is not None:
            demand = look.demand[lead][:, places].astype(np.float64)
            numbers["demand_rms"] = np.sqrt((demand * demand).mean(axis=0))
        return numbers


def _synapses(look: Look, lead: Any, places: Places) -> Floats:
    """What some neurons pay and, last, their bias, (neurons, S); a copy."""
    assert look.weights is not None and look.bias is not None
    return np.column_stack((look.weights[lead][places], look.bias[lead][places])).astype(np.float64)
