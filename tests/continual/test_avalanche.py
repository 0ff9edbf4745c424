"""The bridge to Avalanche: the same course there; neurons that follow policies among its plug-ins."""

import copy
import math
import re
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import nn

import neuronet
from neuronet.continual.methods.finetuning import Backprop
from neuronet.continual.methods.lwf import LwF
from neuronet.continual.methods.penalties.ewc import EWC
from neuronet.continual.methods.penalties.si import SI
from neuronet.continual.methods.policy_learner import PolicyMethod
from neuronet.continual.protocols.registry import Gradual, Permuted, SplitClass, SplitDomain, SplitTask
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.population import Shares
from neuronet.policies import AttentionSeeking, Greedy, IncomeProtecting, NodePerturbation
from neuronet.registry import build_network
from tests.continual.fixtures import learner_config, make_experiment, train_tasks
from tests.helpers.paths import ROOT

BRIDGE = "neuronet.continual.avalanche"


def test_missing_avalanche_names_the_extra(monkeypatch):
    for name in [each for each in sys.modules if each.startswith(BRIDGE)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "avalanche", None)
    commands = r"pip install --no-deps torchvision==0\.28\.0 .* pip install 'neuronet\[avalanche\]'$"
    with pytest.raises(NeuroNetError, match=f"^the bridge to Avalanche needs avalanche-lib: {commands}"):
        __import__(BRIDGE)


needs_avalanche = pytest.mark.skipif(find_spec("avalanche") is None, reason="needs avalanche-lib, the extra [avalanche]")
warning_filters = [
    pytest.mark.filterwarnings("ignore:No loggers specified"),  # there is nothing to log
    pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning"),  # its SI calls numpy on tensors
]
avalanche_marks = [needs_avalanche, *warning_filters]
SEED = 7


def needs_bridge(test):
    for mark in avalanche_marks:
        test = mark(test)
    return test


@pytest.fixture
def bridge():
    from neuronet.continual import avalanche

    return avalanche


def naive(bridge, experiment, *plugins, rate=0.1, model=None, **options):
    from avalanche.training import Naive

    module = bridge.to_module(experiment.network(SEED), experiment.dtype) if model is None else model
    known = {
        "criterion": bridge.MatchedBatches(experiment, SEED),
        "plugins": list(plugins),
        "train_mb_size": 8,
        "evaluator": None,
    }
    return Naive(model=module, optimizer=torch.optim.SGD(module.parameters(), rate), **{**known, **options})


def policy_strategy(bridge, experiment, policy, *plugins, **options):
    known = {
        "learning_rate": 0.1,
        "seed": SEED,
        "dtype": experiment.dtype,
        "criterion": bridge.MatchedBatches(experiment, SEED),
        "train_mb_size": 8,
    }
    required = {"network": experiment.network(SEED), "population": policy, "plugins": list(plugins), "evaluator": None}
    return bridge.PolicyStrategy(**{**required, **known, **options})


def weights(strategy):
    return [each.detach() for each in strategy.model.parameters()]


def assert_tensors_close(ours, theirs, tolerance=1e-12):
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=tolerance)


def max_difference(ours, theirs):
    return max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))


PROTOCOLS = [Permuted(3), SplitTask(3), SplitDomain(3), SplitClass(3)]


@needs_bridge
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=repr)
def test_naive_is_our_backprop(bridge, protocol):
    experiment = make_experiment(protocol)
    np.testing.assert_array_equal(
        bridge.accuracies(experiment, SEED, naive(bridge, experiment)), experiment.accuracy_matrices(Backprop(), 0.1, [SEED])[0]
    )


@needs_bridge
@pytest.mark.parametrize("protocol", [Permuted(3), SplitDomain(3)], ids=repr)
def test_avalanche_metrics_equal_ours(bridge, protocol):
    from avalanche.evaluation.metrics import accuracy_metrics
    from avalanche.training.plugins import EvaluationPlugin

    experiment = make_experiment(protocol)
    strategy = naive(bridge, experiment, evaluator=EvaluationPlugin(accuracy_metrics(experience=True)), eval_mb_size=32)
    ours = experiment.accuracy_matrices(Backprop(), 0.1, [SEED])[0]
    made = bridge.benchmark(experiment, SEED)
    for number, experience in enumerate(made.train_stream, start=1):
        strategy.train(experience, eval_streams=[])
        evaluated = strategy.eval(made.test_stream)
        found = [value for name, value in sorted(evaluated.items()) if name.startswith("Top1_Acc_Exp/eval_phase/test_stream")]
        np.testing.assert_allclose(found, ours[number], rtol=1e-6)


