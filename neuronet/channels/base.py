"""The contract of a channel: what may happen to the messages of a layer on their way to the next.

A message is what one neuron says (or demands) on one sample. Whatever happens to it happens once, for all who would hear it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from neuronet.core.array_types import Array, Namespace


class ChannelContext:
    """What a channel is told of the messages that pass it in a round.

    Args:
        xp: The namespace of all these arrays.
        learning: Whether the neurons learn from this round.
        history: The messages that came in the last rounds, the latest first, of those that the channel asks for.
        draw: Gives random numbers for ("normal" or "uniform", shape).
    """

    __slots__ = ("_draw", "history", "learning", "xp")

    def __init__(
        self, xp: Namespace, learning: bool, history: Sequence[Array | None], draw: Callable[[str, tuple[int, ...]], Array]
    ) -> None:
        self.xp = xp
        self.learning = learning
        self.history = history
        self._draw = draw

    def normal(self, messages: Array) -> Array:
        """A standard normal number for each message, of this round alone."""
        return self._draw("normal", tuple(messages.shape))

    def uniform(self, messages: Array) -> Array:
        """A number uniform on [0, 1) for each message, of this round alone."""
        return self._draw("uniform", tuple(messages.shape))


class Channel(ABC):
    """What happens to messages between two layers.

    Subclass it as a frozen dataclass whose fields are its parameters, and answer `transmit`; it is written with the array API and
    holds no state. Shapes: B samples, J neurons that the messages come from, and any leading axes for replicas.
    """

    @property
    def active_in_eval(self) -> bool:
        """Whether it also acts while the network is only judged: it then belongs to what the network computes."""
        return False

    @property
    def history_length(self) -> int:
        """How many earlier rounds' messages it looks at."""
        return 0

    @property
    def delay(self) -> int:
        """How many rounds ago the samples were played that its messages are about, for those who hear them."""
        return 0

    @abstractmethod
    def transmit(self, messages: Array, context: ChannelContext) -> Array | None:
        """What arrives, (..., B, J); None for nothing yet, where there is a lag.

        Args:
            messages: (..., B, J), what was sent in this round.
            context: What else there is to know.
        """

    def jacobian(self, messages: Array, context: ChannelContext) -> Array | None:
        """How much of a change of what is said would arrive, (..., B, J); None if all of it, as far as the speakers know.

        It is asked for activity alone: what a speaker asks of its own potential is multiplied by it.
        """
        return None
