"""A LeNet that follows feedback rules: its images, weights and feedback are BioTorch's, and its study resumes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from neuronet.conversion import LENET_SIDE, follow, lenet
from neuronet.core.errors import ConfigurationError, DataError, SpecError, StudyMismatchError
from neuronet.environments.images.images import Images
from neuronet.policies import DirectFeedback, Greedy, RandomFeedback, RandomSignSymmetric, SignSymmetric
from neuronet.registry import parse_environment
from neuronet.reproduction import lenet as study
from neuronet.reproduction.lenet import COLUMNS, lenet_errors
from neuronet.reproduction.lenet_images import ImageData, resize
from neuronet.reproduction.lenet_settings import MIN_SIZE, RULES, LeNetSettings

CLASSES = 4


def test_smallest_image_of_the_settings_is_that_of_the_network():
    assert MIN_SIZE == LENET_SIDE


class Blobs(Images):
    """Grey images of a somewhat brighter square in one of four corners, in strong noise."""

    def __init__(self):
        rng = np.random.default_rng(0)
        labels = np.arange(280) % CLASSES
        images = rng.integers(0, 200, (280, 28, 28))
        for image, label in zip(images, labels, strict=True):
            row, column = 14 * (label // 2), 14 * (label % 2)
            image[row + 3 : row + 11, column + 3 : column + 11] += 40
        bytes_ = images.astype(np.uint8)
        super().__init__((bytes_[:200], labels[:200]), (bytes_[200:], labels[200:]), name="blobs")


class Colours(Images):
    def __init__(self):
        super().__init__((np.zeros((12, 3, 28, 28), np.uint8), np.arange(12) % 2))


BLOBS = LeNetSettings(
    environment=f"{__name__}:Blobs", epochs=2, milestones=(1,), batch_size=20, learning_rate=0.02, learning_rates={"DFA": 0.005}
)


def without_seconds(table):
    return table.drop(columns="seconds")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A study of all rules and two seeds: its folder, its errors, and its log."""
    folder, lines = tmp_path_factory.mktemp("lenet"), []
    return folder, lenet_errors(BLOBS, [0, 1], folder, jobs=1, log=lines.append), lines


def test_table_has_a_row_for_each_rule_seed_and_epoch(played):
    _, errors, lines = played
    assert errors.dtypes.astype(str).to_dict() == dict(COLUMNS)
    expected = [(rule, seed, epoch) for rule in RULES for seed in (0, 1) for epoch in (1, 2)]
    assert list(errors[["rule", "seed", "epoch"]].itertuples(index=False, name=None)) == expected
    assert errors["error"].between(0, 100).all()
    assert (errors["seconds"] > 0).all()
    assert len(lines) == 12
    assert "12 of 12" in lines[-1]
    assert "frSF" in lines[-1]


def test_backpropagation_learns_the_task(played):
    _, errors, _ = played
    assert errors[(errors["rule"] == "BP") & (errors["epoch"] == 2)]["error"].max() < 40  # guesses have 75%


def test_results_are_kept_and_not_played_again(played, monkeypatch):
    folder, errors, _ = played
    monkeypatch.setattr(study.Job, "run", lambda job: pytest.fail("it was played again"))
    again = lenet_errors(BLOBS, [0, 1], folder, jobs=1)
    assert again.equals(errors)
    some = lenet_errors(replace(BLOBS, rules={"uSF": "sign-symmetric"}, learning_rates={}), [1], folder, jobs=1)
    assert some["error"].tolist() == errors[(errors["rule"] == "uSF") & (errors["seed"] == 1)]["error"].tolist()


def test_only_missing_results_are_played(played, tmp_path):
    folder, errors, _ = played
    results = sorted((folder / study.RESULTS_FOLDER).iterdir())
    assert len(results) == 12
    (tmp_path / study.RESULTS_FOLDER).mkdir()
    (tmp_path / "study.json").write_bytes((folder / "study.json").read_bytes())
    for path in results[:-1]:
        (tmp_path / study.RESULTS_FOLDER / path.name).write_bytes(path.read_bytes())
    lines = []
    again = lenet_errors(BLOBS, [0, 1], tmp_path, jobs=1, log=lines.append)
    assert len(lines) == 1
    assert without_seconds(again).equals(without_seconds(errors))


