"""The channels that come with NeuroNet."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.channels.base import Channel, ChannelContext
from neuronet.core.array_types import Array, Namespace, reaches, rounding
from neuronet.core.errors import NeuroNetError, check_number


@dataclass(frozen=True)
class Dropout(Channel):
    """Loses messages by chance.

    Of activity with its defaults this is dropout (Srivastava et al. 2014). Nothing is lost while the network is judged.

    Args:
        share: Of the messages that are lost, 0 to below 1.
        scaled: Whether those that arrive are divided by 1 - share, so that the mean of a message is what was sent.
        masks_feedback: Whether a speaker knows that it was not heard, and wants nothing of that sample; otherwise it believes
            itself heard. It counts for activity alone.

    Raises:
        NeuroNetError: The share is out of range.
    """

    share: float = 0.3
    scaled: bool = True
    masks_feedback: bool = True

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, below=True)
        _check_flag("scaled", self.scaled)
        _check_flag("masks_feedback", self.masks_feedback)

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """Those that arrive, and 0 for the others."""
        return messages * self._delivery_mask(messages, context) if self.share else messages

    def jacobian(self, messages: Array, context: ChannelContext) -> Array | None:
        """What it does to messages, it does to their changes."""
        return self._delivery_mask(messages, context) if self.share and self.masks_feedback else None

    def _delivery_mask(self, messages: Array, context: ChannelContext) -> Array:
        arrives = context.xp.astype(context.uniform(messages) >= self.share, messages.dtype)
        return arrives / (1 - self.share) if self.scaled else arrives


@dataclass(frozen=True)
class Delay(Channel):
    """Delivers in a round what was sent some rounds ago.

    A delayed demand meets a neuron that remembers: it looks back at what it said and heard in the round that the demand is about,
    and adapts on those samples. Unaligned, the late messages are taken for answers to the present samples, one by one.
    Nothing is delayed while the network is judged.

    Args:
        rounds: How many, 0 or more.
        aligned: Whether those who hear the message know what it is about; only for demands.

    Raises:
        NeuroNetError: The number is out of range.
    """

    rounds: int = 1
    aligned: bool = True

    def __post_init__(self) -> None:
        check_number("rounds", self.rounds, 0, whole=True)
        _check_flag("aligned", self.aligned)

    @property
    def history_length(self) -> int:
        """The messages that are under way."""
        return self.rounds

    @property
    def delay(self) -> int:
        """Unaligned, nobody knows of it."""
        return self.rounds if self.aligned else 0

    def transmit(self, messages: Array, context: ChannelContext) -> Array | None:
        """What was sent then; before anything has arrived, nothing, or silence where it is not aligned."""
        if not self.rounds:
            return messages
        sent = context.history[self.rounds - 1] if len(context.history) >= self.rounds else None
        if self.aligned:
            return sent
        silence = messages * 0
        if sent is None:
            return silence
        count = messages.shape[-2]  # of a longer batch the rest is lost; of a shorter one the last samples hear nothing
        return context.xp.concat((sent, silence), axis=-2)[..., :count, :] if sent.shape[-2] != count else sent


@dataclass(frozen=True)
class GaussianNoise(Channel):
    """Adds Gaussian noise to messages, but not while the network is judged.

    Args:
        sigma: Standard deviation of the noise, in units of the root mean square of what each neuron sends in a batch, 0 or more.

    Raises:
        NeuroNetError: It is out of range.
    """

    sigma: float = 0.5

    def __post_init__(self) -> None:
        check_number("sigma", self.sigma, 0)

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """The messages and the noise."""
        if not self.sigma:
            return messages
        rms = context.xp.mean(messages * messages, axis=-2, keepdims=True) ** 0.5
        return messages + self.sigma * rms * context.normal(messages)


@dataclass(frozen=True)
class Quantization(Channel):
    """Rounds messages to a few levels of loudness: equal steps up to the loudest message of the sample; silence stays silence.

    Speakers take no notice (a straight-through slope of 1). It also acts while the network is judged.

    Args:
        levels: How many besides silence, for either sign, 1 or more.

    Raises:
        NeuroNetError: The number is out of range.
    """

    levels: int = 4

    def __post_init__(self) -> None:
        check_number("levels", self.levels, 1, whole=True)

    @property
    def active_in_eval(self) -> bool:
        """What cannot be said cannot be said then, either."""
        return True

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """Each message at its nearest level."""
        xp = context.xp
        step = xp.max(xp.abs(messages), axis=-1, keepdims=True) / self.levels
        step = xp.where(step > 0, step, xp.ones_like(step))  # where all is silence, or next to it
        return _nearest(xp, messages / step) * step


@dataclass(frozen=True)
class KWinners(Channel):
    """Carries only the loudest messages of each sample; the others are 0: k winners take all.

    Makhzani and Frey 2013, "k-sparse autoencoders" (arXiv 1312.5663). The silent neither influence nor learn. It also acts while
    the network is judged.

    Args:
        share: Of a layer's neurons that are heard on a sample, above 0 to 1; rounded to an integer, at least one. Where some
            are equally loud, but for rounding, all of them are heard.
        masks_feedback: Whether a speaker knows that it was not heard, and wants nothing of that sample; otherwise it believes
            itself heard. It counts for activity alone.

    Raises:
        NeuroNetError: The share is out of range.
    """

    share: float = 0.1
    masks_feedback: bool = True

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, above=True)
        _check_flag("masks_feedback", self.masks_feedback)

    @property
    def active_in_eval(self) -> bool:
        """It is part of what the network computes."""
        return True

    def transmit(self, messages: Array, context: ChannelContext) -> Array:
        """The loudest, and 0 for the others."""
        return messages * self._winner_mask(messages, context)

    def jacobian(self, messages: Array, context: ChannelContext) -> Array | None:
        """1 for those who are heard."""
        return self._winner_mask(messages, context) if self.masks_feedback else None

    def _winner_mask(self, messages: Array, context: ChannelContext) -> Array:
        xp = context.xp
        loudness = xp.abs(messages)
        winners = max(1, round(self.share * messages.shape[-1]))
        threshold = xp.sort(loudness, axis=-1)[..., -winners, None]
        return xp.astype(reaches(xp, loudness, threshold), messages.dtype)


CHANNELS: dict[str, type[Channel]] = {
    "noise": GaussianNoise,
    "delay": Delay,
    "dropout": Dropout,
    "quantize": Quantization,
    "k-winners": KWinners,
}
"""Every channel by its name on the command line."""


def _nearest(xp: Namespace, numbers: Array) -> Array:
    """The nearest integers; halves go to the even one, and so do those that are halves but for rounding."""
    doubled = 2.0 * numbers
    halves = xp.round(doubled)
    tied = xp.abs(doubled - halves) <= rounding(xp, numbers) * xp.abs(halves)
    return xp.round(xp.where(tied, halves, doubled) / 2.0)


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise NeuroNetError(f"{name} must be true or false, got {value!r}")
