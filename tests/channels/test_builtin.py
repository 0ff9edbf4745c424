"""What each channel does to messages, on a line of its own."""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat.numpy as xp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.channels import CHANNELS, Channel, Delay, Dropout, GaussianNoise, KWinners, Normalization, Quantization
from neuronet.channels.pipeline import ChannelPipeline
from neuronet.continual.methods.k_winners import keep_largest
from neuronet.core.errors import NeuroNetError
from tests.helpers.backends import BACKENDS, array, plain

MESSAGES = np.random.default_rng(1).standard_normal((40, 30))
NUMBERS = st.floats(-1e3, 1e3).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
BATCHES = st.tuples(st.integers(1, 6), st.integers(1, 8)).flatmap(
    lambda shape: st.lists(NUMBERS, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda numbers: np.array(numbers).reshape(shape)
    )
)


def line(*channels, direction="demand", seed=3, layer=1):
    return ChannelPipeline(direction, layer, channels, [seed], xp, lambda arrays: arrays[0])


def carried(channel, messages=MESSAGES, number=0, learning=True, **options):
    return line(channel, **options).transmit(messages, number, learning=learning)


@pytest.mark.parametrize("scaled", [True, False])
def test_dropout_drops_its_share_and_keeps_the_mean(scaled):
    ones = np.ones((400, 100))
    arrived = carried(Dropout(0.3, scaled=scaled), ones)
    heard = arrived != 0
    assert abs(heard.mean() - 0.7) < 4 * (0.3 * 0.7 / ones.size) ** 0.5
    np.testing.assert_allclose(arrived[heard], 1 / 0.7 if scaled else 1.0)


def test_random_numbers_depend_on_seed_round_layer_and_direction():
    first = carried(GaussianNoise(1.0))
    np.testing.assert_array_equal(first, carried(GaussianNoise(1.0)))
    others = [carried(GaussianNoise(1.0), seed=4), carried(GaussianNoise(1.0), number=1), carried(GaussianNoise(1.0), layer=2)]
    others.append(carried(GaussianNoise(1.0), direction="activity"))
    for number, one in enumerate([first, *others]):
        assert all(np.abs(one - other).mean() > 0.1 for other in [first, *others][:number])


def test_equal_channels_of_one_line_draw_independent_numbers():
    once, twice = line(Dropout(0.5)), line(Dropout(0.5), Dropout(0.5))
    heard = [(each.transmit(np.ones((200, 50)), 0, learning=True) != 0).mean() for each in (once, twice)]
    assert abs(heard[0] - 0.5) < 0.02
    assert abs(heard[1] - 0.25) < 0.02


def test_noise_is_relative_to_the_messages_of_each_neuron():
    quiet = np.random.default_rng(2).standard_normal((4000, 2)) * [1.0, 100.0]
    noise = carried(GaussianNoise(0.5), quiet) - quiet
    np.testing.assert_allclose(noise.std(axis=0), [0.5, 50.0], rtol=0.06)


