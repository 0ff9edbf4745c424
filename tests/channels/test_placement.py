"""Where channels lie, and how they are spelled."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from neuronet.channels import Channel, ChannelAt, Delay, Dropout, GaussianNoise, KWinners
from neuronet.channels.placement import channels_by_location
from neuronet.core.errors import NeuroNetError
from neuronet.registry import as_channels, format_channel, parse_channel

SIZES = (6, 5, 4, 3)


@dataclass(frozen=True)
class Half(Channel):
    """Half as loud."""

    def transmit(self, messages, context):
        return messages / 2


TEXTS = {
    "demand:dropout(0.3)": ChannelAt("demand", Dropout(0.3)),
    "activity@1:k-winners(0.1)": ChannelAt("activity", KWinners(0.1), 1),
    " activity @ 0 : noise ": ChannelAt("activity", GaussianNoise(), 0),
    "demand:delay(2, aligned=false)": ChannelAt("demand", Delay(2, aligned=False)),
    "activity:tests.channels.test_placement:Half": ChannelAt("activity", Half()),
}


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_parsed_and_printed(text):
    assert parse_channel(text) == TEXTS[text]
    assert parse_channel(format_channel(TEXTS[text])) == TEXTS[text]


@pytest.mark.parametrize(
    "given", ["demand:dropout", ["demand:dropout"], ChannelAt("demand", Dropout()), (parse_channel("demand:dropout"),)]
)
def test_one_or_several_channels_as_texts_or_objects(given):
    assert as_channels(given) == (ChannelAt("demand", Dropout()),)


def test_channel_without_a_layer_applies_to_every_hidden_layer():
    there = channels_by_location(
        as_channels(["activity:k-winners", "demand@2:dropout", "activity@0:noise", "activity@1:noise"]), SIZES
    )
    assert there == {
        ("activity", 0): (GaussianNoise(),),
        ("activity", 1): (KWinners(), GaussianNoise()),
        ("activity", 2): (KWinners(),),
        ("demand", 2): (Dropout(),),
    }


WRONG = {
    "dropout(0.3)": "cannot parse the channel 'dropout(0.3)': write demand:dropout(0.3) or activity@1:k-winners(0.1)",
    "sideways:dropout": "a channel carries activity or demand, not 'sideways': write demand:dropout(0.3)",
    "demand@first:dropout": "a channel's layer must be an integer of 0 or more, got 'first' in 'demand@first:dropout'",
    "demand@0:dropout": "layer 0 receives no demands: a demand channel needs layer 1 or above",
    "demand:lost": (
        "unknown channel 'lost': known are delay, dropout, k-winners, noise, normalize, quantize; "
        "a class of your own is module:Class"
    ),
    "demand:dropout(often=1)": "channel 'dropout' has no parameter 'often': it takes share, scaled, masks_feedback",
    "demand:neuronet.policies:Greedy": "'neuronet.policies:Greedy' is not a valid channel: it must be a subclass of Channel",
}


@pytest.mark.parametrize("text", WRONG)
def test_invalid_texts_are_refused(text):
    with pytest.raises(NeuroNetError) as caught:
        parse_channel(text)
    assert str(caught.value) == WRONG[text]


def test_aligned_delays_of_activity_are_refused():
    with pytest.raises(NeuroNetError, match=r"aligned=false"):
        parse_channel("activity:delay(1)")


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: as_channels(3), "channels must be texts such as"),
        (lambda: as_channels([3]), "channels must be .*, got 3"),
        (lambda: as_channels([Dropout()]), "channels must be .*, got Dropout"),
        (lambda: ChannelAt("demand", "dropout"), r"channel must be a Channel.* got 'dropout'"),
        (lambda: ChannelAt("demand", Dropout(), True), "layer must be an integer of 0 or more, got True"),
        (
            lambda: channels_by_location(as_channels("demand@3:dropout"), SIZES),
            "at most 2, .*got 3",
        ),
        (lambda: channels_by_location(as_channels("demand:dropout"), (4, 3)), "demand channel.*no hidden layers"),
    ],
)
def test_invalid_placements_are_refused(make, match):
    with pytest.raises(NeuroNetError, match=match):
        make()


def test_channel_that_cannot_be_rebuilt_has_no_text():
    @dataclass(frozen=True)
    class Local(Half):
        pass

    with pytest.raises(NeuroNetError):
        format_channel(ChannelAt("demand", Local()))
