from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.activation import ACTIVATIONS
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import INITIALISATIONS, Network, initial_weights
from neuronet.core.structure.wiring import Dense, SmallWorld, Sparse
from neuronet.registry import build_network, parse_wiring

sizes = st.lists(st.integers(1, 12), min_size=2, max_size=5)
seeds = st.integers(0, 2**63 - 1)
wirings = st.one_of(
    st.just(Dense()),
    st.builds(Sparse, st.floats(0.01, 1.0)),
    st.builds(SmallWorld, st.integers(1, 15), st.floats(0, 1)),
)

some = settings(max_examples=40, deadline=None)


def same(one: Network, other: Network) -> bool:
    arrays = zip((*one.weights, *one.biases, *one.nodes), (*other.weights, *other.biases, *other.nodes), strict=True)
    masks = zip(one.masks, other.masks, strict=True)
    return all(np.array_equal(a, b) for a, b in arrays) and all(
        (a is None) == (b is None) and (a is None or np.array_equal(a, b)) for a, b in masks
    )


@some
@given(sizes, wirings, st.sampled_from(sorted(ACTIVATIONS)), st.sampled_from(["auto", *INITIALISATIONS]), seeds)
def test_network_has_the_requested_shapes(sizes, connectivity, activation, init, seed):
    network = build_network(sizes, connectivity=connectivity, activation=activation, init=init, seed=seed)
    assert network.sizes == tuple(sizes)
    assert network.activations == (*[activation] * (len(sizes) - 2), "identity")
    assert np.concatenate(network.nodes).tolist() == list(range(sum(sizes)))
    connections = 0
    for speakers, listeners, weights, bias, mask in zip(
        sizes[:-1], sizes[1:], network.weights, network.biases, network.masks, strict=True
    ):
        assert weights.shape == (listeners, speakers)
        assert weights.dtype == bias.dtype == np.float64
        np.testing.assert_array_equal(bias, np.zeros(listeners))
        assert (mask is None) == isinstance(connectivity, Dense)
        if mask is not None:
            assert mask.shape == weights.shape
            assert not weights[~mask].any()
        connections += weights.size if mask is None else int(mask.sum())
    assert network.connections == connections


@some
@given(sizes, wirings, seeds)
def test_every_neuron_keeps_a_speaker_and_a_listener(sizes, connectivity, seed):
    for mask in build_network(sizes, connectivity=connectivity, seed=seed).masks:
        assert mask is None or (mask.any(axis=0).all() and mask.any(axis=1).all())


@some
@given(sizes, wirings, seeds)
def test_the_same_seed_gives_the_same_network(sizes, connectivity, seed):
    assert same(
        build_network(sizes, connectivity=connectivity, seed=seed), build_network(sizes, connectivity=connectivity, seed=seed)
    )


def test_other_seeds_give_other_weights_and_wirings():
    networks = [build_network([20, 20, 5], connectivity="sparse(0.3)", seed=seed) for seed in range(4)]
    assert len({network.weights[0].tobytes() for network in networks}) == 4
    assert len({network.masks[0].tobytes() for network in networks}) == 4


def test_layers_have_different_weights():
    network = build_network([10, 10, 10], connectivity="sparse(0.5)")
    assert not np.array_equal(network.masks[0], network.masks[1])
    dense = build_network([10, 10, 10], init="lecun")
    assert not np.isin(dense.weights[0], dense.weights[1]).any()


def test_additional_layer_does_not_change_earlier_layers():
    short, long = build_network([6, 5, 4, 3], seed=3), build_network([6, 5, 4, 3, 2], seed=3)
    np.testing.assert_array_equal(short.weights[0], long.weights[0])
    np.testing.assert_array_equal(short.weights[1], long.weights[1])


@pytest.mark.parametrize("probability", [0.05, 0.3, 0.9])
def test_sparse_network_has_the_requested_share_of_connections(probability):
    mask = build_network([300, 300], connectivity=Sparse(probability)).masks[0]
    assert abs(mask.mean() - probability) < 5 * np.sqrt(probability * (1 - probability) / mask.size)


def test_probability_one_is_dense():
    assert build_network([7, 5], connectivity=Sparse(1.0)).masks[0].all()


