"""Copies of a Gymnasium environment, played side by side: what they show to input neurons, and what output neurons do in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy, Payoff, SquaredError

if TYPE_CHECKING:
    from gymnasium import Env, Space

Floats = NDArray[np.float64]
EnvironmentSpec = str | Callable[[], Any]
"""An environment's id, or a function that makes one."""


class Actions(ABC):
    """How outputs become actions, by chance while the network learns.

    What was done is kept as a payoff's target: class or values. The payoff's loss of an output is then minus the logarithm of the
    probability of what was done, but for `precision` and a constant.

    Attributes:
        outputs: How many output neurons there must be.
        payoff: Whose targets the actions are.
        precision: What its loss and feedback are multiplied by.
    """

    outputs: int
    payoff: Payoff
    precision: float = 1.0

    @abstractmethod
    def sample(self, output_values: Floats, rng: np.random.Generator) -> NDArray[Any]:
        """What is done by chance, as targets, (E,) or (E, O), given what the output neurons say, (E, O)."""

    @abstractmethod
    def most_likely(self, output_values: Floats) -> NDArray[Any]:
        """What is most likely done, as targets, (E,) or (E, O)."""

    @abstractmethod
    def to_env(self, target: Any) -> Any:
        """The action in the environment's own terms."""


@dataclass(frozen=True)
class CategoricalActions(Actions):
    """One of several actions, with the softmax of the outputs as probabilities.

    Args:
        outputs: How many there are.
        first: The number of the first.
    """

    outputs: int
    first: int = 0

    payoff = CrossEntropy()

    def sample(self, output_values: Floats, rng: np.random.Generator) -> NDArray[Any]:
        """The first whose cumulative probability is above a uniform number."""
        odds = np.cumsum(np.exp(output_values - output_values.max(axis=-1, keepdims=True)), axis=-1)
        passed = odds <= rng.random((len(output_values), 1)) * odds[:, -1:]
        drawn: NDArray[Any] = np.minimum(passed.sum(axis=-1), self.outputs - 1)
        return drawn

    def most_likely(self, output_values: Floats) -> NDArray[Any]:
        """The one with the largest output."""
        largest: NDArray[Any] = output_values.argmax(axis=-1)
        return largest

    def to_env(self, target: Any) -> Any:
        """Its number."""
        return self.first + target


@dataclass(frozen=True, eq=False)
class GaussianActions(Actions):
    """Values within bounds, normally distributed about the outputs.

    Outputs of -1 and 1 stand for the two bounds where both are finite, otherwise for themselves. Beyond the bounds an action is
    cut off when it is done, not when it is learnt from.

    Args:
        low: Lower bounds, in the shape of an action.
        high: Upper bounds, likewise.
        action_std: Standard deviation, in units of outputs, above 0.
    """

    low: NDArray[Any]
    high: NDArray[Any]
    action_std: float = 0.5

    payoff = SquaredError()

    def __post_init__(self) -> None:
        low, high = self.low.astype(np.float64), self.high.astype(np.float64)
        bounded = np.isfinite(low) & np.isfinite(high)
        low, high = np.where(bounded, low, -1.0), np.where(bounded, high, 1.0)
        object.__setattr__(self, "_middle", (low + high) / 2)
        object.__setattr__(self, "_half", (high - low) / 2)

    @property
    def outputs(self) -> int:  # type: ignore[override]
        """One for each value."""
        return self.low.size

    @property
    def precision(self) -> float:  # type: ignore[override]
        """1 / variance."""
        return self.action_std**-2

    def sample(self, output_values: Floats, rng: np.random.Generator) -> NDArray[Any]:
        """The outputs and normal noise."""
        return output_values + self.action_std * rng.standard_normal(output_values.shape)

    def most_likely(self, output_values: Floats) -> NDArray[Any]:
        """The outputs."""
        return output_values

    def to_env(self, target: Any) -> Any:
        """Scaled, cut off at the bounds, in the shape and type of an action."""
        scaled = self._middle + self._half * target.reshape(self.low.shape)  # type: ignore[attr-defined]
        return np.clip(scaled, self.low, self.high).astype(self.low.dtype)


