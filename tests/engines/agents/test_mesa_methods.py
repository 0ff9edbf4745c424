"""Mesa's methods and copies: agents and network cannot disagree, and a copy shares nothing."""

from __future__ import annotations

import copy
import gc
import pickle

import mesa
import pytest

from neuronet import interventions
from neuronet.core.errors import NeuroNetError
from neuronet.engines.agents import Neuron
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking, Noisy
from tests.helpers.engine_fixtures import SAMPLES, SIZES, game, identical, play

LEAVES = {
    "deregister_agent": lambda model, neuron: model.deregister_agent(neuron),
    "remove": lambda model, neuron: neuron.remove(),
    "remove_all_agents": lambda model, neuron: model.remove_all_agents(),
    "agents.remove": lambda model, neuron: model.agents.remove(neuron),
    "agents.discard": lambda model, neuron: model.agents.discard(neuron),
    "agents.clear": lambda model, neuron: model.agents.clear(),
    "agents.select in place": lambda model, neuron: model.agents.select(at_most=2, inplace=True),
    "agents_by_type": lambda model, neuron: model.agents_by_type[Neuron].remove(neuron),
    "layer.remove": lambda model, neuron: model.layers[1].remove(neuron),
    "layer.pop": lambda model, neuron: model.layers[1].pop(),
    "layer.select in place": lambda model, neuron: model.layers[1].select(lambda agent: agent is not neuron, inplace=True),
    "layer.sort in place": lambda model, neuron: model.layers[1].sort("bias", inplace=True),
    "layer.shuffle in place": lambda model, neuron: model.layers[1].shuffle(inplace=True),
    "layer.add": lambda model, neuron: model.layers[1].add(model.layers[0][0]),
}


@pytest.mark.parametrize("leave", LEAVES.values(), ids=LEAVES)
def test_neurons_cannot_leave_the_network_by_mesas_methods(leave, models):
    model, other = (models(game(AttentionSeeking())) for _ in range(2))
    with pytest.raises(NeuroNetError, match=r"cannot leave its layer|cannot join a layer|changed in place"):
        leave(model, model.layers[1][0])
    gc.collect()
    assert [len(layer) for layer in model.layers] == list(SIZES)
    assert len(model.agents) == sum(SIZES)
    assert [agent.index for agent in model.layers[1]] == list(range(SIZES[1]))
    assert identical(play(model, 3).state(), play(other, 3).state())


def test_other_agents_join_and_leave_a_model(models):
    model = models(game(AttentionSeeking()))
    observer = mesa.Agent(model)
    assert observer in model.agents
    chosen = model.layers[1].select()
    chosen.remove(next(iter(chosen)))
    assert len(chosen) == SIZES[1] - 1
    observer.remove()
    assert observer not in model.agents
    assert len(model.agents) == sum(SIZES)


COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda model: pickle.loads(pickle.dumps(model))}


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_copy_of_a_model_plays_on_by_itself(make, models):
    setup = game(Noisy(AttentionSeeking(p=1)), channels=("demand:delay(2)", "activity:noise(0.1)"))
    model, other = models(setup), models(setup)
    play(model, 3)
    copied = make(model)
    assert isinstance(copied.layers[1][0], Neuron)
    assert copied.layers[1][0].obs.activity is not model.layers[1][0].obs.activity
    play(copied, 2)
    assert identical(model.state(), play(other, 3).state())
    assert identical(copied.state(), play(other, 2).state())
    interventions.add(copied, layer=1)
    assert len({agent.unique_id for agent in copied.agents}) == sum(SIZES) + 1
    assert len(model.agents) == sum(SIZES)
    with pytest.raises(NeuroNetError, match="cannot leave its layer"):
        copied.deregister_agent(copied.layers[1][0])
    copied.close()


def test_copies_that_would_share_a_round_are_refused(models):
    model = models(game(AttentionSeeking()))
    with pytest.raises(NeuroNetError, match=r"use copy\.deepcopy"):
        copy.copy(model)
    model.speak(SAMPLES.inputs)
    for engine in (model, TensorEngine(model.setup, device="cpu")):
        engine.speak(SAMPLES.inputs)
        with pytest.raises(NeuroNetError, match="within a round: call learn before"):
            copy.deepcopy(engine)


def test_policy_cannot_disagree_with_the_setup(models):
    model = models(game(AttentionSeeking()))
    with pytest.raises(NeuroNetError, match=r"use neuronet\.interventions\.switch"):
        model.layers[1].set("policy", Noisy())
    assert all(neuron.policy == AttentionSeeking() for neuron in model.layers[1])


def test_neuron_of_another_network_cannot_join(models):
    model, other = (models(game(AttentionSeeking())) for _ in range(2))
    with pytest.raises(NeuroNetError, match="is a neuron of another network"):
        model.register_agent(other.layers[1][0])
    assert len(model.agents) == len(other.agents)


@pytest.mark.parametrize("duration", [-1, float("nan"), float("inf"), "3", None, True])
def test_durations_that_are_no_times_are_refused(duration, models):
    with pytest.raises(NeuroNetError, match="duration must be a finite number of 0 or more"):
        models(game(AttentionSeeking())).run_for(duration)