@some
@given(speakers=st.integers(1, 25), times=st.integers(1, 3), neighbours=st.integers(1, 25), seed=seeds)
def test_small_world_without_rewiring_connects_the_nearest(speakers, times, neighbours, seed):
    listeners = times * speakers  # no speaker goes unheard, so that none gets a listener from elsewhere
    mask = build_network([speakers, listeners], connectivity=SmallWorld(neighbours, rewire=0.0), seed=seed).masks[0]
    assert mask.sum(axis=1).tolist() == [min(neighbours, speakers)] * listeners
    for listener in range(listeners):
        around = [abs(speaker * times - listener) for speaker in range(speakers)]  # in steps of the finer ring
        distance = np.array([min(steps, listeners - steps) for steps in around])
        heard = mask[listener]
        assert heard.all() or distance[heard].max() <= distance[~heard].min()


def test_every_speaker_has_a_listener_in_a_narrow_small_world():
    mask = build_network([40, 4], connectivity=SmallWorld(3, rewire=0.0)).masks[0]
    assert mask.any(axis=0).all()
    nearest = [0, 10, 20, 30]
    assert mask[range(4), nearest].all()


def test_rewiring_moves_the_requested_share_of_connections():
    speakers, neighbours, rewire = 200, 10, 0.25
    still = build_network([speakers, speakers], connectivity=SmallWorld(neighbours, rewire=0.0)).masks[0]
    moved = build_network([speakers, speakers], connectivity=SmallWorld(neighbours, rewire=rewire)).masks[0]
    assert (moved.sum(axis=1) >= neighbours).all()
    assert moved.sum() - speakers * neighbours <= 2  # but for speakers that rewiring left alone
    # a connection that was moved away may be found again by a later one of the same neuron, at most 10 in 190 times
    share = (still & ~moved).sum() / still.sum()
    error = np.sqrt(rewire * (1 - rewire) / still.sum())
    assert rewire * (1 - 10 / 190) - 5 * error < share < rewire + 5 * error


VARIANCES = {
    "he": lambda speakers, listeners: 2 / speakers,
    "glorot": lambda speakers, listeners: 2 / (speakers + listeners),
    "lecun": lambda speakers, listeners: 1 / speakers,
}


def check_variance(weights: np.ndarray, expected: float) -> None:
    assert abs(weights.mean()) < 5 * np.sqrt(expected / weights.size)
    assert abs(weights.var() / expected - 1) < 5 * np.sqrt(2 / weights.size)


@pytest.mark.parametrize("init", VARIANCES)
@pytest.mark.parametrize(("speakers", "listeners"), [(200, 150), (60, 400), (400, 60)])
def test_weight_variance_of_a_dense_layer_equals_the_paper(init, speakers, listeners):
    weights = build_network([speakers, listeners], init=init, seed=11).weights[0]
    check_variance(weights, VARIANCES[init](speakers, listeners))


@pytest.mark.parametrize("init", VARIANCES)
def test_weight_variance_of_a_sparse_layer_counts_existing_connections(init):
    mask = np.zeros((300, 400), dtype=bool)
    mask[:150, :40] = True  # 40 speakers, each with 150 listeners
    mask[150:, 40:] = True  # 360 speakers, each with 150 listeners
    weights = initial_weights(mask, mask.shape, init, np.random.default_rng(12))
    assert not weights[~mask].any()
    check_variance(weights[:150, :40], VARIANCES[init](40, 150))
    check_variance(weights[150:, 40:], VARIANCES[init](360, 150))


def test_zeros_initialisation_gives_zero_weights():
    network = build_network([5, 4, 3], connectivity="sparse(0.5)", init="zeros")
    assert not any(weights.any() for weights in network.weights)
    assert network.connections > 0


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_auto_initialisation_follows_the_activation_of_each_layer(activation):
    auto = build_network([6, 5, 4], activation=activation, output_activation="tanh", seed=2)
    usual = ACTIVATIONS[activation].init
    np.testing.assert_array_equal(auto.weights[0], build_network([6, 5, 4], activation=activation, init=usual, seed=2).weights[0])
    np.testing.assert_array_equal(auto.weights[1], build_network([6, 5, 4], init="glorot", seed=2).weights[1])


