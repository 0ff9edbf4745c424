"""A session: one reader's model, what they have set, and what has been seen of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.batches import Batches
from neuronet.core.errors import NeuroNetError, unknown_name_error
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup
from neuronet.interventions import freeze, lesion, revive, switch, thaw
from neuronet.lab.controls import Controls, controls_of, without_noise
from neuronet.lab.history import History
from neuronet.lab.launch_config import LaunchConfig
from neuronet.lab.snapshot import Snapshot
from neuronet.registry import parse_policy, parse_update_schedule, short_name
from neuronet.training.alignment import Alignment
from neuronet.training.evaluation import evaluate
from neuronet.training.network_labels import policy_names

ACTIONS: dict[str, Callable[..., Any]] = {"silence": lesion, "revive": revive, "freeze": freeze, "thaw": thaw, "follow": switch}
"""What can be done to a neuron, by name."""

MAX_EVAL_SAMPLES = 500
"""Test samples, at most, by which a network is judged when it is looked at."""


class Session:
    """One reader's model.

    Every verb may be called from any thread; they wait for each other.

    Args:
        launch_config: What it begins with.

    Attributes:
        initial_controls: What was set at first.
        controls: What is set.
        model: The model as it is.
        snapshot: What was last seen of it.
    """

    def __init__(self, launch_config: LaunchConfig) -> None:
        self.launch_config = launch_config
        self.initial_controls = controls_of(launch_config)
        self._lock = RLock()
        self._snapshot_count = 0
        self._closed = False
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
            raise NeuroNetError(f"model must make a NeuronModel, got {type(model).__name__}")
        self.model: NeuronModel = model
        self.controls = controls
        self._rate = controls.learning_rate
        self._test = model.prepare(self.launch_config.environment.test)
        self._batches = Batches(len(self.launch_config.environment.train), config.batch_size, (controls.seed,))
        self._alignment: tuple[Setup, Alignment] | None = None
        self._history = History()
        self.snapshot = self._take_snapshot([])

    def reset(self) -> Snapshot:
        """Begin again, with what is set now."""
        with self._lock:
            old = self.model
            self._begin(self.controls)
            old.close()
            return self.snapshot

    def close(self) -> None:
        """Give up the model; whoever still asks for a step gets the last look."""
        with self._lock:
            self._closed = True
            self.model.close()

    def step(self, rounds: int = 1) -> Snapshot:
        """Play some rounds, and look.

        Raises:
            NeuroNetError: The loss is no longer a number: the network is lost.
        """
        with self._lock:
            if self._closed:
                return self.snapshot
            losses = []
            with np.errstate(over="ignore", invalid="ignore"):
                for _ in range(rounds):
                    self.model.step()
                    losses.append(self.model.loss)
                    if not math.isfinite(self.model.loss):
                        raise NeuroNetError(
                            f"the loss is no longer a number after round {self.model.round_number}: "
                            "choose a smaller learning rate and reset"
                        )
                self.snapshot = self._take_snapshot(losses)
            return self.snapshot

    def update_controls(self, **changes: Any) -> Snapshot:
        """Set controls; all but the seed count from the next round on.

        Raises:
            NeuroNetError: One is out of range or unknown; everything stays as it was.
        """
        with self._lock:
            controls = replace(self.controls, **changes)
            if any(getattr(controls, name) != getattr(self.controls, name) for name in ("policy", "other", "share", "noise")):
                setup = self.model.setup
                self.model.assign(controls.layers(self.launch_config.population, setup.network, setup.seed))
            channels = controls.channels(self.launch_config.config.channels)
            if channels != self.model.setup.channels:
                self.model.use_channels(channels)
            self.model.set_lr_factor(controls.learning_rate / self._rate)
            self.controls = controls
            return self._refresh_snapshot()

    def intervene(self, layer: int, position: int, action: str) -> Snapshot:
        """Do something to one neuron, between two rounds.

        Args:
            layer: Its layer, 0 for inputs.
            position: Its place in the layer.
            action: "silence", "revive", "freeze", "thaw", or "follow": the policy that `other` names.

        Raises:
            NeuroNetError: It cannot be done to this neuron.
        """
        with self._lock:
            if action not in ACTIONS:
                raise unknown_name_error("action", action, ACTIONS)
            if action == "follow":
                switch(self.model, parse_policy(self.controls.other), layer=layer, neurons=position)
            else:
                ACTIONS[action](self.model, layer=layer, neurons=position)
            return self._refresh_snapshot()

    def _refresh_snapshot(self) -> Snapshot:
        """The last look, with who is what now: nothing has been played since."""
        silent, frozen = self._silent_and_frozen()
        self.snapshot = replace(self.snapshot, number=self._next_number(), policies=self._names(), silent=silent, frozen=frozen)
        return self.snapshot

    def _silent_and_frozen(self) -> tuple[tuple[frozenset[int], ...], tuple[frozenset[int], ...]]:
        """For each layer, who is silent and who is frozen."""
        setup, layers = self.model.setup, range(len(self.model.sizes))
        silent = [setup.is_silent(layer) for layer in layers]
        frozen = [setup.is_fixed(layer) & ~silent[layer] for layer in layers]
        return tuple(map(_true_indices, silent)), tuple(map(_true_indices, frozen))

    def _next_number(self) -> int:
        self._snapshot_count += 1
        return self._snapshot_count

    def _take_snapshot(self, losses: list[float]) -> Snapshot:
        """Look at the model as it is, after rounds with these losses."""
        activity = tuple(board.activity.copy() for board in self.model.boards)  # before it is judged, which has it speak again
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
        )
        received = [snapshot.received(layer) for layer in range(snapshot.outputs)]
        self._history.append(
            snapshot.round, (mean, test_loss, accuracy), network.nodes, received, [row["cosine"] for row in rows]
        )
        return replace(snapshot, history=self._history.copy())

    def _measure(self) -> list[dict[str, float]]:
        """The alignment of each listening layer."""
        if self._alignment is None or self._alignment[0] is not self.model.setup:
            self._alignment = (self.model.setup, Alignment([self.model.setup], self.launch_config.environment))
        rows = self._alignment[1].measure(self.model.state(), 0)
        layers = [row for row in rows if row["layer"] > 0 and row["group"] == "all"]
        return [{name: row[name] for name in ("cosine", "angle", "norm_ratio")} for row in layers]

    def _names(self) -> tuple[tuple[str, ...], ...]:
        return policy_names(self.model.setup, lambda policy: short_name(without_noise(policy, self.controls.noise)))

    def _targets(self, samples: int) -> NDArray[Any]:
        """The targets of the last round; none if its samples were not the environment's next batch."""
        targets = np.asarray(self.launch_config.environment.train.targets)
        if not samples or not self.model.round_number:
            return targets[:0]
        batch = self._batches.indices(self.model.round_number - 1)
        return targets[batch] if len(batch) == samples else targets[:0]


def _true_indices(mask: NDArray[np.bool_]) -> frozenset[int]:
    return frozenset(np.flatnonzero(mask).tolist())