def test_other_policies_and_learning_rates_have_results_of_their_own(played):
    folder, errors, _ = played
    lines = []
    rules = {"uSF": "sign-symmetric(scale=2.0)", "BP": None}
    changed = replace(BLOBS, rules=rules, learning_rates={"BP": 0.001})
    found = lenet_errors(changed, [0], folder, jobs=1, log=lines.append)
    assert len(lines) == 2
    assert not np.array_equal(found["error"], errors[errors["rule"].isin(rules) & (errors["seed"] == 0)]["error"])


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_processes(played):
    _, errors, _ = played
    settings = replace(BLOBS, rules={rule: RULES[rule] for rule in ("DFA", "brSF")})
    found = lenet_errors(settings, [0], jobs=2)
    expected = errors[errors["rule"].isin(settings.rules) & (errors["seed"] == 0)]
    assert without_seconds(found).equals(without_seconds(expected.reset_index(drop=True)))


def trained_weights(settings, rule):
    """Return the parameters after training, and before."""
    data = ImageData.of(parse_environment(settings.environment), settings.image_size)
    nets = []

    def remember(*arguments):
        nets.append(follow(*arguments))
        return nets[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "follow", remember)
        study.Job(settings, data, rule, 0, study.StudyStore(None, study.STUDY_KIND)).run()
    start = lenet(data.classes, settings.image_size, 0)
    return [[parameter.detach().clone() for parameter in net.parameters()] for net in (nets[0], start)]


def test_rules_share_initial_weights_and_learn_differently():
    settings = replace(BLOBS, epochs=1, milestones=(), rules={**RULES, "attention": "attention"})
    ended = {}
    for rule in settings.rules:
        ended[rule], start = trained_weights(settings, rule)
        assert all(not torch.equal(end, begin) for end, begin in zip(ended[rule], start, strict=True))
    first = {rule: weights[0] for rule, weights in ended.items()}
    for one, two in zip(ended["BP"], ended.pop("attention"), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)
    names = list(RULES)
    for number, rule in enumerate(names):
        assert all((first[rule] - first[other]).abs().max() > 1e-4 for other in names[number + 1 :])


def test_learning_rate_falls_after_a_milestone():
    """With a tenth of the learning rate the second epoch changes the weights far less."""
    settings = replace(BLOBS, rules={"BP": None}, learning_rates={}, momentum=0.0)
    once, start = trained_weights(replace(settings, epochs=1), "BP")
    twice, _ = trained_weights(settings, "BP")
    without, _ = trained_weights(replace(settings, milestones=()), "BP")
    steps = [
        sum(float((a - b).square().sum()) for a, b in zip(end, begin, strict=True)) ** 0.5
        for end, begin in ((once, start), (twice, once), (without, once))
    ]
    assert steps[1] < 0.3 * steps[2]


def test_initial_weights_are_glorots_and_biases_zero():
    net = lenet(10, 32, seed=3)
    for layer in (net.conv2, net.conv3, net.linear1):
        weight = layer.weight.detach()
        bound = (6 / sum(nn.init._calculate_fan_in_and_fan_out(weight))) ** 0.5
        assert float(weight.abs().max()) == pytest.approx(bound, rel=0.01)
        assert float(weight.std()) == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not layer.bias.any()
    assert torch.equal(net.conv3.weight, lenet(10, 32, seed=3).conv3.weight)
    assert not torch.equal(net.conv3.weight, lenet(10, 32, seed=4).conv3.weight)


def feedback_weights(layer):
    """Return the feedback weights of a layer, (outputs, inputs, ...): what comes back where one output demands something."""
    heard = torch.ones(1, *layer.weight.shape[1:], requires_grad=True)
    outputs = layer(heard).flatten()
    rows = [torch.autograd.grad(output, heard, retain_graph=True)[0] for output in outputs]
    return torch.stack(rows)


@pytest.mark.parametrize("policy", [RandomFeedback(), SignSymmetric(), RandomSignSymmetric(), RandomSignSymmetric(fixed=True)])
def test_feedback_weights_have_the_size_of_glorots_weights(policy):
    net = follow(lenet(10, 32, 0), policy, 10, seed=1)
    for name in ("conv2", "conv3", "linear1", "linear2"):
        weight = net.get_submodule(name).weight.detach()
        size = float(feedback_weights(net.get_submodule(name)).square().mean() ** 0.5)
        assert size == pytest.approx(nn.init.xavier_normal_(torch.empty(weight.shape)).std().item(), rel=0.1)


def test_direct_feedback_weights_have_the_size_of_glorots_weights_to_the_outputs():
    net = follow(lenet(10, 32, 0), DirectFeedback(), 10, seed=1)
    for name in ("conv2", "conv3", "linear1", "linear2"):
        layer = net.get_submodule(name)
        size = float(layer.neuronet_memory_direct.square().mean() ** 0.5)
        glorot = nn.init.xavier_normal_(torch.empty(10, *layer.weight.shape[1:])).std().item()
        assert size == pytest.approx(glorot, rel=0.1)