@pytest.mark.parametrize("bad", [[], [3], [3, 0], [3, -1, 2], [3.0, 2], ["3", 2], [True, 2], [None, 2], (4, 5, 2.5)])
def test_bad_sizes_are_refused(bad):
    with pytest.raises(NeuroNetError, match="sizes must be two or more integers of 1 or more"):
        build_network(bad)


def test_numpy_integers_are_valid_sizes():
    assert build_network(np.array([3, 2])).sizes == (3, 2)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"connectivity": "dens"}, "unknown connectivity 'dens': did you mean 'dense'"),
        ({"connectivity": "sparse(0)"}, "edge probability must be a number above 0 and at most 1, got 0"),
        ({"connectivity": "sparse(1.5)"}, "edge probability must be a number above 0 and at most 1, got 1.5"),
        ({"connectivity": "small-world(0)"}, "neighbours must be an integer of 1 or more, got 0"),
        ({"connectivity": "small-world(2.5)"}, "neighbours must be an integer of 1 or more, got 2.5"),
        ({"connectivity": "small-world(rewire=1.1)"}, "rewire must be a number from 0 to 1, got 1.1"),
        ({"connectivity": "small-world(rewire=-0.1)"}, "rewire must be a number from 0 to 1, got -0.1"),
        ({"activation": "relux"}, "unknown activation 'relux': did you mean 'relu'"),
        ({"output_activation": "softmax"}, "unknown activation 'softmax'"),
        ({"init": "glorto"}, "unknown init 'glorto': did you mean 'glorot'"),
        ({"seed": -1}, "seed must be an integer"),
        ({"seed": 0.5}, "seed must be an integer"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_bad_options_are_refused(option, message):
    with pytest.raises(NeuroNetError, match=message):
        build_network([3, 4, 2], **option)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", None, True])
def test_non_numeric_probabilities_are_refused(value):
    for make, name in ((Sparse, "edge probability"), (lambda value: SmallWorld(rewire=value), "rewire")):
        with pytest.raises(NeuroNetError, match=f"^{name} must be a number .*, got"):
            make(value)


@pytest.mark.parametrize(
    ("text", "connectivity"),
    [
        ("dense", Dense()),
        ("sparse", Sparse(0.1)),
        ("sparse(0.25)", Sparse(0.25)),
        ("small-world(neighbours=4, rewire=0)", SmallWorld(4, 0)),
    ],
)
def test_wiring_is_found_by_its_name(text, connectivity):
    assert parse_wiring(text) == connectivity


def spoilt(**changes) -> Network:
    return replace(build_network([3, 4, 2], connectivity="sparse(0.5)", seed=1), **changes)


NAN = np.full((4, 3), np.nan)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": ()}, "a network needs weights, a bias, a mask and an activation for each layer"),
        ({"biases": (np.zeros(4),)}, "a network needs weights, a bias, a mask and an activation for each layer"),
        ({"nodes": (np.arange(3), np.arange(4))}, "a network needs weights, a bias, a mask and an activation for each layer"),
        ({"weights": (np.zeros((3, 4)), np.zeros((2, 4)))}, r"layer 1 must have weights and mask of shape \(4, 3\)"),
        ({"biases": (np.zeros(4), np.zeros(3))}, r"layer 2 must have weights and mask of shape \(2, 4\)"),
        ({"masks": (None, np.ones((4, 2), dtype=bool))}, r"layer 2 must have weights and mask of shape \(2, 4\)"),
        ({"weights": (NAN, np.zeros((2, 4))), "masks": (None, None)}, "layer 1 has weights or biases that are not finite"),
        ({"biases": (np.zeros(4), np.array([0.0, np.inf]))}, "layer 2 has weights or biases that are not finite"),
        ({"weights": (np.ones((4, 3)), np.ones((2, 4)))}, "layer 1 has non-zero weights"),
        ({"nodes": (np.arange(3), np.arange(4), np.arange(10, 12))}, "node ids"),
        ({"activations": ("relu", "softmax")}, "unknown activation 'softmax'"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_inconsistent_network_is_refused(changes, message):
    with pytest.raises(NeuroNetError, match=message):
        spoilt(**changes)