@settings(max_examples=30)
@given(BATCHES, st.integers(1, 6))
def test_quantize_rounds_to_the_nearest_level(messages, levels):
    arrived = carried(Quantization(levels), messages)
    step = np.abs(messages).max(axis=-1, keepdims=True) / levels
    assert (np.abs(arrived - messages) <= step / 2 * (1 + 1e-9)).all()
    assert (arrived[messages == 0] == 0).all()
    np.testing.assert_allclose(np.abs(arrived).max(axis=-1), np.abs(messages).max(axis=-1), rtol=1e-12)
    for row in np.abs(arrived):
        assert len(np.unique(row.round(9))) <= levels + 1
    np.testing.assert_allclose(carried(Quantization(levels), arrived), arrived, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("quiet", [0.0, 5e-324, 1e-300])
def test_smallest_messages_are_quantized(quiet):
    arrived = carried(Quantization(4), np.array([[quiet, -quiet, 0.0]]))
    assert np.isfinite(arrived).all()
    np.testing.assert_allclose(arrived, [[quiet, -quiet, 0.0]], atol=1e-320)


@settings(max_examples=30)
@given(BATCHES, st.floats(0.01, 1.0))
def test_k_winners_transmits_the_largest_of_each_sample(messages, share):
    arrived = carried(KWinners(share), messages)
    count = max(1, round(share * messages.shape[-1]))
    for sent, heard in zip(messages, arrived, strict=True):
        kept = heard != 0
        assert (heard[kept] == sent[kept]).all()
        assert np.abs(sent[~kept]).max(initial=0.0) <= np.sort(np.abs(sent))[-count]
        assert kept.sum() >= min(count, (sent != 0).sum())
        if len(np.unique(np.abs(sent))) == len(sent):
            assert kept.sum() <= count
    np.testing.assert_array_equal(carried(KWinners(share), arrived), arrived)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("library", BACKENDS)
def test_winners_tied_up_to_rounding_are_equal(library, dtype):
    loud, space = dtype(0.7), BACKENDS[library]
    for other in (loud, np.nextafter(loud, dtype(0)), np.nextafter(loud, dtype(1))):
        messages = np.array([[loud, -other], [-other, loud]], dtype)
        more = np.array([[0.2, loud, -other, 0.9], [-other, 0.9, 0.2, loud]], dtype)
        for sent, share, kept in ((messages, 0.1, np.abs(messages) > 0), (more, 0.5, np.abs(more) > 0.5)):
            way = ChannelPipeline("activity", 1, (KWinners(share),), [3], space, lambda arrays: arrays[0])
            arrived = way.transmit(array(space, sent), 0, learning=True)
            np.testing.assert_array_equal(plain(arrived), np.where(kept, sent, 0))
            np.testing.assert_array_equal(plain(way.jacobian), kept)


@pytest.mark.parametrize("dtype, gap", [(np.float32, 1e-4), (np.float64, 1e-10)])
def test_messages_smaller_by_more_than_rounding_are_not_winners(dtype, gap):
    messages = np.array([[0.7, -0.7 * (1 - gap), 0.1]], dtype)
    np.testing.assert_array_equal(carried(KWinners(0.1), messages) != 0, [[True, False, False]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("library", BACKENDS)
@pytest.mark.parametrize("levels", [1, 3, 4])
def test_quantization_ties_do_not_depend_on_the_last_bit(levels, library, dtype):
    space, loudest_of_all = BACKENDS[library], dtype(2 / 3)
    halves = (np.arange(levels) + 0.5) / levels * loudest_of_all
    expected = np.round(np.arange(levels) + 0.5) / levels * loudest_of_all  # to the even level
    for off in (0, -1, 1):
        sent = halves.astype(dtype)
        sent = np.nextafter(sent, dtype(np.inf) * off) if off else sent
        sent = np.append(sent, -loudest_of_all)[None].astype(dtype)
        way = ChannelPipeline("demand", 1, (Quantization(levels),), [3], space, lambda arrays: arrays[0])
        arrived = plain(way.transmit(array(space, sent), 0, learning=True))
        np.testing.assert_allclose(arrived[0, :-1], expected, rtol=1e-6)


def test_k_winners_equals_k_winners_take_all():
    import torch

    np.testing.assert_array_equal(carried(KWinners(0.2)), keep_largest(torch.from_numpy(MESSAGES), 0.2).numpy())


@pytest.mark.parametrize("aligned", [True, False])
def test_delay_returns_messages_of_earlier_rounds(aligned):
    way = line(Delay(2, aligned=aligned))
    found = []
    for number in range(5):
        arrived = way.transmit(np.full((3, 2), float(number + 1)), number, learning=True)
        found.append(0.0 if arrived is None else arrived[0, 0])
        assert (arrived is None) == (aligned and number < 2)
        way.end()
    assert found == [0, 0, 1, 2, 3]


def test_unaligned_delay_pairs_messages_with_present_samples():
    way = line(Delay(1, aligned=False))
    sizes, arrived = (3, 2, 4), []
    for number, size in enumerate(sizes):
        arrived.append(way.transmit(np.arange(1.0, size + 1)[:, None] + 10 * number, number, learning=True)[:, 0].tolist())
        way.end()
    assert arrived == [[0, 0, 0], [1, 2], [11, 12, 0, 0]]


def test_delay_stores_copies_of_messages():
    """Engines write into the same arrays in every round."""
    way, room = line(Delay(1)), np.ones((2, 2))
    way.transmit(room, 0, learning=True)
    way.end()
    room[:] = 7
    assert (way.transmit(room, 1, learning=True) == 1).all()


def test_aborted_round_leaves_no_state():
    way = line(Delay(1))
    way.transmit(np.ones((2, 2)), 0, learning=True)
    way.transmit(np.full((2, 2), 2.0), 0, learning=True)
    way.end()
    way.transmit(np.full((2, 2), 9.0), 1, learning=False)
    assert (way.transmit(np.full((2, 2), 3.0), 1, learning=True) == 2).all()


def test_channels_of_a_line_act_in_order():
    first = line(Quantization(1), GaussianNoise(0.5)).transmit(MESSAGES, 0, learning=True)
    then = line(GaussianNoise(0.5), Quantization(1)).transmit(MESSAGES, 0, learning=True)
    assert len(np.unique(np.abs(then[0]).round(9))) == 2
    assert len(np.unique(np.abs(first[0]).round(9))) == MESSAGES.shape[1]


@pytest.mark.parametrize("channel", [cls() for cls in CHANNELS.values()], ids=repr)
def test_channels_active_in_evaluation(channel):
    untouched = np.array_equal(carried(channel, learning=False), MESSAGES)
    assert untouched != channel.active_in_eval


def test_quantization_and_k_winners_are_active_in_evaluation():
    assert {name for name in ("quantize", "k-winners") if not CHANNELS[name]().active_in_eval} == set()
    assert not any(channel.active_in_eval for channel in (Dropout(), Delay(), GaussianNoise()))


@pytest.mark.parametrize(
    "channel", [Dropout(0.0), GaussianNoise(0.0), Delay(0), Delay(0, aligned=False), KWinners(1.0)], ids=repr
)
def test_neutral_parameters_change_nothing(channel):
    np.testing.assert_array_equal(carried(channel), MESSAGES)


def test_jacobian_equals_the_effect_of_a_change():
    way = line(Dropout(0.5), KWinners(0.5), direction="activity")
    arrived = way.transmit(MESSAGES, 0, learning=True)
    change = 1e-6 * np.random.default_rng(3).standard_normal(MESSAGES.shape)
    again = line(Dropout(0.5), KWinners(0.5), direction="activity").transmit(MESSAGES + change, 0, learning=True)
    np.testing.assert_allclose(again - arrived, way.jacobian * change, atol=1e-12)
    believing = line(
        Dropout(0.5, masks_feedback=False), KWinners(masks_feedback=False), GaussianNoise(), Quantization(), direction="activity"
    )
    believing.transmit(MESSAGES, 0, learning=True)
    assert believing.jacobian is None


def test_normalized_messages_of_a_sample_have_a_mean_square_of_one():
    arrived = carried(Normalization(), direction="activity")
    assert np.square(arrived).mean(axis=-1) == pytest.approx(1.0)
    assert carried(Normalization(), messages=3.0 * MESSAGES) == pytest.approx(arrived)
    silent = line(Normalization(), direction="activity")
    assert (silent.transmit(np.zeros((2, 3)), 0, learning=True) == 0).all()


def test_normalization_scales_feedback_as_if_the_root_mean_square_were_given():
    way = line(Normalization(), direction="activity")
    way.transmit(MESSAGES, 0, learning=True)
    rms = np.sqrt(np.square(MESSAGES).mean(axis=-1, keepdims=True))
    assert way.jacobian == pytest.approx(np.broadcast_to(1 / rms, MESSAGES.shape))
    unaware = line(Normalization(masks_feedback=False), direction="activity")
    unaware.transmit(MESSAGES, 0, learning=True)
    assert unaware.jacobian is None


BAD = [
    (lambda: Normalization(masks_feedback=2), "masks_feedback must be true or false, got 2"),
    (lambda: Dropout(1.0), "share must be a number from 0 to below 1, got 1.0"),
    (lambda: Dropout(masks_feedback=1), "masks_feedback must be true or false, got 1"),
    (lambda: Dropout(scaled="yes"), "scaled must be true or false, got 'yes'"),
    (lambda: Delay(-1), "rounds must be an integer of 0 or more, got -1"),
    (lambda: Delay(1.5), "rounds must be an integer of 0 or more, got 1.5"),
    (lambda: GaussianNoise(float("inf")), "sigma must be a finite number of 0 or more, got inf"),
    (lambda: Quantization(0), "levels must be an integer of 1 or more, got 0"),
    (lambda: KWinners(0.0), "share must be a number above 0 and at most 1, got 0.0"),
]


@pytest.mark.parametrize(("make", "sentence"), BAD)
def test_bad_parameters_are_refused(make, sentence):
    with pytest.raises(NeuroNetError) as caught:
        make()
    assert str(caught.value) == sentence


@dataclass(frozen=True)
class Echoing(Channel):
    """Repeats a part of what came two rounds before."""

    part: float = 0.5

    @property
    def history_length(self):
        return 2

    def transmit(self, messages, context):
        before = context.history[1] if len(context.history) > 1 else None
        return messages if before is None else messages + self.part * before


def test_custom_channel_may_keep_state():
    way, arrived = line(Echoing()), []
    for number in range(4):
        arrived.append(float(way.transmit(np.full((1, 1), 10.0**number), number, learning=True)[0, 0]))
        way.end()
    assert arrived == [1, 10, 100.5, 1005]
