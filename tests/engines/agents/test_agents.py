"""The agent engine: every neuron is an agent that reads only the posts of its neighbours."""

from __future__ import annotations

import gc
import weakref

import mesa
import numpy as np
import pytest

from neuronet.core.data.batches import Batches
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import Adam, Momentum
from neuronet.engines.agents import InputNeuron, Neuron, NeuronModel
from neuronet.engines.agents.layer_arithmetic import LayerArithmetic
from neuronet.engines.base import Setup
from neuronet.environments import Xor
from neuronet.policies import AttentionSeeking, Damped, Noisy, Stubborn
from neuronet.registry import build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import SAMPLES, SIZES, game, identical, max_difference, play

SIGHTED = [Noisy(), AttentionSeeking(p=3, foresight=1), toys.Saver(), toys.Hopeful(), toys.Jealous(), toys.Random()]


def test_every_neuron_is_an_agent_including_inputs(models):
    setup = game(toys.Backprop(), connectivity="sparse(0.5)")
    model = models(setup)
    assert [len(layer) for layer in model.layers] == list(SIZES)
    assert len(model.agents) == sum(SIZES)
    assert all(isinstance(agent, mesa.Agent) for agent in model.agents)
    assert {type(agent) for agent in model.layers[0]} == {InputNeuron}
    assert {type(agent) for layer in model.layers[1:] for agent in layer} == {Neuron}
    assert sorted(agent.node for agent in model.agents) == list(range(sum(SIZES)))
    for agent in model.agents:
        assert model.neuron(agent.node) is agent


def test_neuron_exposes_its_synapses_and_attention(models):
    setup = game(toys.Backprop(), connectivity="sparse(0.5)")
    model = play(models(setup), 3)
    now = model.network()
    for agent in (agent for layer in model.layers[1:] for agent in layer):
        heard = np.flatnonzero(setup.network.masks[agent.layer - 1][agent.index])
        np.testing.assert_array_equal(agent.weights, now.weights[agent.layer - 1][agent.index, heard])
        assert agent.bias == now.biases[agent.layer - 1][agent.index]
    for agent in (agent for layer in model.layers[:-1] for agent in layer):
        listeners = np.flatnonzero(setup.network.masks[agent.layer][:, agent.index])
        np.testing.assert_array_equal(agent.attention, now.weights[agent.layer][listeners, agent.index])
    assert all(agent.attention.shape == (0,) for agent in model.layers[-1])


def test_an_unknown_node_is_refused(models):
    with pytest.raises(NeuroNetError, match="node 99"):
        models(game(toys.Backprop())).neuron(99)


def message_boards(model):
    return [getattr(board, name) for board in model.boards for name in ("activity", "demand", "attention", "response")]


def corrupt_all_but_neighbours(model, neuron):
    """Make every post that the neuron may not read no number at all."""
    below, here, above = (model.boards[neuron.layer + step] if neuron.layer + step < len(SIZES) else None for step in (-1, 0, 1))
    for board in model.boards:
        if board not in (below, above):
            for post in (board.activity, board.demand, board.attention, board.response):
                post[...] = np.nan
    disconnected = np.setdiff1d(np.arange(len(below.activity)), neuron.speakers)
    below.activity[disconnected] = np.nan
    for post in (below.demand, below.attention, below.response):
        post[...] = np.nan
    if above is not None:
        above.activity[...] = np.nan
        disconnected = np.setdiff1d(np.arange(len(above.demand)), neuron.listeners)
        others = np.setdiff1d(np.arange(len(here.activity)), neuron.index)
        above.demand[disconnected] = np.nan
        for post in (above.attention, above.response):
            post[disconnected] = np.nan
            post[:, others] = np.nan


def act(neuron):
    """A whole round of one neuron; gives all that it posts and keeps."""
    context = neuron.model.context
    neuron.speak(context)
    neuron.feed_back(context)
    posted = [getattr(neuron.board, name)[neuron.index].copy() for name in ("activity", "demand")]
    response = neuron.response.copy()
    neuron.adapt(context)
    attention = neuron.board.attention[neuron.index, neuron.speakers].copy()
    kept = [neuron.memory[name].copy() for name in sorted(neuron.memory)]
    return [*posted, response, attention, neuron.synapses.copy(), *kept]


