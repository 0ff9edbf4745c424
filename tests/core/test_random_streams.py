from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.core.random_streams import MAX_SEED, LayerRandom, Purpose, RandomStream, check_seed, generator, pick

SIZES = {"J": 4, "K": 3, "I": 5, "S": 6, "O": 2}


def rng(seed: int = 1, layer: int = 1, number: int = 0, batch: int = 7) -> LayerRandom:
    made = LayerRandom(seed, layer, SIZES)
    made.open(number, batch)
    return made


def test_the_same_key_gives_the_same_numbers():
    for seed, purpose, place in product((0, 7, MAX_SEED), Purpose, ((), (1,), (1, 2), (1, 2, 3))):
        one, two = (generator(seed, purpose, *place).standard_normal(8) for _ in range(2))
        np.testing.assert_array_equal(one, two)


def test_different_keys_give_different_numbers():
    keys = list(product((0, 1, 2, MAX_SEED), Purpose, product((0, 1, 2), (0, 1, 2), (0, 1, 2))))
    drawn = {tuple(generator(seed, purpose, *place).random(4)) for seed, purpose, place in keys}
    assert len(drawn) == len(keys)


def test_long_draws_of_neighbouring_keys_do_not_overlap():
    streams = [generator(1, Purpose.ROUND, 1, number).random(100_000) for number in range(3)]
    for one, other in combinations(streams, 2):
        assert not set(one.tolist()) & set(other.tolist())


def test_repeated_draws_are_equal_in_any_order():
    one, other = rng(), rng()
    first = one.draw("normal", "noise", "BJ"), one.draw("uniform", "slip", "BJ")
    second = other.draw("uniform", "slip", "BJ"), other.draw("normal", "noise", "BJ")
    np.testing.assert_array_equal(first[0], second[1])
    np.testing.assert_array_equal(first[1], second[0])
    np.testing.assert_array_equal(one.draw("normal", "noise", "BJ"), first[0])


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"layer": 2},
        {"number": 1},
        {"name": "slip"},
        {"kind": "uniform"},
        {"axes": "JB"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_every_part_of_the_key_changes_the_numbers(other):
    def drawn(seed=1, layer=1, number=0, kind="normal", name="noise", axes="BJ"):
        return rng(seed, layer, number, batch=4).draw(kind, name, axes).ravel()  # as many samples as neurons

    assert len(drawn()) == len(drawn(**other)) == 16
    assert not set(drawn().tolist()) & set(drawn(**other).tolist())


def test_rounds_can_be_revisited():
    one = rng(number=0)
    first = one.draw("normal", "noise", "BJ")
    one.open(0, 7)
    assert one.draw("normal", "noise", "BJ") is first  # the round has begun
    one.open(0, 6)
    assert one.draw("normal", "noise", "BJ").shape == (6, SIZES["J"])
    one.open(1, 7)
    assert not (one.draw("normal", "noise", "BJ") == first).any()
    one.open(0, 7)
    np.testing.assert_array_equal(one.draw("normal", "noise", "BJ"), first)


def test_birth_differs_from_every_round():
    born = LayerRandom(1, 1, SIZES).draw("normal", "back", "JK")
    assert not (born == rng(number=0).draw("normal", "back", "JK")).any()
    np.testing.assert_array_equal(born, LayerRandom(1, 1, SIZES).draw("normal", "back", "JK"))


def test_birth_has_no_sample_axis():
    with pytest.raises(NeuroNetError, match="draw 'noise' has axes 'BJ', but 'B' is not one of I, J, K, O, S"):
        LayerRandom(1, 1, SIZES).draw("normal", "noise", "BJ")


@pytest.mark.parametrize("axes", ["B", "J", "BJ", "JK", "KJ", "BK", "JS", "JO", "BJK", ""])
def test_axes_give_the_shape(axes):
    assert rng().draw("uniform", "u", axes).shape == tuple({**SIZES, "B": 7}[letter] for letter in axes)


def test_scopes_separate_names():
    draws = RandomStream(rng().draw)
    inside, deeper = draws.scoped("policy"), draws.scoped("policy").scoped("policy")
    outer, inner, innermost = (each.normal("noise", "BJ") for each in (draws, inside, deeper))
    assert not (outer == inner).any()
    assert not (inner == innermost).any()
    np.testing.assert_array_equal(inner, draws.scoped("policy").normal("noise", "BJ"))


def test_neuron_draws_its_part_of_the_layers_numbers():
    source = rng().draw
    whole = RandomStream(source)
    for neuron in range(SIZES["J"]):
        listeners = np.array([0, 2])
        own = RandomStream(source, {"J": slice(neuron, neuron + 1), "K": listeners})
        np.testing.assert_array_equal(own.normal("noise", "BJ"), whole.normal("noise", "BJ")[:, neuron : neuron + 1])
        np.testing.assert_array_equal(own.uniform("w", "JK"), whole.uniform("w", "JK")[neuron : neuron + 1, listeners])
        inside = own.scoped("policy").normal("noise", "BJ")
        np.testing.assert_array_equal(inside, whole.scoped("policy").normal("noise", "BJ")[:, neuron : neuron + 1])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), axes=st.text("BJK", min_size=1, max_size=3), lead=st.lists(st.integers(1, 2), max_size=2))
def test_pick_selects_along_several_axes(data, axes, lead):
    lengths = {"B": 3, "J": 4, "K": 5}
    array = np.random.default_rng(0).random((*lead, *(lengths[letter] for letter in axes)))
    positions = {letter: st.lists(st.integers(0, lengths[letter] - 1), min_size=1, max_size=4) for letter in lengths}
    picks = {letter: np.array(data.draw(positions[letter])) for letter in data.draw(st.sets(st.sampled_from("BJK")))}
    expected = array
    for position, letter in enumerate(axes):
        expected = expected.take(picks.get(letter, np.arange(lengths[letter])), axis=len(lead) + position)
    np.testing.assert_array_equal(pick(array, axes, picks), expected)


def test_normal_numbers_are_normal():
    # 12 layers and rounds of 10,000 numbers, drawn as a run would draw them
    sizes = {"J": 100}
    drawn = []
    for layer, number in product((1, 2, 3), (0, 1, 2, 3)):
        made = LayerRandom(4, layer, sizes)
        made.open(number, 100)
        drawn.append(made.draw("normal", "noise", "BJ").ravel())
    count = 120_000
    numbers = np.concatenate(drawn)
    assert abs(numbers.mean()) < 5 / np.sqrt(count)
    assert abs(numbers.var() - 1) < 5 * np.sqrt(2 / count)
    assert abs((numbers**4).mean() - 3) < 5 * np.sqrt(96 / count)
    correlations = np.corrcoef(np.stack(drawn))[np.triu_indices(12, k=1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(10_000)


def test_uniform_numbers_are_uniform():
    numbers = LayerRandom(5, 1, {"J": 100_000}).draw("uniform", "u", "J")
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.bincount((numbers * 20).astype(int), minlength=20)
    chi_squared = ((counts - 5000) ** 2 / 5000).sum()
    assert chi_squared < 19 + 5 * np.sqrt(2 * 19)


@pytest.mark.parametrize("seed", [0, 1, MAX_SEED, np.int64(5), np.uint8(5)])
def test_integers_are_valid_seeds(seed):
    assert check_seed(seed) == int(seed)
    assert type(check_seed(seed)) is int


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 1.0, "1", None, True, float("nan")])
def test_invalid_seed_is_refused(seed):
    with pytest.raises(NeuroNetError, match="seed must be an integer from 0 to"):
        check_seed(seed)