def test_policies_without_scale_stay_as_they_are():
    net = follow(lenet(10, 32, 0), Greedy(top=2), 10, seed=0)
    assert all(net.get_submodule(name).layer_policy.policy_groups[0].policy == Greedy(top=2) for name in ("conv1", "linear2"))


def test_images_are_resized_as_pillow_does():
    image_module = pytest.importorskip("PIL.Image")
    images = np.random.default_rng(1).integers(0, 256, (50, 28, 28)).astype(np.uint8)
    expected = [image_module.fromarray(image).resize((32, 32), image_module.Resampling.BILINEAR) for image in images]
    np.testing.assert_array_equal(resize(torch.from_numpy(images), 32).numpy(), np.stack([np.asarray(x) for x in expected]))


def test_standardized_images_have_mean_0_and_deviation_1():
    environment = Blobs()
    data = ImageData.of(environment, 32)
    images = data.standardize(torch.from_numpy(environment.train.inputs.reshape(-1, 28, 28)))
    assert images.shape == (200, 1, 28, 28)
    assert float(images.mean()) == pytest.approx(0, abs=1e-5)
    assert float(images.std()) == pytest.approx(1, abs=1e-4)


def test_samples_and_validation_choose_training_images():
    environment = Blobs()
    whole, some = ImageData.of(environment, 32), ImageData.of(environment, 32, 50)
    assert (len(whole.train[0]), len(some.train[0]), len(some.test[0])) == (200, 50, 80)
    known = {image.tobytes() for image in whole.train[0]}
    assert {image.tobytes() for image in some.train[0]} < known
    held_out = ImageData.of(environment, 32, validation=True)
    assert (len(held_out.train[0]), len(held_out.test[0])) == (167, 33)
    assert {image.tobytes() for part in (held_out.train, held_out.test) for image in part[0]} == known


@pytest.mark.parametrize(
    ("name", "value", "fragment"),
    [
        ("epochs", 0, "epochs"),
        ("batch_size", 1.5, "batch_size"),
        ("image_size", 28, "image_size"),
        ("samples", -1, "samples"),
        ("milestones", (0,), "milestones"),
        ("momentum", 1.0, "momentum"),
        ("weight_decay", -0.1, "weight_decay"),
        ("learning_rate", 0.0, "learning_rate"),
        ("learning_rates", {"other": 0.1}, "'other'"),
        ("learning_rates", {"DFA": -1.0}, "learning_rate"),
        ("validation", "yes", "'yes'"),
        ("rules", {}, "a rule"),
    ],
)
def test_bad_settings_are_refused(name, value, fragment):
    with pytest.raises(ConfigurationError, match=fragment) as raised:
        LeNetSettings(**{name: value})
    assert "\n" not in str(raised.value)


def test_unknown_policies_are_refused():
    with pytest.raises(SpecError, match="nonsense"):
        LeNetSettings(rules={"one": "nonsense"})


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1], [0.5]])
def test_bad_seeds_are_refused(seeds):
    with pytest.raises(ConfigurationError, match="seed"):
        lenet_errors(BLOBS, seeds)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"environment": "xor"}, "grey images"),
        ({"environment": f"{__name__}:Colours"}, "grey images"),
        ({"samples": 201}, "201"),
        ({"samples": 10}, "training images, got 20"),
    ],
)
def test_unfit_images_are_refused(changes, fragment):
    with pytest.raises(ConfigurationError, match=fragment):
        lenet_errors(replace(BLOBS, **changes), [0])


def test_another_study_in_the_folder_is_refused(played):
    folder, _, _ = played
    with pytest.raises(StudyMismatchError, match="another weight_decay"):
        lenet_errors(replace(BLOBS, weight_decay=0.0), [0], folder)


@pytest.mark.parametrize("content", [[[1.0, 2.0]], {"error": 1}, [[1, 2, 3]] * 2])
def test_broken_results_are_refused(tmp_path, content):
    settings = replace(BLOBS, rules={"BP": None}, learning_rates={})
    lenet_errors(replace(settings), [0], tmp_path, jobs=1)
    path = next((tmp_path / study.RESULTS_FOLDER).iterdir())
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=path.name):
        lenet_errors(settings, [0], tmp_path)


def test_a_rule_that_torch_layers_cannot_follow_is_refused():
    with pytest.raises(ConfigurationError, match=r"Hebbian.*cannot be converted"):
        lenet_errors(replace(BLOBS, rules={"Hebb": "hebbian"}, learning_rates={}), [0], jobs=1)
