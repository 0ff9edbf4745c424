"""Search for the plug-in that gives nan or infinite numbers, by playing a diverged run again with plug-ins that are watched."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import array_api_compat

from neuronet.channels import Channel, ChannelAt, ChannelContext
from neuronet.core import (
    AXES,
    Array,
    Birth,
    DelegatingPolicy,
    DivergedError,
    Group,
    Memory,
    Namespace,
    NonFiniteError,
    Observation,
    Payoff,
    Policy,
    Scales,
    own_classes,
)
from neuronet.engines.base import Setup

MAX_INPUT = 1e6
"""Largest number that a plug-in may have seen if the fault is to be its own: beyond, the network has diverged before."""

MAX_SECONDS = 10.0
"""Seconds after which the search is given up."""


class OutOfTimeError(Exception):
    """The search has taken too long."""


class NothingOwnError(Exception):
    """No plug-in of the run is the user's own."""


@dataclass(frozen=True)
class WatchedPolicy(DelegatingPolicy):
    """The same policy, which raises an error when it gives nan or infinite numbers for finite ones.

    Attributes:
        policy: The policy.
        layer: Its listening layer, from 1.
        until: Time of the monotonic clock at which the search ends.
    """

    policy: Policy
    layer: int
    until: float

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the policy's feedback weights."""
        return self._checked("feedback_weights", self.policy.feedback_weights(obs, memory), obs, memory)

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return what the policy says."""
        return self._checked("speak", self.policy.speak(activity, obs, memory), obs, memory)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the policy's feedback."""
        if self.linear:
            self.feedback_weights(obs, memory)
        return self._checked("feedback", self.policy.feedback(obs, memory), obs, memory)

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return the policy's demand."""
        return self._checked("demand", self.policy.demand(feedback, obs, memory), obs, memory, feedback)

    def scales(self, response: Array, obs: Observation, memory: Memory) -> Scales:
        """Return the policy's factors."""
        scales = self.policy.scales(response, obs, memory)
        self._checked("scales", scales, obs, memory, response)
        return scales

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the policy's change."""
        return self._checked("adapt", self.policy.adapt(response, obs, memory), obs, memory, response)

    def initial_memory(self, birth: Birth) -> Memory:
        """Return the policy's initial memory."""
        memory: Memory = self._checked("initial_memory", self.policy.initial_memory(birth), None, {})
        return memory

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return what the policy remembers."""
        kept = self.policy.remember(change, response, obs, memory)
        self._checked("remember", kept, obs, memory, change, response)
        return kept

    def _checked(self, hook: str, answer: Any, obs: Observation | None, memory: Memory, *arguments: Array) -> Any:
        parts = answer.values() if isinstance(answer, Mapping) else answer if isinstance(answer, Scales) else [answer]
        seen = [*memory.values(), *arguments, *([] if obs is None else _visible(obs))]
        what = {"speak": "activity", "remember": "memory"}.get(hook, hook).replace("initial_memory", "initial memory")
        _check(f"policy {_own_name(self.policy)}", what, f" in layer {self.layer}", parts, seen, self.until)
        return answer


@dataclass(frozen=True)
class WatchedChannel(Channel):
    """The same channel, which raises an error when it gives nan or infinite numbers for finite ones.

    Attributes:
        channel: The channel.
        place: Direction of its messages, and the layer below, as an end of a sentence.
        until: As for WatchedPolicy.
    """

    channel: Channel
    place: str
    until: float

    @property
    def active_in_eval(self) -> bool:
        """Whether the channel acts in evaluation."""
        return self.channel.active_in_eval

    @property
    def history_length(self) -> int:
        """Number of earlier rounds from which the channel reads messages."""
        return self.channel.history_length

    @property
    def delay(self) -> int:
        """Number of rounds between sending and delivery."""
        return self.channel.delay

    def transmit(self, messages: Array, context: ChannelContext) -> Array | None:
        """Return what the channel delivers."""
        return self._checked("", self.channel.transmit(messages, context), messages, context)

    def jacobian(self, messages: Array, context: ChannelContext) -> Array | None:
        """Return the channel's derivative."""
        return self._checked("a derivative of ", self.channel.jacobian(messages, context), messages, context)

    def _checked(self, what: str, answer: Array | None, messages: Array, context: ChannelContext) -> Array | None:
        seen = [messages, *(earlier for earlier in context.history if earlier is not None)]
        _check(f"channel {_own_name(self.channel)}", f"{what}{self.place}", "", [answer], seen, self.until)
        return answer