@needs_bridge
@pytest.mark.parametrize("policy", [AttentionSeeking(), IncomeProtecting(), NodePerturbation(), Greedy(top=3)], ids=repr)
@pytest.mark.parametrize("protocol", [Permuted(3), SplitClass(3)], ids=repr)
def test_policies_play_there_as_here(bridge, protocol, policy):
    experiment = make_experiment(protocol)
    ours = experiment.accuracy_matrices(PolicyMethod(Shares(((policy, 1.0),))), 0.1, [SEED])[0]
    np.testing.assert_array_equal(bridge.accuracies(experiment, SEED, policy_strategy(bridge, experiment, policy)), ours)


@needs_bridge
def test_populations_and_other_optimizers(bridge):
    experiment = make_experiment(optimizer="adam")
    mixed = Shares(((AttentionSeeking(), 0.5), (Greedy(top=2), 0.5)))
    strategy = policy_strategy(
        bridge, experiment, mixed, optimizer=lambda parameters: torch.optim.Adam(parameters, 0.01), learning_rate=0.01
    )
    np.testing.assert_array_equal(
        bridge.accuracies(experiment, SEED, strategy), experiment.accuracy_matrices(PolicyMethod(mixed), 0.01, [SEED])[0]
    )


def plugins(bridge):
    from avalanche.training import plugins as known

    return {
        "EWC": known.EWCPlugin(10.0),
        "SI": bridge.SynapticIntelligence(10.0, 0.1, math.inf),
        "LwF": known.LwFPlugin(1.0, 2.0),
        "MAS": known.MASPlugin(1.0),
    }


@needs_bridge
@pytest.mark.parametrize("name", ["EWC", "SI", "LwF", "MAS"])
@pytest.mark.parametrize("protocol", [Permuted(3), SplitClass(3)], ids=repr)
def test_plugins_of_avalanche_hold_our_neurons(bridge, protocol, name):
    """With attention-seeking neurons, which are backpropagation, all is as in Avalanche's own; without the plug-in it is not."""
    experiment = make_experiment(protocol, dtype="float32")
    theirs, free = naive(bridge, experiment, plugins(bridge)[name]), naive(bridge, experiment)
    ours = policy_strategy(bridge, experiment, AttentionSeeking(), plugins(bridge)[name])
    np.testing.assert_array_equal(*(bridge.accuracies(experiment, SEED, each) for each in (theirs, ours)))
    assert_tensors_close(weights(ours), weights(theirs), 1e-6)
    bridge.accuracies(experiment, SEED, free)
    assert max_difference(weights(free), weights(theirs)) > 1e-4


@needs_bridge
def test_the_si_of_avalanche_does_nothing_on_the_cpu(bridge):
    """As our page says; should a later version repair it, the page and our plug-in go."""
    from avalanche.training.plugins import SynapticIntelligencePlugin

    experiment = make_experiment(dtype="float32")
    theirs, free = naive(bridge, experiment, SynapticIntelligencePlugin(1e6, eps=0.1)), naive(bridge, experiment)
    for each in (theirs, free):
        bridge.accuracies(experiment, SEED, each)
    assert max_difference(weights(theirs), weights(free)) == 0.0


@needs_bridge
def test_importances_are_cut_off(bridge):
    experiment = make_experiment(dtype="float32")
    for clip in (math.inf, 0.01):
        plugin = bridge.SynapticIntelligence(1.0, 0.1, clip)
        bridge.accuracies(experiment, SEED, naive(bridge, experiment, plugin))
        most = max(float(each.data.max()) for each in plugin.ewc_data[1].values())
        assert most > 0.02 if clip == math.inf else most == pytest.approx(0.01)


def ours_after(method, experiment, tasks):
    """Our learner, and its parameters as those of a module: weights and bias of each layer."""
    learner = train_tasks(method.learner(learner_config(experiment, (SEED,))), experiment, tasks, (SEED,))
    return learner, by_layer(learner, learner.parameters)


def by_layer(learner, arrays):
    depth = len(learner.weights)
    return [each.detach()[0] for pair in zip(arrays[:depth], arrays[depth:], strict=True) for each in pair]


def trained(bridge, experiment, strategy, tasks):
    for experience in bridge.benchmark(experiment, SEED).train_stream[:tasks]:
        strategy.train(experience, eval_streams=[])
    return weights(strategy)


