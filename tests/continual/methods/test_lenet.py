"""A LeNet as a learner: by attention-seeking it is plain torch; what it cannot take is refused."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from neuronet.continual.methods.registry import parse_method
from neuronet.conversion import lenet
from neuronet.core.errors import ConfigurationError, SpecError
from neuronet.registry import build_network
from tests.continual.fixtures import SEEDS, batches, class_experiment, learner_config, train_tasks


def plain_training(experiment, seed, tasks, rate, mu):
    """Train a LeNet of plain torch on the first tasks, and return its parameters."""
    net = lenet(6, 32, seed).double()
    optimizer = torch.optim.SGD(net.parameters(), rate, mu)
    for number in range(tasks):
        for batch in batches(experiment, number, (seed,)):
            images = nn.functional.interpolate(batch.inputs[0].view(-1, 1, 5, 5), (32, 32), mode="bilinear", antialias=True)
            outputs = net(images).masked_fill(~batch.active_classes[0], -1e9)
            optimizer.zero_grad()
            nn.functional.cross_entropy(outputs, batch.targets[0]).backward()
            optimizer.step()
    return list(net.parameters())


def test_attention_is_backpropagation_in_plain_torch():
    experiment = class_experiment()
    config = learner_config(experiment, optimizer="momentum(0.5)", rate=0.05)
    learner = train_tasks(parse_method("lenet").learner(config), experiment, 3)
    for replica, seed in enumerate(SEEDS):
        expected = plain_training(experiment, seed, 3, 0.05, 0.5)
        for found, plain, first in zip(
            learner.replica_tensors(replica), expected, lenet(6, 32, seed).double().parameters(), strict=True
        ):
            torch.testing.assert_close(found, plain, rtol=1e-9, atol=1e-12)
            assert (plain - first).abs().max() > 1e-5
    momentum = sum(tensor.nbytes for tensor in learner.network_tensors())
    assert learner.kept_bytes() == momentum  # attention remembers nothing


def test_feedback_weights_are_counted_and_change_what_hidden_layers_learn():
    experiment = class_experiment()
    batch = next(batches(experiment, 0))
    learners = [parse_method(spec).learner(learner_config(experiment)) for spec in ("lenet", "lenet(random-feedback)")]
    for learner in learners:
        learner.train_batch(batch)
    exact, fixed = learners
    assert fixed.kept_bytes() > 0 == exact.kept_bytes()
    first, *_, last = (
        torch.dist(ours, theirs).item() for ours, theirs in zip(fixed.replica_tensors(0), exact.replica_tensors(0), strict=True)
    )
    assert first > 1e-5
    assert last == pytest.approx(0, abs=1e-12)  # the outputs hear no feedback weights


def test_policies_that_change_weights_by_themselves_are_refused():
    with pytest.raises(ConfigurationError, match=r"KeepingPromises.* cannot be converted"):
        parse_method("lenet(keeping-promises)")
    with pytest.raises(SpecError, match="did you mean"):
        parse_method("lenet(atention)")


@pytest.mark.parametrize("shape", [(25,), (), (3, 5, 5)])
def test_inputs_that_are_no_grey_images_are_refused(shape):
    config = replace(
        learner_config(class_experiment()), networks=[build_network((math.prod(shape), 8, 2), seed=0)] * 2, shape=shape
    )
    with pytest.raises(ConfigurationError, match="a LeNet needs grey images, got inputs of shape"):
        parse_method("lenet").learner(config)


def test_images_need_not_be_square():
    config = replace(learner_config(class_experiment()), networks=[build_network((20, 8, 2), seed=0)] * 2, shape=(4, 5))
    learner = parse_method("lenet").learner(config)
    images = torch.arange(20.0, dtype=torch.float64)
    wide, turned = (learner.outputs(image.reshape(1, 1, 20).expand(2, -1, -1)) for image in (images, images.reshape(4, 5).T))
    assert wide.shape == (2, 1, 2)
    assert not torch.equal(wide, turned)
