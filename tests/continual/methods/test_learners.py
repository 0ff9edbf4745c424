"""Policy learners and backpropagation on the same tasks; masked outputs, datasets, and independence of replicas."""

import array_api_compat.numpy as xp_numpy
import array_api_compat.torch as xp
import numpy as np
import pytest
import torch

from neuronet.continual.methods.base import Batch
from neuronet.continual.methods.finetuning import Backprop, BackpropLearner, cross_entropy
from neuronet.continual.methods.frozen import Frozen
from neuronet.continual.methods.masked_cross_entropy import MaskedCrossEntropy
from neuronet.continual.methods.policy_learner import PolicyMethod
from neuronet.continual.methods.registry import METHODS, parse_method, parse_methods
from neuronet.continual.protocols.presets import Schedule
from neuronet.continual.protocols.registry import PROTOCOLS, Rotated, SplitClass
from neuronet.continual.protocols.replicated_dataset import CHUNK_SIZE, ReplicatedDataset
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy
from neuronet.core.structure.population import Shares
from neuronet.policies import AttentionSeeking, DiminishingReturns, IncomeProtecting
from tests.continual.fixtures import SEEDS, batches, learner_config, make_experiment, parameter_vector, task_info, train_tasks
from tests.continual.fixtures_environments import Glyphs

ATTENTION = PolicyMethod(Shares(((AttentionSeeking(), 1.0),)))
PROTECTING = parse_method("income-protecting(kappa=100)")


