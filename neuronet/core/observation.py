"""What a neuron can see when it decides, and what it is told when it is born."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import UndeclaredFieldError
from neuronet.core.random_streams import RandomStream

OPTIONAL_FIELDS = frozenset({"response", "broadcast", "reward", "synapses", "synapse_mask"})
"""What a policy sees only if it lists it in `needs`."""

LATE_SIGHTS = frozenset({"demand", "response", "broadcast", "reward"})
"""What is known only after the payoff: `speak` cannot see it, and nobody can while the network is judged."""


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
}
"""The trailing axes of every array that a neuron can see."""

FIELDS = frozenset({*AXES, "draws", "learning", "learning_rate", "xp"})


class Observation:
    """What the neurons of a layer (or one of them, J = 1) can see in a round.

    Shapes: B samples, I speakers, J neurons, K listeners, O outputs, S synapses (the speakers and, last, the neuron's own bias);
    any array may carry leading axes. It holds until the round ends: what a policy wants to keep it copies into its memory.

    Args:
        getter: Finds a sight by its name when it is first looked at; raises KeyError for what cannot be seen. None if all are
            given.
        **fields: Those that are at hand.

    Attributes:
        xp: The namespace of all these arrays: `obs.xp.sign(obs.attention)`.
        potential: (..., B, J), what the neurons sum up from their speakers.
        activity: (..., B, J), what they say.
        slope: (..., B, J), f'(potential).
        speaker_activity: (..., B, I), what the layer before has said; a neuron hears those that it is connected to.
        attention: (..., K, J), the weight with which each listener listens to each neuron; 0 where they are not connected.
        listener_mask:  (..., K, J), 1 where they are connected, 0 where not: `sum(listener_mask)` counts a neuron's listeners.
        learning_rate: The listeners' learning rate: a number, or an array that broadcasts against attention.
        draws: The random numbers of this round.
        learning: Whether the neurons learn from this round; False while the network is only judged.
        demand: (..., B, K), how each listener wants its own potential to move. Not yet known in `speak`.
        response: (..., K, J), how each listener intends to change its attention per unit of learning rate:
            `demand.T @ activity / B`. Only for policies whose `needs` names it, and not in `speak`.
        broadcast: (..., B, O), the demands of the output neurons. Only for policies whose `needs` names it, and not in `speak`.
        reward: (..., B), minus each sample's loss. Only for policies whose `needs` names it, and not in `speak`.
        synapses: (..., J, S), the attention that the neurons pay and, last, their bias. Only for policies whose `needs` names it.
        synapse_mask:  (..., J, S), 1 where there is such a synapse, 0 where not. Only for policies whose `needs` names it.
    """

    __slots__ = (
        "activity",
        "attention",
        "broadcast",
        "demand",
        "draws",
        "getter",
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

    def __init__(self, getter: Callable[[str], object] | None = None, **fields: object) -> None:
        self.getter = getter
        for name, value in fields.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:  # reached only when a slot is empty
        if name == "getter":  # nothing is set yet, as in the midst of a copy
            raise AttributeError(name)
        if self.getter is None or name not in FIELDS:
            raise _undeclared_error(name)
        try:
            value = self.getter(name)
        except KeyError:
            raise _undeclared_error(name) from None
        setattr(self, name, value)
        return value

    def for_wrapped_policy(self, needs: frozenset[str]) -> Observation:
        """The sights for a policy held by another one: only what it needs itself, and random numbers of its own."""
        hidden = OPTIONAL_FIELDS - needs

        def getter(name: str) -> object:
            if name in hidden:
                raise _undeclared_error(name)
            return getattr(self, name)

        return Observation(getter, draws=self.draws.scoped("policy"))

    def for_neurons(self, take: Callable[[Array, str], Array], draws: RandomStream) -> Observation:
        """The sights of some of these neurons.

        Args:
            take: Takes their part of an array whose trailing axes are spelled in letters.
            draws: Their part of the random numbers.
        """

        def getter(name: str) -> object:
            value = getattr(self, name)
            return take(value, AXES[name]) if name in AXES else value

        return Observation(getter, draws=draws)


def _undeclared_error(name: str) -> Exception:
    if name in OPTIONAL_FIELDS:
        late = f", and do not look at it in speak, where '{name}' is not known yet" if name in LATE_SIGHTS else ""
        return UndeclaredFieldError(f"the policy looks at '{name}' without asking for it: add '{name}' to its needs{late}")
    if name == "demand":
        return UndeclaredFieldError("the listeners' demand is not known before the payoff: speak cannot look at it")
    return AttributeError(f"a neuron cannot see '{name}'")


class Birth:
    """What neurons are told when they are born, so that a policy can prepare its memory.

    Memory is spelled in letters: J neurons, K listeners, I speakers, S synapses (the speakers and, last, the neuron's own bias),
    O outputs. `birth.zeros("JS")` has a zero for each synapse of each neuron.

    Args:
        draws: Random numbers that belong to the neurons' birth.
        zeros: Makes zeros with the shape that the letters spell.
    """

    __slots__ = ("draws", "zeros")

    def __init__(self, draws: RandomStream, zeros: Callable[[str], Array]) -> None:
        self.draws = draws
        self.zeros = zeros

    def for_wrapped_policy(self) -> Birth:
        """The same for a policy held by another one."""
        return Birth(self.draws.scoped("policy"), self.zeros)