@dataclass(frozen=True, eq=False)
class ObservationEncoder:
    """What input neurons see of an observation: its values in a row, or a neuron for each of its possible values.

    Args:
        inputs: How many input neurons there must be.
        first: The number of the first possible value; None where an observation is an array.
    """

    inputs: int
    first: int | None = None

    def encode(self, observation: Any) -> Floats:
        """(I,), such as it is shown to the input neurons."""
        if self.first is None:
            return np.asarray(observation, dtype=np.float64).reshape(-1)
        encoded = np.zeros(self.inputs)
        encoded[int(observation) - self.first] = 1.0
        return encoded


class VectorEnv:
    """Copies of one environment.

    Args:
        environment: A Gymnasium id such as "CartPole-v1" or "module:Name-v0", or a function that makes an environment.
        count: How many copies.
        action_std: Standard deviation of actions that are values.

    Attributes:
        name: What the environment is called.
        envs: The environments.
        encoder: What input neurons see.
        actions: What output neurons do.
        threshold: The mean return from which on the environment counts as solved; None where it does not say.

    Raises:
        NeuroNetError: Gymnasium is missing, there is no such environment, or it has other observations or actions.
    """

    def __init__(self, environment: EnvironmentSpec, count: int, action_std: float) -> None:
        self.envs: Sequence[Env[Any, Any]] = [_make(environment) for _ in range(count)]
        first = self.envs[0]
        self.name = environment if isinstance(environment, str) else _name(first)
        self.encoder = _make_encoder(first.observation_space, self.name)
        self.actions = _actions(first.action_space, self.name, action_std)
        self.threshold = None if first.spec is None else first.spec.reward_threshold

    def close(self) -> None:
        """Close every copy."""
        for env in self.envs:
            env.close()


def policy_gradient_feedback(
    actions: Actions, output_values: Floats, taken: NDArray[Any], advantage: Floats
) -> tuple[Floats, Floats]:
    """How output neurons should want to move, and what each step cost: REINFORCE (Williams 1992).

    The cost is `-advantage * log probability` of what was done, but for a constant; the feedback is minus its derivative by the
    outputs. For a choice that is `advantage * (onehot(taken) - softmax(output_values))`.

    Args:
        actions: What actions are.
        output_values: (N, O), what the output neurons say.
        taken: (N,) or (N, O), what was done, as targets.
        advantage: (N,), how much better it went than usual.

    Returns:
        Feedback (N, O) and cost (N,).
    """
    scale = advantage * actions.precision
    feedback = scale[:, None] * actions.payoff.feedback(xp, output_values, taken)
    return np.asarray(feedback), np.asarray(scale * actions.payoff.loss(xp, output_values, taken))


def _make(environment: EnvironmentSpec) -> Env[Any, Any]:
    try:
        import gymnasium
    except ImportError:
        raise NeuroNetError("control needs gymnasium: pip install 'neuronet[rl]'") from None
    if not isinstance(environment, str) and not callable(environment):
        raise NeuroNetError(f"environment must be a Gymnasium id such as 'CartPole-v1', or a function, got {environment!r}")
    if not isinstance(environment, str):
        made = environment()
        if not isinstance(made, gymnasium.Env):
            raise NeuroNetError(f"the function must make a gymnasium.Env, got {made!r}")
        return made
    try:
        return gymnasium.make(environment, disable_env_checker=True)
    except Exception as error:  # someone else's environment may fail in any way
        raise NeuroNetError(f"cannot make the Gymnasium environment '{environment}': {error}") from None


def _name(world: Env[Any, Any]) -> str:
    return type(world.unwrapped).__name__ if world.spec is None else world.spec.id


def _make_encoder(space: Space[Any], name: str) -> ObservationEncoder:
    from gymnasium.spaces import Box, Discrete

    if isinstance(space, Discrete):
        return ObservationEncoder(int(space.n), int(space.start))
    if isinstance(space, Box) and np.prod(space.shape) > 0:
        return ObservationEncoder(int(np.prod(space.shape)))
    raise NeuroNetError(
        f"the observations of '{name}' must be a Box or Discrete, got {space}: "
        "make it within gymnasium.wrappers.FlattenObservation, in a function"
    )


def _actions(space: Space[Any], name: str, action_std: float) -> Actions:
    from gymnasium.spaces import Box, Discrete

    if isinstance(space, Discrete):
        return CategoricalActions(int(space.n), int(space.start))
    if isinstance(space, Box) and np.issubdtype(space.dtype, np.floating) and np.prod(space.shape) > 0:
        return GaussianActions(space.low, space.high, action_std)
    raise NeuroNetError(f"the actions of '{name}' must be Discrete or a Box of floating point, got {space}")
