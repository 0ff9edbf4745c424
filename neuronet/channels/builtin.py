"""Built-in channels."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.channels.base import Channel, ChannelContext
from neuronet.core import Array, Namespace, check_flag, check_number, reaches, rounding


@dataclass(frozen=True)
class Dropout(Channel):
    """Dropout of messages (Srivastava et al. 2014, for activity with the default parameters). Inactive in evaluation.

    Args:
        share: Share of messages that are lost, 0 to below 1.
        scaled: Whether delivered messages are divided by 1 - share, so that their mean is unchanged.
        masks_feedback: Whether a speaker's demand is masked where its message was lost; otherwise the speaker assumes delivery.
            For activity alone.

    Raises:
        ConfigurationError: The share is out of range.
    """

    share: float = 0.3
    scaled: bool = True
    masks_feedback: bool = True

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, below=True)
        check_flag("scaled", self.scaled)
        check_flag("masks_feedback", self.masks_feedback)

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """Return the delivered messages, 0 for lost ones."""
        return messages * self._delivery_mask(messages, context) if self.share else messages

    def jacobian(self, messages: Array, context: ChannelContext) -> Array | None:
        """Return the delivery mask, if it masks feedback."""
        return self._delivery_mask(messages, context) if self.share and self.masks_feedback else None

    def _delivery_mask(self, messages: Array, context: ChannelContext) -> Array:
        mask = context.xp.astype(context.uniform(messages) >= self.share, messages.dtype)
        return mask / (1 - self.share) if self.scaled else mask


@dataclass(frozen=True)
class Delay(Channel):
    """Delivery of messages some rounds later. Inactive in evaluation.

    A neuron that receives a delayed demand uses its own activity and input of the round that the demand is about, and adapts on
    those samples. Without alignment, delayed messages are taken as messages about the present samples, one by one.

    Args:
        rounds: Number of rounds, 0 or more.
        aligned: Whether receivers know which round a message is about; for demands alone.

    Raises:
        ConfigurationError: The number is out of range.
    """

    rounds: int = 1
    aligned: bool = True

    def __post_init__(self) -> None:
        check_number("rounds", self.rounds, 0, whole=True)
        check_flag("aligned", self.aligned)

    @property
    def history_length(self) -> int:
        """Number of rounds with messages in flight."""
        return self.rounds

    @property
    def delay(self) -> int:
        """Delay in rounds; 0 without alignment, as receivers do not know of it."""
        return self.rounds if self.aligned else 0

    def transmit(self, messages: Array, context: ChannelContext) -> Array | None:
        """Return the messages of `rounds` rounds ago; before the first delivery None, or 0 without alignment."""
        if not self.rounds:
            return messages
        sent = context.history[self.rounds - 1] if len(context.history) >= self.rounds else None
        if self.aligned:
            return sent
        zeros = messages * 0
        if sent is None:
            return zeros
        count = messages.shape[-2]  # a longer batch is cut off, a shorter one is filled up with 0
        return context.xp.concat((sent, zeros), axis=-2)[..., :count, :] if sent.shape[-2] != count else sent


@dataclass(frozen=True)
class GaussianNoise(Channel):
    """Gaussian noise on messages. Inactive in evaluation.

    Args:
        sigma: Standard deviation of the noise, in units of the root mean square of each neuron's messages in a batch, 0 or more.

    Raises:
        ConfigurationError: It is out of range.
    """

    sigma: float = 0.5

    def __post_init__(self) -> None:
        check_number("sigma", self.sigma, 0)

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """Return the messages with noise."""
        if not self.sigma:
            return messages
        rms = context.xp.mean(messages * messages, axis=-2, keepdims=True) ** 0.5
        return messages + self.sigma * rms * context.normal(messages)


@dataclass(frozen=True)
class Quantization(Channel):
    """Rounding of messages to equal steps up to the largest absolute value of the sample; 0 stays 0. Also active in evaluation.

    Speakers use a straight-through estimator, with a slope of 1.

    Args:
        levels: Number of levels of either sign, besides 0; 1 or more.

    Raises:
        ConfigurationError: The number is out of range.
    """

    levels: int = 4

    def __post_init__(self) -> None:
        check_number("levels", self.levels, 1, whole=True)

    @property
    def active_in_eval(self) -> bool:
        """True: quantization is part of what the network computes."""
        return True

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """Return each message at its nearest level."""
        xp = context.xp
        step = xp.max(xp.abs(messages), axis=-1, keepdims=True) / self.levels
        step = xp.where(step > 0, step, xp.ones_like(step))  # where all messages are 0, or almost 0
        return _nearest(xp, messages / step) * step


@dataclass(frozen=True)
class KWinners(Channel):
    """k winners take all: delivers the messages with the largest absolute values of each sample, and 0 for the others.

    Makhzani and Frey 2013, "k-sparse autoencoders" (arXiv 1312.5663). Other neurons neither influence the output nor learn. Also
    active in evaluation.

    Args:
        share: Share of a layer's neurons that are delivered on a sample, above 0 to 1; rounded to an integer, at least one. Ties,
            up to rounding, are all delivered.
        masks_feedback: Whether a speaker's demand is masked where its message was not delivered; otherwise the speaker assumes
            delivery. For activity alone.

    Raises:
        ConfigurationError: The share is out of range.
    """

    share: float = 0.1
    masks_feedback: bool = True

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, above=True)
        check_flag("masks_feedback", self.masks_feedback)

    @property
    def active_in_eval(self) -> bool:
        """True: winners are part of what the network computes."""
        return True

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """Return the winners' messages, 0 for the others."""
        return messages * self._winner_mask(messages, context)

    def jacobian(self, messages: Array, context: ChannelContext) -> Array | None:
        """Return 1 for winners, if it masks feedback."""
        return self._winner_mask(messages, context) if self.masks_feedback else None

    def _winner_mask(self, messages: Array, context: ChannelContext) -> Array:
        xp = context.xp
        size = xp.abs(messages)
        winners = max(1, round(self.share * messages.shape[-1]))
        threshold = xp.sort(size, axis=-1)[..., -winners, None]
        return xp.astype(reaches(xp, size, threshold), messages.dtype)