@needs_bridge
def test_their_lwf_is_ours_without_the_squared_temperature(bridge):
    from avalanche.training.plugins import LwFPlugin

    experiment = make_experiment(SplitDomain(3), dtype="float32")
    _, ours = ours_after(LwF(1.0, 2.0), experiment, 3)
    assert_tensors_close(ours, trained(bridge, experiment, naive(bridge, experiment, LwFPlugin(4.0, 2.0)), 3), 1e-6)


@needs_bridge
def test_their_si_finds_our_importances(bridge):
    """After the first task, where nothing has pulled; those below 0, that we leave out, are none of ours."""
    experiment = make_experiment(dtype="float32")
    plugin = bridge.SynapticIntelligence(1.0, 0.1, math.inf)
    trained(bridge, experiment, naive(bridge, experiment, plugin), 1)
    learner, _ = ours_after(SI(1.0, 0.1), experiment, 1)
    found = [each.data.clamp(min=0) for each in plugin.ewc_data[1].values()]
    assert_tensors_close([each.flatten() for each in by_layer(learner, learner.importances)], found, 1e-6)
    assert max(float(each.max()) for each in found) > 0.01


@needs_bridge
def test_their_penalty_of_ewc_is_ours_without_the_half(bridge):
    """Given our Fisher information, since theirs is of the targets and not of the network's own answers."""
    from avalanche.training.plugins import EWCPlugin

    experiment = make_experiment(SplitDomain(2))
    learner, _ = ours_after(EWC(6.0), experiment, 1)
    fisher = by_layer(learner, learner.total_importance)
    plugin = EWCPlugin(3.0)
    strategy = naive(bridge, experiment, plugin)
    first, second = bridge.benchmark(experiment, SEED).train_stream
    strategy.train(first, eval_streams=[])
    plugin.importances[0] = dict(zip(plugin.importances[0], fisher, strict=True))
    strategy.train(second, eval_streams=[])
    assert_tensors_close(ours_after(EWC(6.0), experiment, 2)[1], weights(strategy))


@needs_bridge
def test_penalties_hold_neurons_that_are_no_backpropagation(bridge):
    from avalanche.training.plugins import EWCPlugin

    experiment = make_experiment(Permuted(2))
    ways = []
    for strength in (0.0, 50.0):
        strategy = policy_strategy(bridge, experiment, Greedy(top=2), EWCPlugin(strength))
        first, second = bridge.benchmark(experiment, SEED).train_stream
        strategy.train(first, eval_streams=[])
        before = copy.deepcopy(weights(strategy))
        strategy.train(second, eval_streams=[])
        ways.append(sum(float((a - b).pow(2).sum()) for a, b in zip(weights(strategy), before, strict=True)))
    assert ways[1] < 0.9 * ways[0]


@needs_bridge
def test_converted_modules_need_no_strategy_of_ours(bridge):
    experiment = make_experiment(SplitDomain(3))
    for policy in (AttentionSeeking(p=1), Greedy(top=3)):
        module = neuronet.convert(bridge.to_module(experiment.network(SEED), experiment.dtype), policy)
        theirs = naive(bridge, experiment, model=module)
        ours = policy_strategy(bridge, experiment, policy)
        np.testing.assert_array_equal(*(bridge.accuracies(experiment, SEED, each) for each in (theirs, ours)))
        assert_tensors_close(weights(theirs), weights(ours))


@needs_bridge
def test_without_our_rounds_avalanche_makes_the_batches(bridge):
    experiment = make_experiment(Permuted(2))
    strategy = policy_strategy(bridge, experiment, AttentionSeeking(), criterion=nn.CrossEntropyLoss(), train_epochs=3)
    found = bridge.accuracies(experiment, SEED, strategy)
    assert found[-1].mean() > found[0].mean()


@needs_bridge
def test_refused(bridge):
    blended = make_experiment(Gradual(3))
    with pytest.raises(NeuroNetError, match="Gradual cannot be played there"):
        bridge.benchmark(blended, SEED)
    with pytest.raises(NeuroNetError, match="Gradual cannot be played there"):
        bridge.MatchedBatches(blended, SEED)
    experiment = make_experiment(Permuted(2))
    with pytest.raises(NeuroNetError, match="train_epochs=1, got 2"):
        bridge.accuracies(experiment, SEED, naive(bridge, experiment, train_epochs=2))
    with pytest.raises(NeuroNetError, match="dense wiring"):
        bridge.to_module(build_network((25, 8, 6), connectivity="sparse(0.5)", seed=0))


@needs_bridge
def test_the_page_runs(bridge, capsys):
    page = (ROOT / "docs" / "continual-learning.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    exec(compile(code, "docs/continual-learning.md", "exec"), {})
    assert "Top1_Acc_Stream" in capsys.readouterr().out
