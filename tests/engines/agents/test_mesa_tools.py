"""Mesa's own tools on a network: batch_run, run_for, and SolaraViz."""

import inspect

import mesa
import numpy as np
import pytest
from mesa.datacollection import DataCollector

from neuronet import AttentionSeeking, Momentum, NeuronModel, Setup, Xor, build_network


def attention_paid(agent):
    """Return the attention that a neuron pays; an input pays none."""
    return float(np.abs(agent.weights).sum()) if agent.layer else 0.0


class Xors(NeuronModel):
    """Network whose parameters are arguments, as Mesa's tools need it."""

    def __init__(self, hidden=4, rng=0):
        rng = rng or 0
        network = build_network([2, hidden, 2], seed=rng)
        super().__init__(Setup(network, AttentionSeeking(), Momentum(), learning_rate=0.05, seed=rng), environment=Xor())
        self.datacollector = DataCollector({"loss": "loss"}, {"attention": attention_paid})

    def step(self):
        super().step()
        self.datacollector.collect(self)


def loss_after(steps, hidden, rng):
    model = Xors(hidden, rng)
    for _ in range(steps):
        model.step()
    model.close()
    return model.loss


def test_batch_run_plays_every_combination_and_collects_the_loss_of_its_last_round():
    batch_run = pytest.importorskip("mesa.batchrunner").batch_run  # a pre-release of Mesa 4 has none
    seeds = {"rng": [0, 1]}
    if "rng" in inspect.signature(batch_run).parameters:
        rows = batch_run(Xors, {"hidden": [3, 5]}, max_steps=5, display_progress=False, **seeds)
    else:
        rows = batch_run(Xors, {"hidden": [3, 5], **seeds}, max_steps=5, display_progress=False)
    found = {(row["hidden"], row["rng"]): row["loss"] for row in rows}
    assert set(found) == {(hidden, rng) for hidden in (3, 5) for rng in (0, 1)}
    rounds = 6 if mesa.__version__.startswith("3.3") else 5  # Mesa 3.3 makes a step more than `max_steps`
    for (hidden, rng), loss in found.items():
        assert loss == loss_after(rounds, hidden, rng)
    assert len(rows) == 2 * (2 + 3 + 2) + 2 * (2 + 5 + 2)  # a row for each agent


def test_run_for_makes_as_many_rounds(models):
    model = models(Setup(build_network([2, 3, 2]), AttentionSeeking(), Momentum(), 0.05), environment=Xor())
    model.run_for(3)
    model.run_for(2)
    assert model.round_number == 5


def test_model_keeps_its_agents_and_lets_others_go():
    """Sets of agents hold weak references: the model must hold its own."""
    model = Xors()
    assert [len(layer) for layer in model.layers] == [2, 4, 2]
    assert len(model.agents) == 8
    for _ in range(3):
        mesa.Agent(model)
    assert len(model.agents) == 11
    for agent in list(model.agents.select(lambda agent: type(agent) is mesa.Agent)):
        agent.remove()
    assert len(model.agents) == 8
    model.close()


@pytest.mark.filterwarnings("ignore")  # of Solara and Mesa
def test_page_of_solara_shows_a_model():
    solara = pytest.importorskip("solara")
    from mesa.visualization import SolaraViz, make_plot_component

    model = Xors()
    for _ in range(3):
        model.step()
    box, context = solara.render(SolaraViz(model, components=[make_plot_component("loss")]), handle_error=False)
    assert box.children
    assert np.isfinite(model.loss)
    context.close()
    model.close()