@dataclass(frozen=True)
class WatchedPayoff(Payoff):
    """The same payoff, which raises an error when it gives nan or infinite numbers for finite ones.

    Attributes:
        payoff: The payoff.
        until: As for WatchedPolicy.
    """

    payoff: Payoff
    until: float

    def __post_init__(self) -> None:
        for name in ("classes", "unit"):
            object.__setattr__(self, name, getattr(self.payoff, name))

    def loss(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return the payoff's loss."""
        return self._checked("loss", self.payoff.loss(xp, outputs, targets), outputs)

    def feedback(self, xp: Namespace, outputs: Array, targets: Array) -> Array:
        """Return the payoff's feedback."""
        return self._checked("feedback", self.payoff.feedback(xp, outputs, targets), outputs)

    def correct(self, xp: Namespace, outputs: Array, targets: Array) -> Array | None:
        """Return which samples the payoff finds correct."""
        return self.payoff.correct(xp, outputs, targets)

    def _checked(self, method: str, answer: Array, outputs: Array) -> Array:
        _check(f"payoff {_own_name(self.payoff)}", method, "", [answer], [outputs], self.until)
        return answer


Watch = Callable[[Setup], Setup]
"""What makes the game of a run that is played again of the game of the run."""


def watched(setup: Setup, until: float) -> Setup:
    """Return the same game, in which the plug-ins of the user's own are watched.

    Args:
        setup: The game.
        until: Time of the monotonic clock at which the search ends.

    Raises:
        NothingOwnError: There are none. All that comes with NeuroNet gives finite numbers for finite ones.
    """
    parts = (*setup.all_policies, setup.payoff, *(placed.channel for placed in setup.channels))
    if not any(map(own_classes, parts)):
        raise NothingOwnError
    layers = tuple(_watched_layer(layer, number, until) for number, layer in enumerate(setup.policies, start=1))
    payoff = WatchedPayoff(setup.payoff, until) if own_classes(setup.payoff) else setup.payoff
    hidden = range(1, len(setup.network.sizes) - 1)
    channels = [placed for channel in setup.channels for placed in _watched_channels(channel, hidden, until)]
    return replace(setup, policies=layers, payoff=payoff, channels=tuple(channels))


def _watched_layer(layer: Policy | tuple[Group, ...], number: int, until: float) -> Policy | tuple[Group, ...]:
    if isinstance(layer, Policy):
        return WatchedPolicy(layer, number, until)
    return tuple(Group(WatchedPolicy(group.policy, number, until), group.members) for group in layer)


def _watched_channels(placed: ChannelAt, hidden: Iterable[int], until: float) -> list[ChannelAt]:
    if not own_classes(placed.channel):
        return [placed]
    layers = hidden if placed.layer is None else (placed.layer,)
    return [
        replace(placed, channel=WatchedChannel(placed.channel, f"{placed.direction} above layer {layer}", until), layer=layer)
        for layer in layers
    ]


def find_non_finite(error: DivergedError, play_again: Callable[[Watch], object]) -> DivergedError | NonFiniteError:
    """Return the error of a plug-in that gave nan or infinite numbers of its own, or the given one if there is none.

    Nothing is played if all policies, channels and the payoff come with NeuroNet: these give finite numbers for finite ones.

    Args:
        error: What ended the run.
        play_again: Plays the run again, with setups that a function makes of the run's own.
    """
    until = time.monotonic() + MAX_SECONDS
    try:
        play_again(lambda setup: watched(setup, until))
    except NonFiniteError as found:
        number = _round_of(found)
        where = "at birth" if number is None else f"at round {number}"
        hint = "look for a division by 0, a logarithm, a root or an overflow in it"
        return NonFiniteError(f"{found} {where}, although everything that it saw was finite: {hint}")
    except Exception:
        return error
    return error


def _check(plug_in: str, what: str, where: str, answers: Iterable[Any], seen: Iterable[Any], until: float) -> None:
    """Raise NonFiniteError if an answer is not finite although all that was seen is; OutOfTimeError after the search's time."""
    if time.monotonic() > until:
        raise OutOfTimeError
    kind = next(filter(None, map(_kind_of_non_finite, answers)), "")
    if kind and all(map(_is_moderate, seen)):
        raise NonFiniteError(f"{plug_in} gave {kind} {what}{where}")


def _own_name(plug_in: object) -> str:
    return next((cls.__name__ for cls in own_classes(plug_in)), type(plug_in).__name__)


def _kind_of_non_finite(array: Any) -> str:
    if getattr(array, "shape", None) is None:
        return ""
    xp = array_api_compat.array_namespace(array)
    if not xp.isdtype(array.dtype, "real floating") or bool(xp.all(xp.isfinite(array))):
        return ""
    return "nan" if bool(xp.any(xp.isnan(array))) else "infinite"


def _is_moderate(array: Any) -> bool:
    if 0 in array.shape:
        return True
    xp = array_api_compat.array_namespace(array)
    return bool(xp.all(xp.isfinite(array))) and float(xp.max(xp.abs(array))) <= MAX_INPUT


def _visible(obs: Observation) -> list[Array]:
    values = (getattr(obs, name, None) for name in AXES)
    return [value for value in values if value is not None]


def _round_of(error: NonFiniteError) -> int | None:
    """Return the number of the round in which an error arose, as the frames of its traceback know it."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        names = frame.f_locals
        owners = (names.get("self"), names.get("current"))
        contexts = (names.get("context"), *(getattr(owner, "context", None) for owner in owners))
        numbers = (getattr(context, "number", None) for context in contexts)
        number = next((number for number in numbers if number is not None), names.get("number"))
        if isinstance(number, int):
            return number
    return None
