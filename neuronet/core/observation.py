"""What a neuron can see when it decides, and what it is told when it is born."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import UndeclaredFieldError
from neuronet.core.random_streams import Draws

OPTIONAL_SIGHTS = frozenset({"response", "broadcast", "reward", "synapses", "listening"})
"""What a policy sees only if it lists it in `needs`."""

LATE_SIGHTS = frozenset({"demand", "response", "broadcast", "reward"})
"""What is known only after the payoff: `speak` cannot see it, and nobody can while the network is judged."""


AXES = {
    "potential": "BJ",
    "activity": "BJ",
    "slope": "BJ",
    "heard": "BI",
    "attention": "KJ",
    "connected": "KJ",
    "demand": "BK",
    "response": "KJ",
    "broadcast": "BO",
    "reward": "B",
    "synapses": "JS",
    "listening": "JS",
}
"""The trailing axes of every array that a neuron can see."""

SIGHTS = frozenset({*AXES, "draws", "learning", "learning_rate", "xp"})


class Observation:
    """What the neurons of a layer (or one of them, J = 1) can see in a round.

    Shapes: B samples, I speakers, J neurons, K listeners, O outputs, S synapses (the speakers and, last, the neuron's own bias);
    any array may carry leading axes. It holds until the round ends: what a policy wants to keep it copies into its memory.

    Args:
        look: Finds a sight by its name when it is first looked at; raises KeyError for what cannot be seen. None if all are
            given.
        **sights: Those that are at hand.

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
        learning: Whether the neurons learn from this round; False while the network is only judged.
        demand: (..., B, K), how each listener wants its own potential to move. Not yet known in `speak`.
        response: (..., K, J), how each listener intends to change its attention per unit of learning rate:
            `demand.T @ activity / B`. Only for policies whose `needs` names it, and not in `speak`.
        broadcast: (..., B, O), the demands of the output neurons. Only for policies whose `needs` names it, and not in `speak`.
        reward: (..., B), minus each sample's loss. Only for policies whose `needs` names it, and not in `speak`.
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
        "learning",
        "learning_rate",
        "listening",
        "look",
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
    learning: bool
    demand: Array
    response: Array
    broadcast: Array
    reward: Array
    synapses: Array
    listening: Array

    def __init__(self, look: Callable[[str], object] | None = None, **sights: object) -> None:
        self.look = look
        for name, sight in sights.items():
            setattr(self, name, sight)

    def __getattr__(self, name: str) -> Any:  # reached only when a slot is empty
        if name == "look":  # nothing is set yet, as in the midst of a copy
            raise AttributeError(name)
        if self.look is None or name not in SIGHTS:
            raise _unseen(name)
        try:
            sight = self.look(name)
        except KeyError:
            raise _unseen(name) from None
        setattr(self, name, sight)
        return sight

    def inside(self, needs: frozenset[str]) -> Observation:
        """The sights for a policy held by another one: only what it needs itself, and random numbers of its own."""
        hidden = OPTIONAL_SIGHTS - needs

        def look(name: str) -> object:
            if name in hidden:
                raise _unseen(name)
            return getattr(self, name)

        return Observation(look, draws=self.draws.within("policy"))

    def of(self, take: Callable[[Array, str], Array], draws: Draws) -> Observation:
        """The sights of some of these neurons.

        Args:
            take: Takes their part of an array whose trailing axes are spelled in letters.
            draws: Their part of the random numbers.
        """

        def look(name: str) -> object:
            sight = getattr(self, name)
            return take(sight, AXES[name]) if name in AXES else sight

        return Observation(look, draws=draws)


def _unseen(name: str) -> Exception:
    if name in OPTIONAL_SIGHTS:
        late = f", and do not look at it in speak, where '{name}' is not known yet" if name in LATE_SIGHTS else ""
        return UndeclaredFieldError(f"the policy looks at '{name}' without asking for it: add '{name}' to its needs{late}")
    if name == "demand":
        return UndeclaredFieldError("the listeners' demand is not known before the payoff: speak cannot look at it")
    return AttributeError(f"a neuron cannot see '{name}'")


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