@pytest.mark.parametrize("optimizer", ["sgd", "momentum(0.9)", "adam"])
@pytest.mark.parametrize("protocol", [protocol(3) for protocol in PROTOCOLS.values()], ids=list(PROTOCOLS))
def test_attention_equals_backprop(protocol, optimizer):
    """Two implementations that share no code reach the same networks in every protocol."""
    experiment = make_experiment(protocol)
    rate = 0.01 if optimizer == "adam" else 0.1
    ours, theirs = (
        train_tasks(method.learner(learner_config(experiment, optimizer=optimizer, rate=rate)), experiment, 3)
        for method in (ATTENTION, Backprop())
    )
    for replica in range(len(SEEDS)):
        np.testing.assert_allclose(parameter_vector(ours, replica), parameter_vector(theirs, replica), rtol=1e-6, atol=1e-9)
        assert (
            np.abs(
                parameter_vector(ours, replica) - parameter_vector(ATTENTION.learner(learner_config(experiment)), replica)
            ).max()
            > 0.01
        )
    inputs = task_info(experiment, 0).dataset.take([np.arange(4)] * 2)[0]
    torch.testing.assert_close(ours.outputs(inputs), theirs.outputs(inputs), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", [*METHODS, "attention", "income-protecting"])
def test_replicas_are_independent(name):
    experiment = make_experiment(SplitClass(3))
    method = parse_method(name)
    together = train_tasks(method.learner(learner_config(experiment)), experiment, 3)
    for replica, seed in enumerate(SEEDS):
        alone = train_tasks(method.learner(learner_config(experiment, (seed,))), experiment, 3, (seed,))
        np.testing.assert_allclose(parameter_vector(together, replica), parameter_vector(alone), rtol=1e-8, atol=1e-11)


def test_learning_rate_falls_in_the_second_half_of_each_task(monkeypatch):
    rates = []

    def train_batch(self, batch):
        rates.append(self._torch_optimizer.param_groups[0]["lr"])

    monkeypatch.setattr(BackpropLearner, "train_batch", train_batch)
    make_experiment(schedule=Schedule(5, 8, late_lr_factor=0.1)).run(Backprop(), 0.5, SEEDS)
    np.testing.assert_allclose(rates[-15:], [0.5, 0.5, 0.05, 0.05, 0.05] * 3)  # the first is a warm-up


def test_policies_and_backprop_lower_their_rates_equally():
    late, constant = (make_experiment(schedule=Schedule(6, 8, late_lr_factor=factor)) for factor in (0.01, 1.0))
    ours, theirs = (late.accuracy_matrices(method, 0.5, SEEDS) for method in (ATTENTION, Backprop()))
    np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(ours, constant.accuracy_matrices(Backprop(), 0.5, SEEDS))
    assert "late_lr_factor=0.01" in repr(late.schedule)
    assert "late" not in repr(constant.schedule)


def test_income_protection_reduces_changes():
    experiment = make_experiment()
    free, protected = (
        train_tasks(method.learner(learner_config(experiment)), experiment, 2) for method in (ATTENTION, PROTECTING)
    )
    initial = parameter_vector(ATTENTION.learner(learner_config(experiment)))
    assert 0 < np.abs(parameter_vector(protected) - initial).sum() < np.abs(parameter_vector(free) - initial).sum()


def test_inactive_outputs_have_no_probability_and_no_feedback():
    rng = np.random.default_rng(0)
    outputs, active_classes = rng.normal(size=(2, 4, 5)), np.zeros((2, 1, 5), dtype=bool)
    active_classes[0, 0, [1, 3]] = active_classes[1, 0, [0, 2, 4]] = True
    targets = np.array([[0, 1, 1, 0], [2, 0, 1, 1]])
    payoff = MaskedCrossEntropy(active_classes)
    for replica in range(2):
        among = np.flatnonzero(active_classes[replica, 0])
        few, plain = outputs[replica][:, among], CrossEntropy()
        whole = among[targets[replica]]
        single = MaskedCrossEntropy(active_classes[replica])
        for name in ("loss", "correct"):
            expected = getattr(plain, name)(xp_numpy, few, targets[replica])
            np.testing.assert_allclose(getattr(single, name)(xp_numpy, outputs[replica], whole), expected, atol=1e-12)
        feedback = single.feedback(xp_numpy, outputs[replica], whole)
        np.testing.assert_allclose(feedback[:, among], plain.feedback(xp_numpy, few, targets[replica]), atol=1e-12)
        assert not np.delete(feedback, among, axis=1).any()
    whole = np.stack([np.flatnonzero(active_classes[replica, 0])[targets[replica]] for replica in range(2)])
    assert payoff.loss(xp_numpy, outputs, whole).shape == (2, 4)


def test_feedback_is_the_negative_gradient_of_the_loss():
    outputs = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    active_classes = torch.tensor([[[True, False, True, True]], [[False, True, True, False]]])
    targets = torch.tensor([[0, 2, 3], [1, 2, 2]])
    payoff = MaskedCrossEntropy(active_classes)
    theirs = cross_entropy(outputs, Batch(outputs, targets, active_classes))
    torch.testing.assert_close(payoff.loss(xp, outputs, targets), theirs)
    (slope,) = torch.autograd.grad(theirs.sum(), outputs)
    torch.testing.assert_close(payoff.feedback(xp, outputs, targets), -slope)


def test_output_that_is_not_finite_is_never_correct():
    outputs = torch.tensor([[0.0, 1.0], [torch.nan, 1.0], [torch.inf, 1.0]])
    right = MaskedCrossEntropy(torch.tensor([True, True])).correct(xp, outputs, torch.tensor([1, 1, 0]))
    assert right.tolist() == [True, False, False]


def test_chunks_contain_every_sample_of_every_replica():
    few, many = (Samples(np.arange(count)[:, None] / 1.0, np.arange(count)) for count in (3, CHUNK_SIZE + 5))
    dataset = ReplicatedDataset([few, many], "cpu", "float64")
    seen = [[], []]
    for inputs, targets, valid in dataset.chunks():
        torch.testing.assert_close(inputs[..., 0], targets.double())
        for replica in range(2):
            seen[replica] += targets[replica][valid[replica]].tolist()
    assert seen == [list(range(3)), list(range(CHUNK_SIZE + 5))]


def test_uint8_inputs_are_scaled_when_taken():
    environment = Glyphs()
    inputs, targets = ReplicatedDataset([environment.train], "cpu", "float64").take([np.array([2, 0])])
    np.testing.assert_allclose(inputs[0], environment.train.scaled().inputs[[2, 0]], rtol=1e-6)
    assert targets[0].tolist() == environment.train.targets[[2, 0]].tolist()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum(0.9)", "adam"])
def test_hidden_layers_of_frozen_stay_after_the_first_task(optimizer):
    experiment = make_experiment(Rotated(3), hidden=(8, 6))
    learner = train_tasks(Frozen().learner(learner_config(experiment, optimizer=optimizer, rate=0.01)), experiment, 1)
    first = learner.networks()[0]
    learner.begin_task(task_info(experiment, 1))
    for batch in batches(experiment, 1):
        learner.train_batch(batch)
    second = learner.networks()[0]
    for layer in range(2):
        np.testing.assert_array_equal(first.weights[layer], second.weights[layer])
        np.testing.assert_array_equal(first.biases[layer], second.biases[layer])
    assert np.abs(first.weights[2] - second.weights[2]).max() > 1e-4
    assert np.abs(first.biases[2] - second.biases[2]).max() > 1e-4


def test_first_task_of_frozen_equals_backprop():
    experiment = make_experiment()
    np.testing.assert_array_equal(
        *(
            parameter_vector(train_tasks(method.learner(learner_config(experiment)), experiment, 1))
            for method in (Frozen(), Backprop())
        )
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", [*METHODS, "attention", "income-protecting"])
def test_accuracies_on_a_gpu(name):
    """In double precision the accuracies agree, except for samples with nearly equal outputs."""
    ours, theirs = (
        make_experiment(SplitClass(3), device=device).accuracy_matrices(parse_method(name), 0.1, SEEDS)
        for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(ours, theirs, atol=0.07)


def test_methods_by_name():
    assert parse_method("ewc(strength=3)") == METHODS["ewc"](3)
    assert parse_method("attention") == ATTENTION
    assert list(parse_methods(["attention:0.9,free-rider:0.1", "backprop"])) == ["attention:0.9,free-rider:0.1", "backprop"]
    assert parse_method('backprop(optimizer="adam")').optimizer == "adam"


@pytest.mark.parametrize(
    ("texts", "match"),
    [
        (["ewx"], "ewx"),
        (["ewc", "ewc"], "twice"),
        ([], "method"),
        (["ewc(strength=-1)"], "strength"),
        (["ewc-online(gamma=1)"], "gamma"),
        (["replay(samples_per_task=0)"], "samples_per_task"),
        (["si(damping=0)"], "damping"),
        (["lwf(temperature=0)"], "temperature"),
        (['backprop(optimizer="newton")'], "newton"),
    ],
)
def test_invalid_methods_are_refused(texts, match):
    with pytest.raises(NeuroNetError, match=match):
        parse_methods(texts)


def test_tunable_ranges_of_policies():
    def free(policy):
        return set(PolicyMethod(Shares(((policy, 1.0),))).tunable_ranges())

    assert free(IncomeProtecting()) == {"kappa"}
    assert free(IncomeProtecting(kappa=3.0)) == set()
    assert free(DiminishingReturns()) == {"alpha"}
    assert free(AttentionSeeking()) == set()
    mixed = parse_method("income-protecting:0.5,attention:0.5")
    assert mixed.tunable_ranges() == {}
    assert mixed.with_parameters({}) == mixed
    assert parse_method("income-protecting").with_parameters({"kappa": 7.0}) == parse_method("income-protecting(kappa=7.0)")
