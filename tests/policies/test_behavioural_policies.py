"""Free riders, contrarians, the stubborn and copycats do what they are said to do."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, Contrarian, Copycat, DirectFeedback, FreeRider, Greedy, Stubborn
from neuronet.testing import SyntheticLayer, example_observation
from tests.helpers.engine_fixtures import BATCHES, ENGINES, SAMPLES, game, play

by_engine = pytest.mark.parametrize("engine", ENGINES)


def network_after(policies, engine, rounds, **options):
    model = play(ENGINES[engine](game(policies, **options)), rounds)
    network = model.network()
    model.close()
    return network


@by_engine
def test_free_rider_never_changes_but_receives_attention(engine):
    riders, seekers = [AttentionSeeking(), FreeRider(), AttentionSeeking()], AttentionSeeking()
    born = game(riders).network
    once = network_after(riders, engine, 1)
    np.testing.assert_array_equal(once.weights[1], born.weights[1])
    np.testing.assert_array_equal(once.biases[1], born.biases[1])
    honest = network_after(seekers, engine, 1)
    for layer in (0, 2):  # its speakers and listeners act as usual
        np.testing.assert_array_equal(once.weights[layer], honest.weights[layer])
        assert np.any(once.weights[layer] != born.weights[layer])
    later = network_after(riders, engine, 60, learning_rate=0.2)
    np.testing.assert_array_equal(later.weights[1], born.weights[1])
    assert np.sum(later.weights[2] ** 2) > np.sum(born.weights[2] ** 2)  # its income has grown


@by_engine
def test_only_outputs_learn_among_free_riders(engine):
    born = game(FreeRider()).network
    later = network_after(FreeRider(), engine, 5)
    for layer in (0, 1):
        np.testing.assert_array_equal(later.weights[layer], born.weights[layer])
    assert np.all(later.weights[2] != born.weights[2])


def test_free_rider_sends_the_demand_of_the_wrapped_policy():
    obs = example_observation()
    np.testing.assert_array_equal(FreeRider(Greedy(2)).feedback(obs, {}), Greedy(2).feedback(obs, {}))
    assert FreeRider(DirectFeedback()).needs == {"broadcast"}


def test_contrarian_feedback_has_the_opposite_sign():
    obs = example_observation()
    np.testing.assert_array_equal(Contrarian().feedback(obs, {}), -AttentionSeeking().feedback(obs, {}))


def test_contrarian_loses_attention():
    """A small step along its feedback, and the attention that is left when the listeners have responded."""
    obs = example_observation()

    def left(activity):
        return np.sum((obs.attention + obs.learning_rate * obs.demand.T @ activity / len(activity)) ** 2, axis=0)

    assert np.all(left(obs.activity + 1e-3 * Contrarian().feedback(obs, {})) < left(obs.activity))
    assert np.all(left(obs.activity + 1e-3 * AttentionSeeking().feedback(obs, {})) > left(obs.activity))


@by_engine
def test_layer_of_contrarians_increases_the_loss(engine):
    """One round on all samples, after which only what the hidden layers have changed is kept."""
    changed = {}
    for policy in (Contrarian(), AttentionSeeking()):
        setup = game([policy, FreeRider(), FreeRider(policy)])
        model = ENGINES[engine](setup)
        before = model.play(SAMPLES.inputs, SAMPLES.targets).mean()
        state = model.state()
        model.restore(state.with_layer(3, weights=setup.network.weights[2], bias=setup.network.biases[2]))
        changed[policy] = float(model.play(SAMPLES.inputs, SAMPLES.targets).mean() - before)
        model.close()
    assert changed[Contrarian()] > 0 > changed[AttentionSeeking()]


@pytest.mark.parametrize("pull", [0.0, 0.5, 3])
def test_stubborn_weights_converge_where_response_and_pull_balance(pull):
    """With SGD and a constant response c: `c / pull (1 - (1 - eta pull)^n)` after n rounds."""
    obs, eta, rounds = example_observation(), 0.1, 25
    policy = Stubborn(pull=pull)
    response = np.random.default_rng(0).standard_normal((4, 7))
    memory = {"moved": np.zeros((4, 7))}
    for _ in range(rounds):
        change = eta * policy.adapt(response, obs, memory)
        memory = policy.remember(change, response, obs, memory)
    share = (1 - (1 - eta * pull) ** rounds) / pull if pull else eta * rounds
    np.testing.assert_allclose(memory["moved"], share * response, rtol=1e-12)


@by_engine
def test_stubborn_memory_is_the_distance_from_the_initial_weights(engine):
    model = ENGINES[engine](game(Stubborn(pull=2.0)))
    born = model.state().to_arrays()
    arrays = play(model, 10).state().to_arrays()
    model.close()
    for layer in (1, 2, 3):
        way = np.column_stack(
            [arrays[f"{layer}.weights"] - born[f"{layer}.weights"], arrays[f"{layer}.bias"] - born[f"{layer}.bias"]]
        )
        np.testing.assert_allclose(arrays[f"{layer}.group0.moved"], way, atol=1e-14)
        assert np.all(way != 0)


def test_stronger_pull_stays_nearer_to_the_initial_weights():
    born = game(Stubborn()).network.weights[0]
    ways = [np.linalg.norm(network_after(Stubborn(pull=pull), "tensors", 200).weights[0] - born) for pull in (0.0, 0.3, 3.0)]
    assert ways == sorted(ways, reverse=True)
    assert ways[2] < ways[0] / 2


def test_stubborn_without_pull_equals_the_wrapped_policy():
    ours, theirs = (network_after(policy, "tensors", 10) for policy in (Stubborn(Greedy(), pull=0), Greedy()))
    np.testing.assert_allclose(
        ours.weights[0], theirs.weights[0], rtol=1e-13, atol=1e-15
    )  # wrapped, its products are made elsewhere


def test_copycat_feedback_points_to_its_favourite_speaker():
    obs = example_observation(SyntheticLayer(sparse=True))
    feedback = Copycat().feedback(obs, {})
    for j in range(obs.activity.shape[1]):
        favourite = max(np.flatnonzero(obs.synapse_mask[j, :-1]), key=lambda i: abs(obs.synapses[j, i]))
        np.testing.assert_allclose(feedback[:, j], obs.speaker_activity[:, favourite] - obs.activity[:, j], rtol=1e-12)


@pytest.mark.parametrize("paid", [2.0, np.nextafter(2.0, 0), np.nextafter(2.0, 3)])
def test_copycat_follows_the_mean_of_tied_speakers(paid):
    obs = example_observation()
    obs.synapses = np.array([[1.0, -2.0, 0.5, paid, 0.0, 0.0, 9.0]] * 4)  # last, the bias, which has no speaker
    expected = (obs.speaker_activity[:, [1]] + obs.speaker_activity[:, [3]]) / 2 - obs.activity
    np.testing.assert_allclose(Copycat().feedback(obs, {}), expected, rtol=1e-12)


def test_copycat_without_speakers_has_target_zero():
    deaf = example_observation(SyntheticLayer(lengths={"I": 0}))
    np.testing.assert_array_equal(Copycat().feedback(deaf, {}), -deaf.activity)
    unwired = example_observation()
    unwired.synapse_mask, unwired.synapses = 0 * unwired.synapse_mask, 0 * unwired.synapses
    np.testing.assert_array_equal(Copycat().feedback(unwired, {}), -unwired.activity)


@by_engine
def test_copycats_converge_to_their_favourite_speakers(engine):
    setup = game([Copycat(), AttentionSeeking(), AttentionSeeking()], activation="identity", learning_rate=0.2)
    model = ENGINES[engine](setup)

    def distance():
        weights, bias = model.state().to_arrays()["1.weights"], model.state().to_arrays()["1.bias"]
        favourites = SAMPLES.inputs[:, np.abs(weights).argmax(axis=1)]
        return np.sqrt(np.mean((SAMPLES.inputs @ weights.T + bias - favourites) ** 2))

    before = distance()
    for _ in range(150):
        batch = SAMPLES.at(BATCHES.indices(model.round_number))
        model.play(batch.inputs, batch.targets)
    after = distance()
    model.close()
    assert after < 0.02 * before


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: FreeRider("greedy"), "wraps a policy, got 'greedy'"),
        (lambda: FreeRider(AttentionSeeking), "wraps a policy, got the class"),
        (lambda: Stubborn(None), "wraps a policy, got None"),
        (lambda: Stubborn(pull=-0.1), "pull must be a finite number of 0 or more, got -0.1"),
        (lambda: Stubborn(pull=float("nan")), "pull must be a finite number of 0 or more, got nan"),
    ],
)
def test_bad_parameters_are_refused(make, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        make()
