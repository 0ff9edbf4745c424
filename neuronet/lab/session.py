"""Session of one reader: a model, its settings, and snapshots of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from threading import Event, RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import (
    Batches,
    ConfigurationError,
    DivergedError,
    Group,
    NonFiniteError,
    StateError,
    own_classes,
    unknown_name_error,
)
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup, State
from neuronet.interventions import freeze, lesion, revive, switch, thaw
from neuronet.lab.controls import Controls, controls_of, without_noise
from neuronet.lab.history import History, locate_node
from neuronet.lab.launch_config import LaunchConfig
from neuronet.lab.snapshot import Snapshot
from neuronet.registry import parse_policy, parse_update_schedule, short_name
from neuronet.testing import find_non_finite
from neuronet.training import Alignment, evaluate, policy_names, silent_positions

ACTIONS: dict[str, Callable[..., Any]] = {"silence": lesion, "revive": revive, "freeze": freeze, "thaw": thaw, "follow": switch}
"""Interventions on a single neuron, by name."""

OPPOSITES = {"silence": "revive", "revive": "silence", "freeze": "thaw", "thaw": "freeze"}
"""Action that takes another one back."""

MAX_EVAL_SAMPLES = 500
"""Largest number of test samples by which a snapshot is evaluated."""


class Session:
    """Model of one reader, with its settings.

    Every method may be called from any thread; calls wait for each other.

    Args:
        launch_config: Initial state.

    Attributes:
        initial_controls: Initial settings.
        controls: Settings now.
        model: The model.
        snapshot: Last snapshot of the model.
    """

    def __init__(self, launch_config: LaunchConfig) -> None:
        self.launch_config = launch_config
        self.initial_controls = controls_of(launch_config)
        self._lock = RLock()
        self._snapshot_count = 0
        self._closed = Event()
        self._begin(self.initial_controls)

    def _begin(self, controls: Controls) -> None:
        config = self.launch_config.config
        network = self.launch_config.initial_network(controls.seed)
        layers = controls.layers(self.launch_config.population, network, controls.seed)
        payoff, optimizer = self.launch_config.environment.payoff, config.optimizer
        dtype = "float64" if config.dtype == "auto" else config.dtype
        channels = controls.channels(config.channels)
        rate, seed = controls.learning_rate, controls.seed
        update_schedule = parse_update_schedule(controls.update_schedule)
        setup = Setup(network, layers, optimizer, rate, payoff, seed, dtype, channels=channels, update_schedule=update_schedule)
        model = self.launch_config.model(setup, environment=self.launch_config.environment, batch_size=config.batch_size)
        if not isinstance(model, NeuronModel):
            raise ConfigurationError(f"model must return a NeuronModel, got {type(model).__name__}")
        self.model: NeuronModel = model
        self.controls = controls
        self._rate = controls.learning_rate
        self._test = model.prepare(self.launch_config.environment.test)
        self._batches = Batches(len(self.launch_config.environment.train), config.batch_size, (controls.seed,))
        self._alignment: tuple[Setup, Alignment] | None = None
        self._done: list[tuple[int, str, Any]] = []
        self._earlier: dict[int, Any] = {}
        self._history = History()
        self._states: tuple[State, ...] = ()
        self.snapshot = self._take_snapshot([])

    def reset(self) -> Snapshot:
        """Restart the model with the settings of now, and return the first snapshot."""
        with self._lock:
            old = self.model
            self._begin(self.controls)
            old.close()
            return self.snapshot

    def close(self) -> None:
        """Close the model; a step at work ends after its round, and later steps return the last snapshot."""
        self._closed.set()
        with self._lock:
            self.model.close()

    def step(self, rounds: int = 1) -> Snapshot:
        """Play some rounds, and return a snapshot.

        Raises:
            DivergedError: The loss or a weight is not finite.
            NonFiniteError: A plug-in of the reader's own gave numbers that are not finite.
        """
        with self._lock:
            if self._closed.is_set():
                return self.snapshot
            losses = []
            self._remember_step()
            with np.errstate(over="ignore", invalid="ignore"):
                for _ in range(rounds):
                    if self._closed.is_set():
                        return self.snapshot
                    self.model.step()
                    losses.append(self.model.loss)
                    if not math.isfinite(self.model.loss):
                        raise self._diverged_error("the loss is")
                try:
                    self.snapshot = self._take_snapshot(losses)
                except StateError:
                    raise self._diverged_error("the weights are") from None
            return self.snapshot

    def _diverged_error(self, what: str) -> DivergedError | NonFiniteError:
        """Return the error for numbers that are not finite: that of a plug-in of the reader's own, or of the learning rate."""
        after = f"{what} not finite after round {self.model.round_number}"
        return find_non_finite(DivergedError(f"{after}: choose a smaller learning rate and reset"), self._play_last_steps_again)

    def _remember_step(self) -> None:
        """Keep the states before the last two steps if plug-ins are own ones: a loss shows the faults of the round before."""
        setup = self.model.setup
        parts = (*setup.all_policies, setup.payoff, *(placed.channel for placed in setup.channels))
        self._states = (*self._states[-1:], self.model.state()) if any(map(own_classes, parts)) else ()

    def _play_last_steps_again(self, watch: Callable[[Setup], Setup]) -> None:
        """Play from the first state that is kept up to this round, with the setup that a function makes of the model's."""
        launch, setup = self.launch_config, watch(self.model.setup)
        with closing(NeuronModel(setup, environment=launch.environment, batch_size=launch.config.batch_size)) as model:
            model.restore(self._states[0])
            model.set_lr_factor(self.controls.learning_rate / self._rate)
            while model.round_number < self.model.round_number:
                model.step()

    def update_controls(self, **changes: Any) -> Snapshot:
        """Change settings, and return a snapshot; `seed` and `update_schedule` are used from the next reset on.

        Raises:
            NeuroNetError: A setting is out of range or unknown; nothing is changed.
        """
        with self._lock:
            controls = replace(self.controls, **changes)
            names = ("policy", "share", "noise", *(["other"] if controls.share else []))  # else no neuron follows the other
            if any(getattr(controls, name) != getattr(self.controls, name) for name in names):
                setup = self.model.setup
                self.model.assign(controls.layers(self.launch_config.population, setup.network, setup.seed))
                self._earlier.clear()
                self._done = [done for done in self._done if done[1] in OPPOSITES]
            channels = controls.channels(self.launch_config.config.channels)
            if channels != self.model.setup.channels:
                self.model.use_channels(channels)
            self.model.set_lr_factor(controls.learning_rate / self._rate)
            self.controls = controls
            return self._refresh_snapshot()

    def intervene(self, layer: int, position: int, action: str) -> Snapshot:
        """Apply an intervention to one neuron between two rounds, and return a snapshot.

        Args:
            layer: Layer of the neuron, 0 for inputs.
            position: Position in the layer.
            action: "silence", "revive", "freeze", "thaw", "follow": the policy `controls.other`, or "return": the policy that
                the neuron followed before.

        Raises:
            SpecError: The action is unknown.
            NeuroNetError: The action is not possible for this neuron.
        """
        with self._lock:
            if action not in (*ACTIONS, "return"):
                raise unknown_name_error("action", action, (*ACTIONS, "return"))
            nodes = self.model.network().nodes
            node = int(nodes[layer][position]) if 0 <= position < len(nodes[layer]) else -1  # the intervention refuses it
            before = next((group.policy for group in self._groups(layer) if position in group.members), None)
            if action in OPPOSITES:
                ACTIONS[action](self.model, layer=layer, neurons=position)
            elif action == "follow":
                switch(self.model, parse_policy(self.controls.other), layer=layer, neurons=position)
                self._earlier.setdefault(node, before)
            elif node in self._earlier:
                switch(self.model, self._earlier.pop(node), layer=layer, neurons=position)
            else:
                raise ConfigurationError("the neuron has no earlier policy: it was not switched since the policies were chosen")
            self._done.append((node, action, before))
            return self._refresh_snapshot()

    def undo(self) -> Snapshot:
        """Take the last intervention back, and return a snapshot; rounds since then stay, and a switched neuron's memory is new.

        Raises:
            ConfigurationError: There is no intervention since the last reset, or its neuron was removed.
        """
        with self._lock:
            if not self._done:
                raise ConfigurationError("there is no intervention to undo since the last reset")
            node, action, before = self._done.pop()
            place = locate_node(self.model.network().nodes, node)
            if place is None:
                raise ConfigurationError("the intervention cannot be undone: its neuron was removed")
            layer, position = place
            if action in OPPOSITES:
                ACTIONS[OPPOSITES[action]](self.model, layer=layer, neurons=position)
                return self._refresh_snapshot()
            now = next(group.policy for group in self._groups(layer) if position in group.members)
            switch(self.model, before, layer=layer, neurons=position)
            if action == "return":
                self._earlier[node] = now
            elif self._earlier.get(node) == before:
                del self._earlier[node]
            return self._refresh_snapshot()

    def _groups(self, layer: int) -> tuple[Group, ...]:
        """Return the groups of a layer; none for the inputs."""
        return self.model.setup.groups(layer) if layer else ()

    def _refresh_snapshot(self) -> Snapshot:
        """Update policies, silent and frozen neurons of the last snapshot, since which no round was played."""
        silent, frozen = self._silent_and_frozen()
        changed: dict[str, Any] = {"policies": self._names(), "silent": silent, "frozen": frozen, **self._undoable()}
        self.snapshot = replace(self.snapshot, number=self._next_number(), **changed)
        return self.snapshot

    def _undoable(self) -> dict[str, Any]:
        """Return the fields of a snapshot about earlier interventions."""
        earlier = {node: short_name(without_noise(policy, self.controls.noise)) for node, policy in self._earlier.items()}
        return {"earlier": earlier, "last_action": self._done[-1][1] if self._done else ""}

    def _silent_and_frozen(self) -> tuple[tuple[frozenset[int], ...], tuple[frozenset[int], ...]]:
        """Return the silent and the frozen neurons of each layer."""
        setup = self.model.setup
        fixed = [np.flatnonzero(setup.is_fixed(layer)).tolist() for layer in range(len(self.model.sizes))]
        silent = silent_positions(setup)
        return silent, tuple(frozenset(positions) - silent[layer] for layer, positions in enumerate(fixed))

    def _next_number(self) -> int:
        self._snapshot_count += 1
        return self._snapshot_count

    def _take_snapshot(self, losses: list[float]) -> Snapshot:
        """Take a snapshot of the model after rounds with these losses."""
        activity = tuple(board.activity.copy() for board in self.model.boards)  # before the evaluation, which overwrites it
        network = self.model.network()
        (test_loss,), (accuracy,) = evaluate(self.model, self.launch_config.environment.payoff, self._test, 1, MAX_EVAL_SAMPLES)
        rows = self._measure()
        silent, frozen = self._silent_and_frozen()
        mean = float(np.mean(losses)) if losses else math.nan
        snapshot = Snapshot(
            number=self._next_number(),
            round=self.model.round_number,
            per_epoch=self._batches.per_epoch,
            network=network,
            policies=self._names(),
            activity=activity,
            targets=self._targets(activity[0].shape[1]),
            history=self._history,
            environment=self.launch_config.environment,
            silent=silent,
            frozen=frozen,
            rows=tuple(rows),
            **self._undoable(),
        )
        received = [snapshot.received(layer) for layer in range(snapshot.outputs)]
        self._history.append(
            snapshot.round, (mean, test_loss, accuracy), network.nodes, received, [row["cosine"] for row in rows]
        )
        return replace(snapshot, history=self._history.copy())

    def _measure(self) -> list[dict[str, float]]:
        """Return the alignment of each listening layer."""
        if self._alignment is None or self._alignment[0] is not self.model.setup:
            self._alignment = (self.model.setup, Alignment([self.model.setup], self.launch_config.environment))
        rows = self._alignment[1].measure(self.model.state(), 0)
        layers = [row for row in rows if row["layer"] > 0 and row["group"] == "all"]
        return [{name: row[name] for name in ("cosine", "angle", "norm_ratio")} for row in layers]

    def _names(self) -> tuple[tuple[str, ...], ...]:
        return policy_names(self.model.setup, lambda policy: short_name(without_noise(policy, self.controls.noise)))

    def _targets(self, samples: int) -> NDArray[Any]:
        """Return the targets of the last round; none if its samples were not the environment's next batch."""
        targets = np.asarray(self.launch_config.environment.train.targets)
        if not samples or not self.model.round_number:
            return targets[:0]
        batch = self._batches.indices(self.model.round_number - 1)
        return targets[batch] if len(batch) == samples else targets[:0]
