"""Copies of a Gymnasium environment, with the conversion of observations to inputs and of outputs to actions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.control.contract import MAX_VALUES, box_values, discrete_index, make, reset, step
from neuronet.core import ConfigurationError, CrossEntropy, DataError, MissingExtraError, Payoff, SquaredError

if TYPE_CHECKING:
    from gymnasium import Env, Space

Floats = NDArray[np.float64]
EnvironmentSpec = str | Callable[[], Any]
"""Id of an environment, or a function that makes one."""


class Actions(ABC):
    """Conversion of network outputs to actions, random during learning.

    Actions are recorded as targets of a payoff: a class or real values. The payoff's loss of an output is then minus the log
    probability of the action, divided by `precision` and up to a constant.

    Attributes:
        payoff: Payoff whose targets are the actions.
    """

    payoff: Payoff

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Return the number of output neurons."""

    @property
    def precision(self) -> float:
        """Return the factor of the payoff's loss and feedback."""
        return 1.0

    @abstractmethod
    def sample(self, output_values: Floats, rng: np.random.Generator) -> NDArray[Any]:
        """Draw actions as targets, (E,) or (E, O), given the outputs, (E, O)."""

    @abstractmethod
    def most_likely(self, output_values: Floats) -> NDArray[Any]:
        """Return the most likely actions as targets, (E,) or (E, O), given the outputs, (E, O)."""

    @abstractmethod
    def to_env(self, target: Any) -> Any:
        """Convert the target of one episode to an action of the environment."""


@dataclass(frozen=True)
class CategoricalActions(Actions):
    """Discrete actions with probabilities given by the softmax of the outputs.

    Args:
        count: Number of actions.
        first: Number of the first action.
    """

    count: int
    first: int = 0

    payoff = CrossEntropy()

    @property
    def outputs(self) -> int:
        """Return the number of output neurons, one per action."""
        return self.count

    def sample(self, output_values: Floats, rng: np.random.Generator) -> NDArray[Any]:
        """Draw actions by inversion of the cumulative probabilities, (E,)."""
        odds = np.cumsum(np.exp(output_values - output_values.max(axis=-1, keepdims=True)), axis=-1)
        passed = odds <= rng.random((len(output_values), 1)) * odds[:, -1:]
        return np.asarray(np.minimum(passed.sum(axis=-1), self.count - 1))

    def most_likely(self, output_values: Floats) -> NDArray[Any]:
        """Return the actions with the largest outputs, (E,)."""
        return np.asarray(output_values.argmax(axis=-1))

    def to_env(self, target: Any) -> Any:
        """Return the number of an action."""
        return self.first + target


@dataclass(frozen=True, eq=False)
class GaussianActions(Actions):
    """Real-valued actions within bounds, normally distributed around the outputs.

    Outputs of -1 and 1 are mapped to the bounds if both are finite, otherwise outputs are the values. Actions are clipped to the
    bounds in the environment, but not for learning.

    Args:
        low: Lower bounds, in the shape of an action.
        high: Upper bounds, in the shape of an action.
        action_std: Standard deviation in units of outputs (> 0).
    """

    low: NDArray[Any]
    high: NDArray[Any]
    action_std: float = 0.5
    middle: Floats = field(init=False, repr=False)
    half_range: Floats = field(init=False, repr=False)

    payoff = SquaredError()

    def __post_init__(self) -> None:
        low, high = self.low.astype(np.float64), self.high.astype(np.float64)
        bounded = np.isfinite(low) & np.isfinite(high)
        low, high = np.where(bounded, low, -1.0), np.where(bounded, high, 1.0)
        object.__setattr__(self, "middle", (low + high) / 2)
        object.__setattr__(self, "half_range", (high - low) / 2)

    @property
    def outputs(self) -> int:
        """Return the number of output neurons, one per value."""
        return self.low.size

    @property
    def precision(self) -> float:
        """Return the inverse variance."""
        return self.action_std**-2

    def sample(self, output_values: Floats, rng: np.random.Generator) -> NDArray[Any]:
        """Draw actions, the outputs plus normal noise, (E, O)."""
        return output_values + self.action_std * rng.standard_normal(output_values.shape)

    def most_likely(self, output_values: Floats) -> NDArray[Any]:
        """Return the outputs, (E, O)."""
        return output_values

    def to_env(self, target: Any) -> Any:
        """Return an action, scaled and clipped to the bounds, in the shape and type of the action space."""
        scaled = self.middle + self.half_range * target.reshape(self.low.shape)
        return np.clip(scaled, self.low, self.high).astype(self.low.dtype)