@dataclass(frozen=True)
class Normalization(Channel):
    """Divisive normalisation: divides the messages of each sample by their root mean square over the layer (Heeger 1992).

    A layer of larger messages is not heard better, and a larger message takes from what the others are heard.
    Samples whose messages are all 0 stay so. Also active in evaluation.

    Args:
        masks_feedback: Whether a speaker's demand is divided likewise, as if it had no part in the root mean square; otherwise
            the speaker knows nothing of the division. For activity alone.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    masks_feedback: bool = True

    def __post_init__(self) -> None:
        check_flag("masks_feedback", self.masks_feedback)

    @property
    def active_in_eval(self) -> bool:
        """True: normalisation is part of what the network computes."""
        return True

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """Return the divided messages; of each sample their mean square is 1."""
        return messages * self._factor(messages, context)

    def jacobian(self, messages: Array, context: ChannelContext) -> Array | None:
        """Return the factor of each message, if it scales feedback."""
        return context.xp.ones_like(messages) * self._factor(messages, context) if self.masks_feedback else None

    def _factor(self, messages: Array, context: ChannelContext) -> Array:
        """Return 1 over the root mean square, (..., B, 1)."""
        xp = context.xp
        rms = xp.mean(messages * messages, axis=-1, keepdims=True) ** 0.5
        return 1.0 / xp.where(rms > 0, rms, xp.ones_like(rms))


CHANNELS: dict[str, type[Channel]] = {
    "noise": GaussianNoise,
    "delay": Delay,
    "dropout": Dropout,
    "quantize": Quantization,
    "k-winners": KWinners,
    "normalize": Normalization,
}
"""All channels by their names on the command line."""


def _nearest(xp: Namespace, numbers: Array) -> Array:
    """Return the nearest integers; halves, up to rounding, go to the even integer."""
    doubled = 2.0 * numbers
    halves = xp.round(doubled)
    tied = xp.abs(doubled - halves) <= rounding(xp, numbers) * xp.abs(halves)
    return xp.round(xp.where(tied, halves, doubled) / 2.0)
