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
from neuronet.core.learning.optimizers import rule_named
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base.engine import Setup
from neuronet.interventions import freeze, lesion, revive, switch, thaw
from neuronet.lab.controls import Controls, controls_of, without_noise
from neuronet.lab.history import Past
from neuronet.lab.launch_config import Start
from neuronet.lab.snapshot import Look
from neuronet.registry.population_spec import short_text
from neuronet.registry.registry import policy_named
from neuronet.training.alignment import Alignment
from neuronet.training.evaluation import judge

ACTS: dict[str, Callable[..., Any]] = {"silence": lesion, "revive": revive, "freeze": freeze, "thaw": thaw, "follow": switch}
"""What can be done to a neuron, by name."""

JUDGED = 500
"""Test samples, at most, by which a network is judged when it is looked at."""


class Session:
    """One reader's model.

    Every verb may be called from any thread; they wait for each other.

    Args:
        start: What it begins with.

    Attributes:
        first: What was set at first.
        controls: What is set.
        model: The model as it is.
        look: What was last seen of it.
    """

    def __init__(self, start: Start) -> None:
        self.start = start
        self.first = controls_of(start)
        self._lock = RLock()
        self._looks = 0
        self._closed = False
        self._begin(self.first)

    def _begin(self, controls: Controls) -> None:
        config = self.start.config
        network = self.start.first_network(controls.seed)
        layers = controls.layers(self.start.population, network, controls.seed)
        payoff, rule = self.start.environment.payoff, rule_named(config.rule)
        dtype = "float64" if config.dtype == "auto" else config.dtype
        channels = controls.channels(config.channels)
        rate, seed, turns = controls.learning_rate, controls.seed, controls.turns
        setup = Setup(network, layers, rule, rate, payoff, seed, dtype, channels=channels, turns=turns)
        model = self.start.model(setup, environment=self.start.environment, batch_size=config.batch_size)
        if not isinstance(model, NeuronModel):
            raise NeuroNetError(f"model must make a NeuronModel, got {type(model).__name__}")
        self.model: NeuronModel = model
        self.controls = controls
        self._rate = controls.learning_rate
        self._test = model.hold(self.start.environment.test)
        self._batches = Batches(len(self.start.environment.train), config.batch_size, (controls.seed,))
        self._alignment: tuple[Setup, Alignment] | None = None
        self._past = Past()
        self.look = self._see([])

    def reset(self) -> Look:
        """Begin again, with what is set now."""
        with self._lock:
            old = self.model
            self._begin(self.controls)
            old.close()
            return self.look

    def close(self) -> None:
        """Give up the model; whoever still asks for a step gets the last look."""
        with self._lock:
            self._closed = True
            self.model.close()

    def step(self, rounds: int = 1) -> Look:
        """Play some rounds, and look.

        Raises:
            NeuroNetError: The loss is no longer a number: the network is lost.
        """
        with self._lock:
            if self._closed:
                return self.look
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
                self.look = self._see(losses)
            return self.look

    def steer(self, **changes: Any) -> Look:
        """Set controls; all but the seed count from the next round on.

        Raises:
            NeuroNetError: One is out of range or unknown; everything stays as it was.
        """
        with self._lock:
            controls = replace(self.controls, **changes)
            if any(getattr(controls, name) != getattr(self.controls, name) for name in ("policy", "other", "share", "noise")):
                setup = self.model.setup
                self.model.assign(controls.layers(self.start.population, setup.network, setup.seed))
            channels = controls.channels(self.start.config.channels)
            if channels != self.model.setup.channels:
                self.model.use_channels(channels)
            self.model.pace(controls.learning_rate / self._rate)
            self.controls = controls
            return self._look_again()

    def meddle(self, layer: int, place: int, act: str) -> Look:
        """Do something to one neuron, between two rounds.

        Args:
            layer: Its layer, 0 for inputs.
            place: Its place in the layer.
            act: "silence", "revive", "freeze", "thaw", or "follow": the policy that `other` names.

        Raises:
            NeuroNetError: It cannot be done to this neuron.
        """
        with self._lock:
            if act not in ACTS:
                raise unknown_name_error("act", act, ACTS)
            if act == "follow":
                switch(self.model, policy_named(self.controls.other), layer=layer, neurons=place)
            else:
                ACTS[act](self.model, layer=layer, neurons=place)
            return self._look_again()

    def _look_again(self) -> Look:
        """The last look, with who is what now: nothing has been played since."""
        silent, frozen = self._quiet()
        self.look = replace(self.look, number=self._next(), policies=self._names(), silent=silent, frozen=frozen)
        return self.look

    def _quiet(self) -> tuple[tuple[frozenset[int], ...], tuple[frozenset[int], ...]]:
        """For each layer, who is silent and who is frozen."""
        setup, layers = self.model.setup, range(len(self.model.sizes))
        silent = [setup.is_silent(layer) for layer in layers]
        frozen = [setup.is_still(layer) & ~silent[layer] for layer in layers]
        return tuple(map(_true_at, silent)), tuple(map(_true_at, frozen))

    def _next(self) -> int:
        self._looks += 1
        return self._looks

    def _see(self, losses: list[float]) -> Look:
        """Look at the model as it is, after rounds with these losses."""
        activity = tuple(board.activity.copy() for board in self.model.boards)  # before it is judged, which has it speak again
        network = self.model.network()
        (test_loss,), (accuracy,) = judge(self.model, self.start.environment.payoff, self._test, 1, JUDGED)
        rows = self._measure()
        silent, frozen = self._quiet()
        mean = float(np.mean(losses)) if losses else math.nan
        look = Look(
            number=self._next(),
            round=self.model.round_number,
            per_epoch=self._batches.per_epoch,
            network=network,
            policies=self._names(),
            activity=activity,
            targets=self._targets(activity[0].shape[1]),
            past=self._past,
            environment=self.start.environment,
            silent=silent,
            frozen=frozen,
            rows=tuple(rows),
        )
        received = [look.received(layer) for layer in range(look.outputs)]
        self._past.note(look.round, (mean, test_loss, accuracy), network.nodes, received, [row["cosine"] for row in rows])
        return replace(look, past=self._past.copy())

    def _measure(self) -> list[dict[str, float]]:
        """The alignment of each listening layer."""
        if self._alignment is None or self._alignment[0] is not self.model.setup:
            self._alignment = (self.model.setup, Alignment([self.model.setup], self.start.environment))
        rows = self._alignment[1].measure(self.model.state(), 0)
        layers = [row for row in rows if row["layer"] > 0 and row["group"] == "all"]
        return [{name: row[name] for name in ("cosine", "angle", "norm_ratio")} for row in layers]

    def _names(self) -> tuple[tuple[str, ...], ...]:
        names = []
        for layer in range(1, len(self.model.sizes)):
            here = [""] * self.model.sizes[layer]
            for group in self.model.setup.groups(layer):
                text = short_text(without_noise(group.policy, self.controls.noise))
                for member in group.members:
                    here[member] = text
            names.append(tuple(here))
        return tuple(names)

    def _targets(self, samples: int) -> NDArray[Any]:
        """The targets of the last round; none if its samples were not the environment's next batch."""
        targets = np.asarray(self.start.environment.train.targets)
        if not samples or not self.model.round_number:
            return targets[:0]
        batch = self._batches.at(self.model.round_number - 1)
        return targets[batch] if len(batch) == samples else targets[:0]


def _true_at(those: NDArray[np.bool_]) -> frozenset[int]:
    return frozenset(np.flatnonzero(those).tolist())
