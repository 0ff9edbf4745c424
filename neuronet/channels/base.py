"""The contract of a channel: what happens to the messages of a layer on their way to the next.

A message is what one neuron says (or demands) on one sample. All receivers of a message get the same result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from neuronet.core import Array, Namespace


class ChannelContext:
    """Context of a transmission: array namespace, earlier messages and random numbers of one round.

    Args:
        xp: The namespace of all these arrays.
        learning: Whether the neurons learn from this round.
        history: Messages of the last rounds, the latest first, as many as the channel's `history_length`.
        draw: Returns random numbers for ("normal" or "uniform", shape).
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
        """Return a standard normal number for each message, new in each round."""
        return self._draw("normal", tuple(messages.shape))

    def uniform(self, messages: Array) -> Array:
        """Return a number uniform on [0, 1) for each message, new in each round."""
        return self._draw("uniform", tuple(messages.shape))


class Channel(ABC):
    """Transformation of the messages between two layers.

    Subclass it as a frozen dataclass with its parameters as fields, and implement `transmit` with the array API. A channel
    has no state. Shapes: B samples, J sending neurons, and any leading axes for replicas.
    """

    @property
    def active_in_eval(self) -> bool:
        """Whether the channel also acts in evaluation, as a part of what the network computes."""
        return False

    @property
    def history_length(self) -> int:
        """Number of earlier rounds from which the channel reads messages."""
        return 0

    @property
    def delay(self) -> int:
        """Number of rounds between sending and delivery, as far as the receivers know it."""
        return 0

    @abstractmethod
    def transmit(self, messages: Array, context: ChannelContext) -> Array | None:
        """Return the delivered messages, (..., B, J); None if nothing is delivered yet.

        Args:
            messages: (..., B, J), the messages sent in this round.
            context: The context of the transmission.
        """

    def jacobian(self, messages: Array, context: ChannelContext) -> Array | None:
        """Return the derivative of the delivered messages, elementwise, (..., B, J); None for 1, as far as the speakers know.

        It is used for activity alone: a speaker's demand on its own potential is multiplied by it.
        """
        return None
