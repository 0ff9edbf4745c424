"""Observations: what a neuron sees in a round, and what it has at birth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import StateError, UndeclaredFieldError
from neuronet.core.random_streams import RandomStream

OPTIONAL_FIELDS = frozenset({"response", "broadcast", "reward", "synapses", "synapse_mask", "layer_demand", "layer_response"})
"""Fields that a policy sees only if it lists them in `needs`."""

LATE_FIELDS = frozenset({"demand", "response", "broadcast", "reward", "layer_demand", "layer_response"})
"""Fields that are known only after the payoff: not in `speak`, and not in evaluation."""

LAYER_FIELDS = frozenset({"layer_demand", "layer_response"})
"""Fields that are known once every neuron of the layer has its demand: in `scales`, `adapt` and `remember`."""

AXES = {
    "potential": "BJ",
    "activity": "BJ",
    "slope": "BJ",
    "speaker_activity": "BI",
    "attention": "KJ",
    "listener_mask": "KJ",
    "demand": "BK",
    "response": "KJ",
    "broadcast": "BO",
    "reward": "B",
    "synapses": "JS",
    "synapse_mask": "JS",
    "layer_demand": "L",
    "layer_response": "L",
}
"""Trailing axes of every array field."""

FIELDS = frozenset({*AXES, "draws", "learning", "learning_rate", "xp"})


class Observation:
    """Everything that the neurons of a layer (or one of them, J = 1) can see in a round.

    Shapes: B samples, I speakers, J neurons, K listeners, L neurons of the whole layer, O outputs, S synapses (the speakers and,
    last, the neuron's own bias); any array may have leading axes. It is valid until the round ends: a policy copies what it
    keeps into its memory.

    Args:
        getter: Returns a field by name when it is first read; raises KeyError for what cannot be seen. None if all are given.
        **fields: Fields that are known from the start.

    Attributes:
        xp: The namespace of all these arrays: `obs.xp.sign(obs.attention)`.
        potential: (..., B, J), weighted input of the neurons.
        activity: (..., B, J), what the neurons say.
        slope: (..., B, J), f'(potential).
        speaker_activity: (..., B, I), activity of the layer before; a neuron hears those that it is connected to.
        attention: (..., K, J), the weight of each listener for each neuron; 0 where they are not connected.
        listener_mask: (..., K, J), 1 where they are connected, 0 where not: `sum(listener_mask)` counts a neuron's listeners.
        learning_rate: The listeners' learning rate: a number, or an array that broadcasts against attention.
        draws: The random numbers of this round.
        learning: Whether the neurons learn from this round; False in evaluation.
        demand: (..., B, K), the desired change of each listener's potential. Not known in `speak`.
        response: (..., K, J), the intended change of each listener's attention per unit of learning rate:
            `demand.T @ activity / B`. Only for policies that name it in `needs`, and not in `speak`.
        broadcast: (..., B, O), the demands of the output neurons. Only for policies that name it in `needs`, and not in `speak`;
            for output neurons themselves from `adapt` on.
        reward: (..., B), minus each sample's loss. Only for policies that name it in `needs`, and not in `speak`.
        synapses: (..., J, S), the neurons' own weights and, last, their bias. Only for policies that name it in `needs`.
        synapse_mask: (..., J, S), 1 where there is a synapse, 0 where not. Only for policies that name it in `needs`.
        layer_demand: (..., L), root mean square over the batch of the demand of each neuron of the layer, before `scales`. Only
            for policies that name it in `needs`, and from `scales` on.
        layer_response: (..., L), length of the response of each neuron of the layer, its bias not counted, before
            `scales`. Only for policies that name it in `needs`, and from `scales` on.
    """

    __slots__ = (
        "activity",
        "attention",
        "broadcast",
        "demand",
        "draws",
        "getter",
        "layer_demand",
        "layer_response",
        "learning",
        "learning_rate",
        "listener_mask",
        "potential",
        "response",
        "reward",
        "slope",
        "speaker_activity",
        "synapse_mask",
        "synapses",
        "xp",
    )

    xp: Namespace
    potential: Array
    activity: Array
    slope: Array
    speaker_activity: Array
    attention: Array
    listener_mask: Array
    learning_rate: float | Array
    draws: RandomStream
    learning: bool
    demand: Array
    response: Array
    broadcast: Array
    reward: Array
    synapses: Array
    synapse_mask: Array
    layer_demand: Array
    layer_response: Array

    def __init__(self, getter: Callable[[str], object] | None = None, **fields: object) -> None:
        self.getter = getter
        for name, value in fields.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:  # reached only when a slot is empty
        if name == "getter":  # no slot is set yet, as during a copy
            raise AttributeError(name)
        if self.getter is None or name not in FIELDS:
            raise _undeclared_error(name)
        try:
            value = self.getter(name)
        except KeyError:
            raise _undeclared_error(name) from None
        setattr(self, name, value)
        return value

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields for a copy; the namespace goes by its name, since modules cannot be copied.

        Raises:
            StateError: Fields are computed when they are read, from arrays that a copy would share.
        """
        if self.getter is not None:
            raise StateError("an observation cannot be copied while a round is played: copy the arrays that it shows")
        fields = {name: getattr(self, name) for name in self.__slots__ if _is_set(self, name)}
        return {**fields, "xp": self.xp.__name__}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, import_module(value) if name == "xp" else value)

    def has_listeners(self) -> Array:
        """Return True for neurons that have listeners, (..., J); output neurons have none."""
        return self.xp.any(self.listener_mask != 0, axis=-2)

    def replace(self, **fields: object) -> Observation:
        """Return the same view with other values of some fields; fields that follow from them, such as `response`, stay."""
        return Observation(lambda name: getattr(self, name), **{"xp": self.xp, "draws": self.draws, **fields})

    def for_wrapped_policy(self, needs: frozenset[str]) -> Observation:
        """Return the view for a wrapped policy: only the fields that it needs, and its own random numbers."""
        hidden = OPTIONAL_FIELDS - needs

        def getter(name: str) -> object:
            if name in hidden:
                raise _undeclared_error(name)
            return getattr(self, name)

        return Observation(getter, draws=self.draws.scoped("policy"))

    def for_neurons(self, take: Callable[[Array, str], Array], draws: RandomStream) -> Observation:
        """Return the view for a subset of these neurons.

        Args:
            take: Selects the subset's part of an array; letters spell its trailing axes.
            draws: The subset's random numbers.
        """

        def getter(name: str) -> object:
            value = getattr(self, name)
            return take(value, AXES[name]) if name in AXES else value

        return Observation(getter, draws=draws)


