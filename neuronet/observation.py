"""What a neuron can see when it decides, and what it is told when it is born."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from neuronet.arrays import Array, Namespace
from neuronet.errors import UnseenError
from neuronet.randomness import Draws

OPTIONAL_SIGHTS = frozenset({"response", "broadcast", "reward", "synapses", "listening"})
"""What a policy sees only if it lists it in `needs`."""


class Observation:
    """What the neurons of a layer (or one of them, J = 1) can see in a round.

    Shapes: B samples, I speakers, J neurons, K listeners, O outputs, S synapses (the speakers and, last, the neuron's own bias);
    any array may carry leading axes. It holds until the round ends: what a policy wants to keep it copies into its memory.

    Attributes:
        xp: The namespace of all these arrays: `seen.xp.sign(seen.attention)`.
        potential: (..., B, J), what the neurons sum up from their speakers.
        activity: (..., B, J), what they say.
        slope: (..., B, J), f'(potential).
        heard: (..., B, I), what the layer before has said; a neuron hears those that it is connected to.
        attention: (..., K, J), the weight with which each listener listens to each neuron; 0 where they are not connected.
        connected: (..., K, J), 1 where they are connected, 0 where not: `sum(connected)` counts a neuron's listeners.
        learning_rate: The listeners' learning rate: a number, or an array that broadcasts against attention.
        draws: The random numbers of this round.
        demand: (..., B, K), how each listener wants its own potential to move. Not yet known in `speak`.
        response: (..., K, J), how each listener intends to change its attention per unit of learning rate:
            `demand.T @ activity / B`. Only for policies whose `needs` names it.
        broadcast: (..., B, O), the demands of the output neurons. Only for policies whose `needs` names it.
        reward: (..., B), minus each sample's loss. Only for policies whose `needs` names it.
        synapses: (..., J, S), the attention that the neurons pay and, last, their bias. Only for policies whose `needs` names it.
        listening: (..., J, S), 1 where there is such a synapse, 0 where not. Only for policies whose `needs` names it.
    """

    __slots__ = (
        "activity",
        "attention",
        "broadcast",
        "connected",
        "demand",
        "draws",
        "heard",
        "learning_rate",
        "listening",
        "potential",
        "response",
        "reward",
        "slope",
        "synapses",
        "xp",
    )

    xp: Namespace
    potential: Array
    activity: Array
    slope: Array
    heard: Array
    attention: Array
    connected: Array
    learning_rate: float | Array
    draws: Draws
    demand: Array
    response: Array
    broadcast: Array
    reward: Array
    synapses: Array
    listening: Array

    def __init__(self, **sights: object) -> None:
        for name, sight in sights.items():
            setattr(self, name, sight)

    def __getattr__(self, name: str) -> NoReturn:  # reached only when a slot is empty
        if name in OPTIONAL_SIGHTS:
            raise UnseenError(f"the policy looks at '{name}' without asking for it: add '{name}' to its needs")
        if name == "demand":
            raise UnseenError("the listeners' demand is not known before the payoff: speak cannot look at it")
        raise AttributeError(f"a neuron cannot see '{name}'")

    def inside(self, needs: frozenset[str]) -> Observation:
        """The sights for a policy held by another one: only what it needs itself, and random numbers of its own."""
        hidden = OPTIONAL_SIGHTS - needs
        sights = {name: getattr(self, name) for name in self.__slots__ if name not in hidden and _is_set(self, name)}
        sights["draws"] = self.draws.within("policy")
        return Observation(**sights)


def _is_set(seen: Observation, name: str) -> bool:
    try:
        object.__getattribute__(seen, name)
    except AttributeError:
        return False
    return True


class Place:
    """What neurons are told when they are born, so that a policy can prepare its memory.

    Memory is spelled in letters: J neurons, K listeners, I speakers, S synapses (the speakers and, last, the neuron's own bias),
    O outputs. `place.zeros("JS")` has a zero for each synapse of each neuron.

    Args:
        draws: Random numbers that belong to the neurons' birth.
        zeros: Makes zeros with the shape that the letters spell.
    """

    __slots__ = ("draws", "zeros")

    def __init__(self, draws: Draws, zeros: Callable[[str], Array]) -> None:
        self.draws = draws
        self.zeros = zeros

    def inside(self) -> Place:
        """The same place for a policy held by another one."""
        return Place(self.draws.within("policy"), self.zeros)