@pytest.mark.parametrize("policy", SIGHTED, ids=repr)
@pytest.mark.parametrize("node", range(SIZES[0], sum(SIZES)))
def test_neuron_reads_only_its_neighbours_posts(models, policy, node):
    setup = game(policy, connectivity="sparse(0.4)")
    undisturbed, spoilt = (play(models(setup), 2).neuron(node) for _ in range(2))
    corrupt_all_but_neighbours(spoilt.model, spoilt)
    for one, other in zip(act(undisturbed), act(spoilt), strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.isfinite(other).all()


def test_posts_of_neighbours_affect_the_outcome(models):
    """So that the test above can fail: a neuron in the middle feels each of its neighbours."""
    setup = game(AttentionSeeking(), connectivity="sparse(0.5)")
    node = SIZES[0] + SIZES[1]  # in the second hidden layer
    for side in ("speakers", "listeners"):
        neuron = play(models(setup), 2).neuron(node)
        for neighbour in getattr(neuron, side):
            neuron = play(models(setup), 2).neuron(node)
            post = neuron.below.activity if side == "speakers" else neuron.above.demand
            post[neighbour] = np.nan
            assert any(np.isnan(array).any() for array in act(neuron))


def test_neuron_writes_only_its_own_posts(models):
    neuron = play(models(game(toys.Hopeful(), connectivity="sparse(0.5)")), 2).neuron(SIZES[0])
    before = [post.copy() for post in message_boards(neuron.model)]
    act(neuron)
    for old, new in zip(before, message_boards(neuron.model), strict=True):
        changed = np.flatnonzero(np.any(old != new, axis=1))
        assert set(changed) <= {neuron.index}
        if new.base is None and not any(new is post for post in vars(neuron.board).values()):
            assert changed.size == 0


def one_after_another(method, count):
    """The same method, called for each neuron of the layer instead of once for all."""

    def play_each(arithmetic, *context):
        if not context and arithmetic.potential.shape[1] != arithmetic.below.activity.shape[1]:
            method(arithmetic)  # a neuron acts alone after a layer has listened
            for array in (arithmetic.potential, arithmetic.activity, arithmetic.slope):
                array[:] = np.nan
        for index in range(count(arithmetic)):
            method(arithmetic, *context, index)

    return play_each


@pytest.mark.parametrize("optimizer", [Momentum(), Adam(epsilon=1e-4)], ids=repr)
@pytest.mark.parametrize("connectivity", ["dense", "sparse(0.5)"])
@pytest.mark.parametrize("policy", [*SIGHTED, Stubborn(), Damped()], ids=repr)
def test_a_layer_at_once_equals_neurons_one_after_another(models, monkeypatch, policy, connectivity, optimizer):
    setup = game(policy, connectivity=connectivity, optimizer=optimizer)
    at_once = play(models(setup), 3).state()
    called = []
    for name in ("listen", "respond", "step"):
        method = getattr(LayerArithmetic, name)
        count = lambda arithmetic, name=name: called.append(name) or len(arithmetic.speakers)  # noqa: E731
        monkeypatch.setattr(LayerArithmetic, name, one_after_another(method, count))
    singly = play(models(setup), 3).state()
    assert called.count("listen") == called.count("respond") == called.count("step") == 9
    assert max_difference(at_once, singly) <= 1e-14


@pytest.mark.parametrize("policy", [*SIGHTED, toys.Explorer(), toys.Critic(), toys.Direct()], ids=repr)
def test_activation_order_does_not_change_results(models, policy):
    setup = game(policy, connectivity="sparse(0.5)")
    in_order, shuffled = models(setup), models(setup, shuffle=True)
    assert identical(play(in_order, 7).state(), play(shuffled, 7).state())


def test_shuffled_neurons_act_in_another_order(models, monkeypatch):
    order = []
    say = Neuron.say
    monkeypatch.setattr(Neuron, "say", lambda neuron, context: (order.append(neuron.node), say(neuron, context)))
    play(models(game(toys.Backprop())), 1)
    in_order = list(order)
    order.clear()
    play(models(game(toys.Backprop()), shuffle=True), 1)
    assert in_order == sorted(in_order)
    assert order != in_order
    assert sorted(order) == in_order


def test_data_collector_works(models):
    environment = Xor(samples=20)
    setup = setup_for(environment)
    model = models(setup, environment=environment, batch_size=8)
    collector = mesa.DataCollector(
        model_reporters={"loss": "loss", "round": lambda model: model.round_number},
        agent_reporters={"node": "node", "utility": lambda agent: agent.utility()},
    )
    incomes = []
    for _ in range(5):
        model.step()
        collector.collect(model)
        incomes.append(np.sum(model.network().weights[1] ** 2, axis=0) / 2)
    table = collector.get_model_vars_dataframe()
    assert table["round"].tolist() == [1, 2, 3, 4, 5]
    assert table["loss"].tolist() == pytest.approx(reference_losses(setup, environment, 5, 8), rel=1e-12)
    agents = collector.get_agent_vars_dataframe()
    assert len(agents) == 5 * (2 + 4 + 2)
    hidden = agents[agents["node"].between(2, 5)]
    np.testing.assert_allclose(hidden["utility"].to_numpy().reshape(5, 4), incomes, rtol=1e-12)


def setup_for(environment):
    return Setup(build_network((2, 4, 2), activation="tanh", seed=2), Noisy(), seed=3, payoff=environment.payoff)


def reference_losses(setup, environment, rounds, size):
    model = NeuronModel(setup)
    batches = Batches(len(environment.train), size, (setup.seed,))
    losses = []
    for number in range(rounds):
        batch = environment.train.at(batches.indices(number))
        losses.append(float(np.mean(model.play(batch.inputs, batch.targets))))
    model.close()
    return losses


def test_step_plays_the_environments_batches(models):
    environment = Xor(samples=20)
    setup = setup_for(environment)
    stepping, playing = models(setup, environment=environment, batch_size=8), models(setup)
    assert np.isnan(stepping.loss)
    for _ in range(7):  # over two ends of an epoch, whose last batches are smaller
        stepping.step()
    play(playing, 7, environment.train, Batches(20, 8, (setup.seed,)))
    assert identical(stepping.state(), playing.state())
    assert stepping.loss == playing.loss
    assert stepping.round_number == 7


def test_step_without_an_environment_is_refused(models):
    with pytest.raises(NeuroNetError, match="step needs an environment: make the model with environment="):
        models(game(toys.Backprop())).step()


def test_an_environment_that_does_not_fit_is_refused(models):
    with pytest.raises(NeuroNetError, match="the environment has 2 inputs and 2 outputs, the network 6 and 3"):
        models(game(toys.Backprop()), environment=Xor())


def test_outputs_do_not_learn(models):
    model = play(models(game(Noisy())), 2)
    before = model.state()
    first = model.outputs(SAMPLES.inputs)
    assert identical(model.state(), before)
    np.testing.assert_array_equal(model.outputs(SAMPLES.inputs), first)
    assert identical(play(model, 2).state(), play(models(game(Noisy())), 4).state())


@pytest.mark.parametrize("rounds", [0, 2])
def test_closed_models_are_freed(rounds):
    gone = []
    for seed in range(30):
        environment = Xor(samples=8)
        model = NeuronModel(setup_for(environment), environment=environment, batch_size=4, shuffle=seed % 2 == 1)
        for _ in range(rounds):
            model.step()
        gone.append(weakref.ref(model))
        model.close()
        del model
    gc.collect()
    assert [ref() for ref in gone] == [None] * 30


@pytest.mark.skipif(
    tuple(map(int, mesa.__version__.split(".")[:2])) >= (3, 5), reason="from Mesa 3.5 on, a model waits for the garbage collector"
)
@pytest.mark.parametrize("rounds", [0, 2])
def test_closed_model_is_freed_immediately(rounds):
    gc.collect()
    gc.disable()
    try:
        model = play(NeuronModel(game(toys.Saver())), rounds)
        gone = weakref.ref(model)
        model.close()
        del model
        assert gone() is None
    finally:
        gc.enable()


def neurons_alive():
    gc.collect()
    return sum(issubclass(type(thing), mesa.Agent) for thing in gc.get_objects())


def test_closed_model_leaves_no_objects():
    before = neurons_alive()
    for _ in range(3):
        play(NeuronModel(game(toys.Saver())), 1).close()
    assert neurons_alive() == before
