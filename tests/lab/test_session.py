"""Session: it plays as a model does, and applies settings and interventions."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet import NeuroNetError, NeuronModel
from neuronet.core.errors import ConfigurationError, DivergedError, SpecError
from neuronet.core.structure.population import Population
from neuronet.interventions import add, add_layer, remove
from neuronet.lab.controls import AS_STARTED, Controls, controls_of
from neuronet.lab.session import Session
from neuronet.policies import AttentionSeeking, FreeRider, Noisy
from neuronet.registry import build_network, format_channel
from tests.lab.fixtures import Bars, start


def weights(session):
    return np.concatenate([array.ravel() for array in session.model.network().weights])


def test_session_plays_the_same_rounds_as_a_model():
    launched = start(policy="attention:0.7,noisy:0.3", seed=3)
    session = Session(launched)
    model = NeuronModel(session.model.setup, environment=launched.environment, batch_size=8)
    for _ in range(7):
        session.step()
        model.step()
    alone = np.concatenate([array.ravel() for array in model.network().weights])
    assert (weights(session) == alone).all()
    assert session.snapshot.round == 7


def test_snapshot_shows_the_last_batch_and_its_activity():
    session = Session(start())
    assert session.snapshot.activity[0].shape == (16, 0)
    snapshot = session.step(3)
    order = np.flatnonzero((Bars().train.inputs[:, None] == snapshot.activity[0].T[None]).all(axis=2).any(axis=1))
    assert len(order) == 8
    samples = [int(np.flatnonzero((Bars().train.inputs == said).all(axis=1))[0]) for said in snapshot.activity[0].T]
    np.testing.assert_array_equal(snapshot.targets, Bars().train.targets[samples])
    assert [activity.shape for activity in snapshot.activity] == [(16, 8), (10, 8), (4, 8)]
    assert snapshot.history.rounds == [0, 3]
    np.testing.assert_allclose(
        snapshot.history.attention_of(snapshot.node((1, 2)))[0][-1], (snapshot.network.weights[1][:, 2] ** 2).sum() / 2
    )


def test_snapshot_does_not_change_later():
    session = Session(start())
    snapshot = session.step()
    before = snapshot.network.weights[0].copy(), list(snapshot.history.rounds), snapshot.activity[1].copy()
    session.step(2)
    assert (snapshot.network.weights[0] == before[0]).all()
    assert snapshot.history.rounds == before[1]
    assert (snapshot.activity[1] == before[2]).all()


def test_attention_seekers_follow_the_gradient():
    snapshot = Session(start(learning_rate=0.1)).step(60)
    assert snapshot.history.test_accuracy[-1] > snapshot.history.test_accuracy[0] + 0.3
    assert snapshot.history.angles_of(1)[-1] < 0.01
    assert snapshot.rows[0]["norm_ratio"] == pytest.approx(1)


def test_mixture_can_change_during_training():
    session = Session(start())
    session.step()
    snapshot = session.update_controls(other="greedy", share=0.3)
    assert sorted(snapshot.policies[0]) == ["attention"] * 7 + ["greedy"] * 3
    assert set(snapshot.policies[1]) == {"attention"}
    assert session.model.round_number == 1
    assert set(session.update_controls(share=1.0).policies[0]) == {"greedy"}
    assert set(session.update_controls(policy="greedy").policies[1]) == {"greedy"}


def test_noise_wraps_policies_and_is_not_shown():
    quiet, noisy = Session(start()), Session(start())
    snapshot = noisy.update_controls(noise=0.5)
    assert set(snapshot.policies[0]) == {"attention"}
    assert [group.policy for group in noisy.model.setup.groups(1)] == [Noisy(AttentionSeeking(), sigma=0.5)]
    assert [group.policy for group in noisy.model.setup.groups(2)] == [AttentionSeeking()]
    quiet.step()
    noisy.step()
    assert (weights(quiet) != weights(noisy)).any()
    noisy.update_controls(noise=0.0)
    assert [group.policy for group in noisy.model.setup.groups(1)] == [AttentionSeeking()]


def test_learning_rate_is_used_from_the_next_round_on():
    slow, quick = Session(start(optimizer="sgd")), Session(start(optimizer="sgd"))
    first = weights(slow)
    quick.update_controls(learning_rate=0.06)
    slow.step()
    quick.step()
    np.testing.assert_allclose(weights(quick) - first, 3 * (weights(slow) - first), atol=1e-14)


def test_channels_can_change_during_training():
    session = Session(start(channels=["activity@0:dropout(0.1)"], optimizer="sgd"))
    session.step()
    session.update_controls(dropout=0.3, delay=2, winner_fraction=0.5)
    texts = [format_channel(channel) for channel in session.model.setup.channels]
    assert [text.partition("(")[0] for text in texts] == [
        "activity@0:dropout",
        "demand:dropout",
        "demand:delay",
        "activity:k-winners",
    ]
    before = session.model.network().weights[0]
    session.step()
    assert (session.model.network().weights[0] == before).all()  # no demand has come yet
    session.step(2)
    assert (session.model.network().weights[0] != before).any()
    session.update_controls(dropout=0.0, delay=0, winner_fraction=1.0)
    assert len(session.model.setup.channels) == 1
    assert session.step().round == 5


def test_seed_is_used_from_the_next_reset_on():
    session = Session(start())
    session.step()
    session.update_controls(seed=5)
    assert session.model.setup.seed == 0
    snapshot = session.reset()
    assert (snapshot.round, session.model.setup.seed, snapshot.history.rounds) == (0, 5, [0])
    assert (weights(session) == weights(Session(start(seed=5)))).all()


def test_update_schedule_is_used_from_the_next_reset_on():
    session = Session(start())
    session.update_controls(update_schedule="random-sequential")
    assert repr(session.model.setup.update_schedule) == "Synchronous()"
    session.reset()
    assert repr(session.model.setup.update_schedule) == "RandomSequential()"
    assert session.step(2).round == 2


def test_reset_keeps_settings_and_restarts():
    session = Session(start())
    first = weights(session)
    session.update_controls(other="greedy", share=0.5, learning_rate=0.05)
    session.step(2)
    session.intervene(1, 0, "silence")
    snapshot = session.reset()
    assert (weights(session) == first).all()
    assert sorted(snapshot.policies[0]) == ["attention"] * 5 + ["greedy"] * 5
    assert session.model.learning_rate == pytest.approx(0.05)
    assert snapshot.silent[1] == frozenset()


def test_sessions_have_separate_models():
    launched = start()
    one, other = Session(launched), Session(launched)
    before = weights(other)
    one.update_controls(share=0.5)
    one.step(3)
    assert (weights(other) == before).all()
    assert other.snapshot.round == 0
    assert set(other.snapshot.policies[0]) == {"attention"}


class Growing(NeuronModel):
    """Model that adds a neuron, then a layer, and then removes the first neuron."""

    def step(self):
        super().step()
        changes = {
            1: lambda: add(self, layer=1),
            2: lambda: add_layer(self, after=1),
            3: lambda: remove(self, layer=1, neurons=0),
        }
        changes.get(self.round_number, lambda: None)()


def test_model_may_add_and_remove_neurons_and_layers():
    session = Session(start(model=Growing))
    second = session.snapshot.node((1, 1))
    assert [session.step().network.sizes for _ in range(4)] == [(16, 11, 4), (16, 11, 11, 4), (16, 10, 11, 4), (16, 10, 11, 4)]
    snapshot = session.snapshot
    assert snapshot.node((1, 0)) == second
    assert np.isfinite(snapshot.history.attention_of(second)).all()
    newest = snapshot.history.attention_of(snapshot.node((1, 9)))[0]
    np.testing.assert_array_equal(np.isnan(newest), [True, False, False, False, False])
    assert len(snapshot.rows) == 3
    assert set(session.update_controls(other="greedy", share=0.5).policies[1]) == {"attention", "greedy"}
    assert session.reset().network.sizes == (16, 10, 4)


def test_closed_session_does_not_play():
    session = Session(start())
    snapshot = session.step()
    session.close()
    assert session.step() is snapshot


def test_neurons_can_be_silenced_frozen_and_switched():
    session = Session(start())
    assert session.intervene(1, 3, "silence").silent[1] == {3}
    assert (session.step().activity[1][3] == 0).all()
    assert session.intervene(1, 3, "revive").silent[1] == frozenset()
    snapshot = session.intervene(1, 4, "freeze")
    assert (snapshot.frozen[1], snapshot.silent[1]) == ({4}, frozenset())
    before = session.model.network().weights[0][4].copy()
    session.step()
    assert (session.model.network().weights[0][4] == before).all()
    assert session.intervene(1, 4, "thaw").frozen[1] == frozenset()
    session.update_controls(other="free-rider")
    assert session.intervene(1, 5, "follow").policies[0][5] == "free-rider"
    assert session.snapshot.describe(1, 5).startswith("Hidden 5: free-rider, receives ")


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"policy": "greddy"}, "did you mean 'greedy'"),
        ({"share": 1.5}, "share must be"),
        ({"learning_rate": 0.0}, "learning_rate must be"),
        ({"noise": -1.0}, "noise must be"),
        ({"dropout": 1.0}, "dropout must be"),
        ({"delay": 1.5}, "delay must be"),
        ({"winner_fraction": 0.0}, "winner_fraction must be"),
        ({"update_schedule": "random"}, "update schedule 'random'"),
        ({"seed": -1}, "seed must be"),
        ({"share": 0.01}, "too small for even one neuron"),
    ],
)
def test_invalid_setting_changes_nothing(changes, fragment):
    session = Session(start())
    snapshot, controls, setup = session.snapshot, session.controls, session.model.setup
    with pytest.raises(NeuroNetError, match=fragment):
        session.update_controls(**changes)
    assert (session.snapshot, session.controls, session.model.setup) == (snapshot, controls, setup)


def test_impossible_intervention_is_refused():
    session = Session(start())
    with pytest.raises(SpecError, match="'promote'"):
        session.intervene(1, 0, "promote")
    with pytest.raises(NeuroNetError):
        session.intervene(1, 0, "revive")
    with pytest.raises(NeuroNetError):
        session.intervene(1, 99, "silence")


def test_divergence_is_reported():
    session = Session(start(learning_rate=1e6))
    with pytest.raises(DivergedError, match="learning rate"):
        session.step(200)
    session.update_controls(learning_rate=0.02)
    assert np.isfinite(session.reset().history.test_loss[-1])


def test_regression_has_no_accuracy():
    snapshot = Session(start(environment=Bars(values=True))).step()
    assert np.isnan(snapshot.history.test_accuracy).all()
    assert snapshot.targets.shape == (8, 1)


class Shuffled(NeuronModel):
    def step(self):
        self.shuffle = True
        super().step()


def test_custom_model_and_network():
    network = build_network([16, 5, 4], seed=9)
    session = Session(start_with(network))
    assert isinstance(session.model, Shuffled)
    assert (session.model.network().weights[0] == network.weights[0]).all()
    assert session.step().round == 1
    assert session.reset().network.sizes == (16, 5, 4)


def start_with(network):
    from neuronet.lab.launch_config import make_launch_config

    return make_launch_config(Bars(), network=network, model=Shuffled)


def test_initial_settings_are_those_of_the_launch_configuration():
    assert controls_of(start(policy="greedy(top=3)")).policy == "greedy(top=3)"
    mixed = controls_of(start(policy="attention:0.7,free-rider:0.3", seed=2))
    assert (mixed.policy, mixed.other, mixed.share, mixed.seed) == ("attention", "free-rider", 0.3, 2)
    for policy in (["greedy", "attention"], Population.by_function(lambda node, layer: FreeRider())):
        session = Session(start(policy=policy))
        assert session.controls.policy == AS_STARTED
        with pytest.raises(NeuroNetError, match="share"):
            session.update_controls(share=0.5)


def test_settings_make_the_population_that_a_run_has():
    launched = start(policy="attention:0.7,free-rider:0.3")
    network = launched.initial_network(4)
    assert Controls(policy="attention", share=0.3).layers(launched.population, network, 4) == launched.population.groups(
        network, 4
    )


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"epochs": 3}, "epochs"),
        ({"hidden": (0,)}, "hidden"),
        ({"policy": "greddy"}, "did you mean"),
        ({"model": 3}, "NeuronModel"),
        ({"policy": ["attention"] * 5}, "2 listening layers"),
        ({"network": build_network([3, 2]), "hidden": ()}, "the network has 3 inputs"),
    ],
)
def test_invalid_launch_option_is_refused(options, fragment):
    with pytest.raises(NeuroNetError, match=fragment):
        start(**options)


def test_model_must_return_a_neuron_model():
    with pytest.raises(ConfigurationError, match="got dict"):
        Session(start(model=lambda setup, **options: {}))


def test_last_intervention_can_be_undone():
    session = Session(start())
    with pytest.raises(ConfigurationError, match="no intervention to undo"):
        session.undo()
    session.update_controls(other="greedy")
    session.intervene(1, 3, "silence")
    session.intervene(1, 4, "freeze")
    assert session.intervene(1, 5, "follow").last_action == "follow"
    session.step()
    assert session.undo().policies[0][5] == "attention"
    assert session.undo().frozen[1] == frozenset()
    snapshot = session.undo()
    assert (snapshot.silent[1], snapshot.last_action) == (frozenset(), "")


def test_a_switched_neuron_can_return_to_its_earlier_policy():
    session = Session(start(policy="attention:0.5,free-rider:0.5"))
    session.update_controls(other="contrarian", policy="attention", share=0.0)
    node = session.snapshot.node((1, 2))
    assert session.intervene(1, 2, "follow").earlier == {node: "attention"}
    session.update_controls(other="greedy")
    assert session.snapshot.policies[0][2] == "contrarian"
    session.intervene(1, 2, "follow")
    snapshot = session.intervene(1, 2, "return")
    assert (snapshot.policies[0][2], snapshot.earlier) == ("attention", {})
    with pytest.raises(ConfigurationError, match="no earlier policy"):
        session.intervene(1, 2, "return")
