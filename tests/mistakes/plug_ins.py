"""Plug-ins with the mistakes of a newcomer; a comment `# here: NAME` marks the line that a message must name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import neuronet
from neuronet.channels import Channel
from neuronet.interventions.base import Intervention

SOURCE = Path(__file__)


def line_of(mark: str) -> str:
    """Return the place of a marked line, as messages write it."""
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if line.endswith(f"# here: {mark}")]
    return f"plug_ins.py line {number}"


def fail() -> None:
    """Raise what a slip raises."""
    raise ZeroDivisionError("division by zero")  # here: fail


@dataclass(frozen=True)
class Mine(neuronet.Policy):
    """Fails in one of its hooks."""

    hook: str = "feedback"

    def _slip(self, hook: str) -> None:
        if hook == self.hook:
            raise ZeroDivisionError("division by zero")  # here: slip

    def speak(self, activity, obs, memory):
        self._slip("speak")
        return activity

    def feedback(self, obs, memory):
        self._slip("feedback")
        return obs.demand @ obs.attention

    def demand(self, feedback, obs, memory):
        self._slip("demand")
        return feedback * obs.slope

    def adapt(self, response, obs, memory):
        self._slip("adapt")
        return response

    def initial_memory(self, birth):
        self._slip("initial_memory")
        return {}

    def remember(self, change, response, obs, memory):
        self._slip("remember")
        return {}


@dataclass(frozen=True)
class Linear(neuronet.LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention * {}["gain"]  # here: key


@dataclass(frozen=True)
class Outer(neuronet.Wrapper):
    """Blameless: what it wraps fails."""

    policy: neuronet.Policy

    def feedback(self, obs, memory):
        return super().feedback(obs, memory)


@dataclass(frozen=True)
class Undeclared(neuronet.LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.response  # here: undeclared


@dataclass(frozen=True)
class Misspelt(neuronet.LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.atention  # here: misspelt


@dataclass(frozen=True)
class Fussy(neuronet.Policy):
    """Refuses its own parameter, with an exception of Python."""

    share: float = 0.5

    def __post_init__(self):
        assert self.share < 1, "share is too large"  # here: constructor

    def feedback(self, obs, memory):
        return obs.demand @ obs.attention


@dataclass(frozen=True)
class Returns(neuronet.Policy):
    """Returns something wrong from one hook."""

    hook: str = "feedback"
    wrong: str = "nothing"

    @property
    def memory_axes(self):
        return {"income": "JS"} if self.hook in ("initial_memory", "remember") else {}

    def _answer(self, hook, right):
        return WRONG[self.wrong](right) if hook == self.hook else right

    def speak(self, activity, obs, memory):
        return self._answer("speak", activity)

    def feedback(self, obs, memory):
        return self._answer("feedback", obs.demand @ obs.attention)

    def demand(self, feedback, obs, memory):
        return self._answer("demand", feedback * obs.slope)

    def adapt(self, response, obs, memory):
        return self._answer("adapt", 1.0 * response)

    def initial_memory(self, birth):
        memory = {name: birth.zeros(axes) for name, axes in self.memory_axes.items()}
        return self._answer("initial_memory", memory) if self.wrong == "nothing" else self._in_memory("initial_memory", memory)

    def remember(self, change, response, obs, memory):
        return self._answer("remember", memory) if self.wrong == "nothing" else self._in_memory("remember", memory)

    def _in_memory(self, hook, memory):
        return {name: self._answer(hook, array) for name, array in memory.items()}


WRONG: dict[str, Callable] = {
    "nothing": lambda right: None,
    "a number": lambda right: 0.5,
    "one column too many": lambda right: right[..., [0, *range(right.shape[-1])]],
    "no samples": lambda right: right[0],
    "single precision": lambda right: right.astype("float32") if isinstance(right, np.ndarray) else right.float(),
}


@dataclass(frozen=True)
class WeightsOf(neuronet.LinearPolicy):
    """Linear, with weights of a wrong shape."""

    def feedback_weights(self, obs, memory):
        return obs.attention[0]


@dataclass(frozen=True)
class Root(neuronet.LinearPolicy):
    """Gives nan where attention is negative."""

    def feedback_weights(self, obs, memory):
        return obs.xp.sqrt(obs.attention)


@dataclass(frozen=True)
class Logarithm(neuronet.Policy):
    """Gives nan where feedback is negative."""

    def feedback(self, obs, memory):
        return obs.xp.log(obs.demand @ obs.attention)


@dataclass(frozen=True)
class Ratio(Channel):
    """Gives nan where it divides by 0."""

    def transmit(self, messages, context):
        return (messages - messages) / (messages - messages)


class LogLoss(neuronet.SquaredError):
    """Payoff whose loss is nan: the logarithm of a negative number."""

    def loss(self, xp, outputs, targets):
        return xp.log(-1.0 - super().loss(xp, outputs, targets))


class RootFeedback(neuronet.SquaredError):
    """Payoff whose feedback is nan: the root of a negative number."""

    def feedback(self, xp, outputs, targets):
        return xp.sqrt(-1.0 - outputs**2)


@dataclass(frozen=True)
class Steady(neuronet.Policy):
    """Keeps its contract; where it diverges, the learning rate is to blame."""

    def feedback(self, obs, memory):
        return 1.0 * (obs.demand @ obs.attention)


@dataclass(frozen=True)
class Crowd(neuronet.Policy):
    """Depends on the other neurons of its layer, without failing."""

    def feedback(self, obs, memory):
        return (obs.demand @ obs.attention) - obs.xp.mean(obs.activity, axis=-1, keepdims=True)


@dataclass(frozen=True)
class Scribbler(neuronet.LinearPolicy):
    """Writes into what it must only read."""

    def feedback_weights(self, obs, memory):
        obs.attention[..., 0, :] = 0.0
        return obs.attention


class Unpicklable(neuronet.Xor):
    """Environment that no other process can take."""

    def __init__(self) -> None:
        super().__init__()
        self.handle = threading.Lock()


class Broken(neuronet.Xor):
    """Environment whose samples fail."""

    @property
    def train(self):
        raise FileNotFoundError("samples.bin")  # here: environment


class Forgetful(neuronet.Xor):
    """Environment that forgets to return its samples."""

    @property
    def train(self):
        neuronet.Samples(np.zeros((3, 2)), np.zeros(3, dtype=int))


class PaidByClass(neuronet.Xor):
    """Environment with a class for a payoff."""

    payoff = neuronet.CrossEntropy


class Costs(neuronet.SquaredError):
    """Payoff whose loss fails."""

    def loss(self, xp, outputs, targets):
        return outputs["loss"]  # here: payoff


class MeanCosts(neuronet.SquaredError):
    """Payoff with one loss for all samples."""

    def loss(self, xp, outputs, targets):
        return xp.mean(super().loss(xp, outputs, targets))


def paying(payoff):
    """Return an environment of numbers with a payoff."""

    class Numbers(neuronet.Environment):
        outputs = 2

        def __init__(self):
            self.payoff = payoff
            inputs = np.random.default_rng(0).standard_normal((12, 3))
            self.samples = neuronet.Samples(inputs, inputs[:, :2].copy())

        @property
        def train(self):
            return self.samples

        @property
        def test(self):
            return self.samples

    return Numbers()


@dataclass(frozen=True)
class Noise(Channel):
    """Channel that fails, or forgets to return."""

    fails: bool = True

    def transmit(self, messages, context):
        if self.fails:
            fail()


@dataclass(frozen=True)
class Surgery(Intervention):
    """Intervention that fails."""

    name = "surgery"

    def apply(self, setup, state):
        fail()


def layout(node, layer):
    """Function of a population that fails."""
    fail()
