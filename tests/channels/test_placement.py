"""Where channels lie, and how they are spelled."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from neuronet.channels import Blurred, Channel, ChannelAt, Delayed, Dropped, Rationed, channel_at, channels_from
from neuronet.channels.placement import placed, text_of
from neuronet.core.errors import NeuroNetError

SIZES = (6, 5, 4, 3)


@dataclass(frozen=True)
class Half(Channel):
    """Half as loud."""

    def carry(self, messages, passage):
        return messages / 2


TEXTS = {
    "demand:dropped(0.3)": ChannelAt("demand", Dropped(0.3)),
    "activity@1:rationed(0.1)": ChannelAt("activity", Rationed(0.1), 1),
    " activity @ 0 : blurred ": ChannelAt("activity", Blurred(), 0),
    "demand:delayed(2, aligned=false)": ChannelAt("demand", Delayed(2, aligned=False)),
    "activity:test_places:Half": ChannelAt("activity", Half()),
}


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_read_and_spelled(text):
    assert channel_at(text) == TEXTS[text]
    assert channel_at(text_of(TEXTS[text])) == TEXTS[text]


@pytest.mark.parametrize(
    "given", ["demand:dropped", ["demand:dropped"], ChannelAt("demand", Dropped()), (channel_at("demand:dropped"),)]
)
def test_one_or_several_as_texts_or_themselves(given):
    assert channels_from(given) == (ChannelAt("demand", Dropped()),)


def test_without_a_layer_it_lies_above_every_hidden_layer():
    there = placed(channels_from(["activity:rationed", "demand@2:dropped", "activity@0:blurred", "activity@1:blurred"]), SIZES)
    assert there == {
        ("activity", 0): (Blurred(),),
        ("activity", 1): (Rationed(), Blurred()),
        ("activity", 2): (Rationed(),),
        ("demand", 2): (Dropped(),),
    }


WRONG = {
    "dropped(0.3)": "cannot read the channel 'dropped(0.3)': write demand:dropped(0.3) or activity@1:rationed(0.1)",
    "sideways:dropped": "a channel carries activity or demand, not 'sideways': write demand:dropped(0.3)",
    "demand@first:dropped": "a channel's layer must be an integer of 0 or more, got 'first' in 'demand@first:dropped'",
    "demand@0:dropped": "the inputs hear no demands: a channel of demands lies above layer 1 or a later one",
    "demand:lost": "unknown channel 'lost': known are blurred, delayed, dropped, quantised, rationed",
    "demand:dropped(often=1)": "channel 'dropped' has no parameter 'often': it takes share, scaled, told",
    "demand:neuronet.policies:Greedy": "'neuronet.policies:Greedy' is no channel: it must be a subclass of Channel",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(NeuroNetError) as caught:
        channel_at(text)
    assert str(caught.value) == WRONG[text]


def test_aligned_delays_of_activity_are_refused():
    with pytest.raises(
        NeuroNetError, match=r"judged by another batch's targets: delay the demands instead, or .*aligned=false\)"
    ):
        channel_at("activity:delayed(1)")


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: channels_from(3), "channels must be texts such as"),
        (lambda: channels_from([3]), "a channel must be a text such as"),
        (lambda: channels_from([Dropped()]), "a channel must be a text such as"),
        (lambda: ChannelAt("demand", "dropped"), r"a channel must be one such as Dropped\(0.3\), got 'dropped'"),
        (lambda: ChannelAt("demand", Dropped(), True), "layer must be an integer of 0 or more, got True"),
        (lambda: placed(channels_from("demand@3:dropped"), SIZES), "there is no channel above layer 3: the last .* is layer 2"),
        (lambda: placed(channels_from("demand:dropped"), (4, 3)), "without hidden layers has no channel of demand"),
    ],
)
def test_what_is_no_channel_in_a_place_is_refused(make, match):
    with pytest.raises(NeuroNetError, match=match):
        make()


def test_what_cannot_be_made_again_has_no_text():
    @dataclass(frozen=True)
    class Local(Half):
        pass

    with pytest.raises(NeuroNetError):
        text_of(ChannelAt("demand", Local()))