class VectorEnv:
    """Copies of one Gymnasium environment.

    Args:
        environment: A Gymnasium id such as "CartPole-v1" or "module:Name-v0", or a function that makes an environment.
        count: Number of copies.
        action_std: Standard deviation of real-valued actions.

    Attributes:
        name: Name of the environment.
        envs: Environments.
        inputs: Number of input neurons.
        encode: Function from an observation to the network inputs, (I,): its flattened values, or a one-hot code.
        actions: Conversion of outputs to actions.
        threshold: Mean return at which the environment counts as solved; None if it has no threshold.

    Raises:
        MissingExtraError: Gymnasium is not installed.
        DataError: There is no such environment, or its spaces are not supported.
        ConfigurationError: The function returns no environment, the same one twice, or one with other spaces.
    """

    def __init__(self, environment: EnvironmentSpec, count: int, action_std: float) -> None:
        self.envs: Sequence[Env[Any, Any]] = [_make(environment) for _ in range(count)]
        first = self.envs[0]
        self.name = environment if isinstance(environment, str) else _name(first)
        _check_copies(self.envs, self.name)
        self.inputs, self.encode = _make_encoder(_space(first, "observation_space"), self.name)
        self.actions = _make_actions(_space(first, "action_space"), self.name, action_std)
        self.threshold = None if first.spec is None else first.spec.reward_threshold

    def reset(self, index: int, seed: int) -> Floats:
        """Start an episode in one copy, and return the network inputs, (I,).

        Raises:
            DataError: The environment breaks Gymnasium's contract.
        """
        return self.encode(reset(self.envs[index], seed, self.name))

    def step(self, index: int, target: Any) -> tuple[Floats, float, bool]:
        """Play a step in one copy.

        Args:
            index: Number of the copy.
            target: The action, as a target.

        Returns:
            Network inputs, (I,), the reward, and whether the episode has ended.

        Raises:
            DataError: The environment breaks Gymnasium's contract.
        """
        played = step(self.envs[index], self.actions.to_env(target), self.name)
        return self.encode(played.observation), played.reward, played.ended

    def close(self) -> None:
        """Close all copies."""
        for env in self.envs:
            env.close()


def policy_gradient_feedback(
    actions: Actions, output_values: Floats, taken: NDArray[Any], advantage: Floats
) -> tuple[Floats, Floats]:
    """Return the feedback of the output neurons, (N, O), and the cost of each step, (N,), by REINFORCE (Williams 1992).

    The cost is `-advantage * log probability` of the action, up to a constant; the feedback is minus its derivative by the
    outputs. For discrete actions that is `advantage * (onehot(taken) - softmax(output_values))`.

    Args:
        actions: Conversion of outputs to actions.
        output_values: Outputs, (N, O).
        taken: Actions as targets, (N,) or (N, O).
        advantage: Advantage of each step, (N,).
    """
    scale = advantage * actions.precision
    feedback = scale[:, None] * actions.payoff.feedback(xp, output_values, taken)
    return np.asarray(feedback), np.asarray(scale * actions.payoff.loss(xp, output_values, taken))


def _make(environment: EnvironmentSpec) -> Env[Any, Any]:
    try:
        import gymnasium
    except ImportError:
        raise MissingExtraError("control needs gymnasium: pip install 'neuronet[rl]'") from None
    if not isinstance(environment, str) and not callable(environment):
        raise ConfigurationError(f"environment must be a Gymnasium id such as 'CartPole-v1', or a function, got {environment!r}")
    if not isinstance(environment, str):
        made = make(environment)
        if not isinstance(made, gymnasium.Env):
            raise ConfigurationError(f"environment must be a function that returns a gymnasium.Env, got {made!r}")
        return made
    try:
        return gymnasium.make(environment, disable_env_checker=True)
    except Exception as error:  # environments of other packages may raise anything
        raise DataError(f"cannot make the Gymnasium environment '{environment}': {error}") from None


def _check_copies(envs: Sequence[Env[Any, Any]], name: str) -> None:
    """Refuse copies that share their state, or that differ in what they show and take."""
    if len({id(env.unwrapped) for env in envs}) < len(envs):
        raise ConfigurationError(f"each copy of '{name}' must be a new environment, but the function returned the same one twice")
    for kind in ("observation_space", "action_space"):
        spaces = [_space(env, kind) for env in envs]
        other = next((space for space in spaces if space != spaces[0]), None)
        if other is not None:
            raise ConfigurationError(f"all copies of '{name}' must have the same {kind}, got {spaces[0]} and {other}")


def _space(env: Env[Any, Any], kind: str) -> Any:
    return getattr(env, kind, None)


def _name(env: Env[Any, Any]) -> str:
    return type(env.unwrapped).__name__ if env.spec is None else env.spec.id


def _check_size(what: str, space: Any, name: str) -> None:
    size = getattr(space, "n", None) or int(np.prod(getattr(space, "shape", None) or (1,), dtype=np.float64))
    if isinstance(size, int | np.integer) and size > MAX_VALUES:
        raise DataError(f"the {what} of '{name}' must have at most {MAX_VALUES} values, each of which is a neuron, got {size}")


def _make_encoder(space: Space[Any], name: str) -> tuple[int, Callable[[Any], Floats]]:
    from gymnasium.spaces import Box, Discrete

    _check_size("observations", space, name)
    if isinstance(space, Discrete):
        count, start = int(space.n), int(space.start)
        return count, lambda observation: np.eye(1, count, discrete_index(observation, start, count, name))[0]
    if isinstance(space, Box) and np.prod(space.shape) > 0:
        return int(np.prod(space.shape)), lambda observation: box_values(observation, space.shape, name)
    raise DataError(
        f"the observations of '{name}' must be a Box or Discrete, got {space}: "
        "use a function that wraps it in gymnasium.wrappers.FlattenObservation"
    )


def _make_actions(space: Space[Any], name: str, action_std: float) -> Actions:
    from gymnasium.spaces import Box, Discrete

    _check_size("actions", space, name)
    if isinstance(space, Discrete):
        return CategoricalActions(int(space.n), int(space.start))
    if isinstance(space, Box) and np.issubdtype(space.dtype, np.floating) and np.prod(space.shape) > 0:
        return GaussianActions(space.low, space.high, action_std)
    raise DataError(f"the actions of '{name}' must be Discrete or a Box of floating point, got {space}")
