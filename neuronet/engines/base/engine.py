"""The contract of an engine: what every engine offers, and the parts that all engines share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from neuronet.core import Array, Network, Samples, StateError, explained, plug_in_errors
from neuronet.engines.base.checks import check_inputs, check_output_feedback, check_replicas, check_targets, real_numbers
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import State
from neuronet.engines.base.state_checks import check_state
from neuronet.engines.base.state_transfer import transfer_state, with_policies


@dataclass(frozen=True, eq=False)
class LayerSnapshot:
    """A layer between two rounds, and what it did in the last one; R replicas have a leading axis R.

    Attributes:
        activity: (B, J), the activities; None if no round has been played since the game began or was replaced.
        demand: (B, J), how each neuron wanted its own potential to move; None for inputs, and where no demand has arrived yet.
        weights: (J, I), the attention that each neuron pays, 0 where there is no connection; None for inputs.
        bias: (J,), the biases; None for inputs.
    """

    activity: np.ndarray[Any, Any] | None = None
    demand: np.ndarray[Any, Any] | None = None
    weights: np.ndarray[Any, Any] | None = None
    bias: np.ndarray[Any, Any] | None = None


def _raise_again(error: Exception) -> NoReturn:
    """Raise an exception again, or the error that names the plug-in which raised it."""
    found = explained(error)
    if found is None:
        raise error
    raise found from error


class Engine(ABC):
    """Player of rounds of one game, or of R games together.

    Public methods check what they are given and leave the work to the private methods, which each engine implements.

    Args:
        setups: The game of each replica.

    Attributes:
        name: "agents" or "tensors".
        device: Where it computes, such as "cpu".
        setups: The game of each replica, as it is now.
        is_compiled: Whether `play_rounds` uses compiled rounds.
        products: Library for large products of matrices, "torch" or "onednn"; "auto" for an engine without them.
    """

    name: str
    device: str
    setups: list[Setup]
    is_compiled: bool = False
    products: str = "auto"
    _output_shape: tuple[int, ...] | None = None  # of the round that `speak` has begun

    @property
    def setup(self) -> Setup:
        """The game of the first replica."""
        return self.setups[0]

    @property
    @abstractmethod
    def round_number(self) -> int:
        """Number of rounds played."""

    @abstractmethod
    def set_lr_factor(self, factor: float) -> None:
        """Multiply the setup's learning rate by a factor above 0 from the next round on; it is 1 at first."""

    @abstractmethod
    def prepare(self, samples: Samples) -> Samples:
        """Return the samples in the engine's own library, precision and device; `play_rounds` takes them."""

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round and return the loss of each sample before it, (B,) or (R, B).

        Args:
            inputs: (B, I) or (R, B, I).
            targets: Classes (B,) or (R, B), or values with an axis O behind.

        Raises:
            DataError: A shape does not fit, or an array holds masked values or no real numbers.
        """
        inputs, classes = real_numbers("inputs", inputs), self.setup.payoff.classes
        batch = self.prepare(Samples(inputs, real_numbers("targets", targets, whole=classes)))
        self._check_inputs(batch.inputs)
        outputs = self.setup.network.sizes[-1]
        check_targets(tuple(batch.inputs.shape), tuple(batch.targets.shape), outputs, self.setup.payoff)
        try:
            return self._play(batch)
        except Exception as error:  # costs nothing as long as there is none
            _raise_again(error)

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds in one call.

        Args:
            samples: Result of `prepare`.
            order: (N,) or (R, N), indices of the samples in the order in which they are played.
            batch_size: Samples a round; the last round may have fewer.

        Returns:
            (rounds,) or (R, rounds), the sum of the samples' losses in each round.
        """
        try:
            return self._play_rounds(samples, order, batch_size)
        except Exception as error:
            _raise_again(error)

    def speak(self, inputs: Array) -> Array:
        """Begin a round and return the outputs, (B, O) or (R, B, O); `learn` ends it.

        `speak` and `learn` together are `play`, for an environment with a payoff that depends on the outputs.
        """
        return self._compute_outputs(inputs, learning=True)

    def learn(self, feedback: Array, loss: Array) -> None:
        """End the round that `speak` began: all neurons feed back and adapt.

        Args:
            feedback: (B, O) or (R, B, O), how the output neurons should want their activity to move; not divided by B.
            loss: (B,) or (R, B), loss of each sample; minus this is the reward that some policies read.

        Raises:
            DataError: No round has begun, a shape does not fit, or an array holds masked values or no real numbers.
        """
        output_feedback = self._as_array(real_numbers("feedback", feedback))
        loss = self._as_array(real_numbers("loss", loss))
        check_output_feedback(tuple(output_feedback.shape), tuple(loss.shape), self._output_shape)
        self._output_shape = None
        try:
            self._learn(output_feedback, loss)
        except Exception as error:
            _raise_again(error)

    def outputs(self, inputs: Array) -> Array:
        """Return the outputs for these inputs, (B, O) or (R, B, O), without learning."""
        return self._compute_outputs(inputs, learning=False)

    def _compute_outputs(self, inputs: Array, *, learning: bool) -> Array:
        self._output_shape = None
        array = self._as_array(real_numbers("inputs", inputs))
        self._check_inputs(array)
        try:
            outputs = self._outputs(array, learning=learning)
        except Exception as error:
            _raise_again(error)
        self._output_shape = tuple(outputs.shape) if learning else None
        return outputs

    def _check_inputs(self, inputs: Array) -> None:
        check_inputs(tuple(inputs.shape), self.setup.network.sizes[0], len(self.setups))

    @abstractmethod
    def state(self) -> State:
        """Return everything that the next round depends on, as copies."""

    def restore(self, state: State) -> None:
        """Continue from a state, which may be another engine's.

        Raises:
            StateError: It does not fit the game.
        """
        check_state(state, self.setups)
        self._output_shape = None
        self._restore(state)

    def assign(self, policies: Any) -> None:
        """Let neurons follow other policies from the next round on; neurons with an unchanged policy keep their memory.

        Args:
            policies: What a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_policies(self.setups, policies)
        self.replace_game(setups, transfer_state(self.state(), self.setups, setups))

    def use_channels(self, channels: Any) -> None:
        """Send messages through other channels from the next round on; messages in flight are lost.

        Args:
            channels: What a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = [replace(setup, channels=channels) for setup in self.setups]
        self.replace_game(setups, self.state().without_messages())

    def check_is_between_rounds(self) -> None:
        """Raise an error if `speak` has begun a round that `learn` has not ended.

        Raises:
            StateError: It has.
        """
        if self._output_shape is not None:
            raise StateError("an engine cannot be copied within a round: call learn before")

    def replace_game(self, setups: Sequence[Setup], state: State) -> None:
        """Continue with another game, between two rounds; the learning-rate factor stays.

        Args:
            setups: The game of each replica, with the same inputs, outputs, seeds and learning rates as before.
            state: A state of that game.

        Raises:
            NeuroNetError: They do not fit each other.
        """
        check_replicas(setups)
        check_state(state, setups)
        self._output_shape = None
        with plug_in_errors():
            self._replace_game(list(setups), state)

    def network(self, replica: int = 0) -> Network:
        """Return the network of a replica with its present weights."""
        state = self.state()
        return (state.replica(replica) if len(self.setups) > 1 else state).network(self.setups[replica].network)

    @abstractmethod
    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """Return a layer as it is now, and what it did in the last round; the inputs are layer 0.

        Raises:
            ConfigurationError: The engine holds only a part of the batch.
        """

    @abstractmethod
    def close(self) -> None:
        """Release all memory; the engine cannot be used afterwards."""

    @abstractmethod
    def _as_array(self, array: Array) -> Array:
        """Return an array of the engine's own library, precision and device."""

    @abstractmethod
    def _play(self, batch: Samples) -> Array:
        """Play one round on a prepared batch; return the losses."""

    @abstractmethod
    def _play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds."""

    @abstractmethod
    def _outputs(self, inputs: Array, *, learning: bool) -> Array:
        """Return the outputs; begin a round if it is one of learning."""

    @abstractmethod
    def _learn(self, output_feedback: Array, loss: Array) -> None:
        """End the round that `_outputs` began."""

    @abstractmethod
    def _restore(self, state: State) -> None:
        """Continue from a state that fits the game."""

    @abstractmethod
    def _replace_game(self, setups: list[Setup], state: State) -> None:
        """Continue with another game, from a state that fits it."""