def _is_set(obs: Observation, name: str) -> bool:
    try:
        object.__getattribute__(obs, name)
    except AttributeError:
        return False
    return True


def _undeclared_error(name: str) -> Exception:
    if name in OPTIONAL_FIELDS:
        late = f", and do not read it in speak, where '{name}' is not known yet" if name in LATE_FIELDS else ""
        late = f", and read it from scales on, where '{name}' is known" if name in LAYER_FIELDS else late
        return UndeclaredFieldError(f"the policy reads '{name}' without declaring it: add '{name}' to its needs{late}")
    if name == "demand":
        return UndeclaredFieldError("the listeners' demand is not known before the payoff: do not read it in speak")
    return AttributeError(f"a neuron cannot see '{name}'")


class Birth:
    """Random numbers and zeros for the initial memory of neurons.

    Axes are spelled in letters: J neurons, K listeners, I speakers, S synapses (the speakers and, last, the neuron's own bias),
    O outputs. `birth.zeros("JS")` has a zero for each synapse of each neuron.

    Args:
        draws: Random numbers of the neurons' birth.
        zeros: Returns zeros with the shape that the letters spell.
    """

    __slots__ = ("draws", "zeros")

    def __init__(self, draws: RandomStream, zeros: Callable[[str], Array]) -> None:
        self.draws = draws
        self.zeros = zeros

    def __repr__(self) -> str:
        return "Birth(zeros(axes), draws.normal(name, axes), draws.uniform(name, axes))"

    def __getattr__(self, name: str) -> Any:
        """Raise an error for everything that a birth does not have.

        Raises:
            AttributeError: Always; the message says what there is.
        """
        known = "it has zeros and draws, as in birth.zeros('JS') and birth.draws.normal('name', 'JK')"
        raise AttributeError(f"a birth has no '{name}': {known}")

    def for_wrapped_policy(self) -> Birth:
        """Return the same for a wrapped policy, with its own random numbers."""
        return Birth(self.draws.scoped("policy"), self.zeros)
