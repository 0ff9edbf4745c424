"""The attention budget against a torch module written from its description, and against closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from neuronet.conversion import convert
from neuronet.core import Adam, ConfigurationError, Group, LinearPolicy, Momentum, PolicyError, Samples, Scales
from neuronet.engines import compare
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.interventions import Freeze, Lesion, apply_intervention
from neuronet.policies import AttentionSeeking, Budgeted, Greedy, IncomeProtecting, WeightMaximization
from neuronet.registry import build_network
from neuronet.testing import check_policy
from tests.helpers.engine_fixtures import BATCHES, ENGINES, SAMPLES, game, play

STRATEGIC = Budgeted(AttentionSeeking(foresight=1.0), strategic=True)
RELATIVE = Budgeted(budget=0.5, relative=True)
FORMS = {
    "full": Budgeted(),
    "half": Budgeted(budget=0.5),
    "relative": RELATIVE,
    "kept": Budgeted(relative=True),
    "strategic": STRATEGIC,
    "steps alone": Budgeted(demands=False),
    "demands alone": Budgeted(steps=False),
    "bias scaled": Budgeted(bias="scaled"),
    "bias counted": Budgeted(bias="counted"),
    "greedy": Budgeted(Greedy()),
    "income-protecting": Budgeted(IncomeProtecting()),
}
every_form = pytest.mark.parametrize("policy", FORMS.values(), ids=FORMS)
every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)

WIDTHS = (64, 12, 9, 10)


class BudgetedLinear(torch.autograd.Function):
    """A linear layer whose backward pass is written from the description: the demand d is minus the gradient."""

    @staticmethod
    def forward(ctx, inputs, weight, bias, budget, relative):
        ctx.save_for_backward(inputs, weight)
        ctx.budget, ctx.relative = budget, relative
        return inputs @ weight.T + bias

    @staticmethod
    def backward(ctx, d):
        inputs, weight = ctx.saved_tensors
        lengths = torch.stack([torch.linalg.norm(sum(d[x, k] * inputs[x] for x in range(len(d)))) for k in range(d.shape[1])])
        s = d / torch.where(lengths < 1e-15, lengths.mean(), lengths)
        s = s * (ctx.budget * torch.linalg.norm(d) / torch.linalg.norm(s)) if ctx.relative else ctx.budget * s
        return s @ weight, s.T @ inputs, d.sum(0), None, None


class BudgetedNet(nn.Module):
    """Layers of BudgetedLinear with relu between them."""

    def __init__(self, network, budget, relative):
        super().__init__()
        self.weights = nn.ParameterList(torch.tensor(weights) for weights in network.weights)
        self.biases = nn.ParameterList(torch.tensor(biases) for biases in network.biases)
        self.options = budget, relative

    def forward(self, inputs):
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            inputs = BudgetedLinear.apply(inputs if number == 0 else torch.relu(inputs), weight, bias, *self.options)
        return inputs


def digits_game(policy, **options):
    network = build_network(WIDTHS, activation="relu", seed=2)
    return Setup(network, policy, **{"learning_rate": 0.05, "seed": 3, **options})


@every_engine
@pytest.mark.parametrize("form", ["full", "half", "relative", "kept"])
def test_rounds_equal_a_torch_module_written_from_the_description(form, engine, digits):
    policy, rounds = FORMS[form], 5
    setup = digits_game(policy)
    module = BudgetedNet(setup.network, policy.budget, policy.relative)
    optimizer, player = torch.optim.SGD(module.parameters(), lr=0.05), engine(setup)
    for number in range(rounds):
        batch = digits.at(np.arange(32 * number, 32 * number + 32))
        player.play(batch.inputs, batch.targets)
        optimizer.zero_grad()
        outputs = module(torch.tensor(np.asarray(batch.inputs)))
        nn.functional.cross_entropy(outputs, torch.tensor(batch.targets)).backward()
        optimizer.step()
    network = player.network()
    for ours, theirs in zip([*network.weights, *network.biases], module.parameters(), strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-10)


def steps_of(policy, engine, **options):
    setup = game(policy, **options)
    player = engine(setup)
    play(player, 1)
    return [after - before for after, before in zip(player.network().weights, setup.network.weights, strict=True)]


@every_engine
@pytest.mark.parametrize(
    "form", ["full", "half", "relative", "strategic", "steps alone", "bias scaled", "greedy", "income-protecting"]
)
def test_all_neurons_of_a_layer_make_steps_of_the_same_length(form, engine):
    policy = FORMS[form]
    for step in steps_of(policy, engine):
        lengths = np.linalg.norm(step, axis=1)
        np.testing.assert_allclose(lengths, lengths[0], rtol=1e-12, atol=0)
        if not policy.relative:
            np.testing.assert_allclose(lengths, 0.05 * policy.budget, rtol=1e-12)


@every_engine
def test_counted_bias_is_a_part_of_the_length(engine):
    setup = game(Budgeted(bias="counted"))
    player = play(engine(setup), 1)
    for number, (weights, biases) in enumerate(zip(player.network().weights, player.network().biases, strict=True)):
        steps = np.column_stack((weights - setup.network.weights[number], biases - setup.network.biases[number]))
        np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 0.05, rtol=1e-12)


@every_engine
def test_relative_budget_halves_the_norm_of_the_layers_demand(engine):
    whole, half = (play(engine(game(policy)), 1) for policy in (AttentionSeeking(), RELATIVE))
    plain, scaled = (player.layer_snapshot(3).demand for player in (whole, half))
    np.testing.assert_allclose(np.linalg.norm(scaled), 0.5 * np.linalg.norm(plain), rtol=1e-12)


@every_form
@pytest.mark.parametrize("connectivity", ["dense", "sparse(0.5)"])
def test_engines_agree_after_fifty_rounds(policy, connectivity, digits):
    network = build_network(WIDTHS, activation="relu", connectivity=connectivity, seed=2)
    setup = Setup(network, policy, learning_rate=0.01, seed=3)
    assert compare(setup, digits, batch_size=16, rounds=50).largest < 1e-9


@pytest.mark.parametrize("optimizer", [Momentum(0.9), Adam()], ids=["momentum", "adam"])
@pytest.mark.parametrize("form", ["full", "relative", "strategic"])
def test_engines_agree_with_other_optimizers(form, optimizer, digits):
    setup = digits_game(FORMS[form], optimizer=optimizer, learning_rate=0.002)
    assert compare(setup, digits, batch_size=16, rounds=50).largest < 1e-9


@pytest.mark.parametrize("channel", ["activity:k-winners(0.5)", "demand:delay(1)", "activity:dropout(0.2)"])
@pytest.mark.parametrize("form", ["full", "relative", "strategic"])
def test_engines_agree_with_channels_and_partial_updates(form, channel):
    setup = game(FORMS[form], channels=(channel,), update_schedule="partial(0.7)", learning_rate=0.01)
    assert compare(setup, SAMPLES, batch_size=6, rounds=20).largest < 1e-9


def test_neurons_that_act_one_after_another_make_steps_of_the_same_length():
    """On the agent engine alone; each neuron knows the sizes that its layer posted last."""
    for policy in (FORMS["full"], RELATIVE):
        player = play(ENGINES["agents"](game(policy, update_schedule="random-sequential")), 3)
        assert all(np.isfinite(array).all() for array in player.state().arrays.values())
    for step in steps_of(FORMS["full"], ENGINES["agents"], update_schedule="random-sequential"):
        np.testing.assert_allclose(np.linalg.norm(step, axis=1), 0.05, rtol=1e-12)


@every_form
def test_conformance(policy):
    check_policy(policy)


def test_steps_of_momentum_add_up():
    """The budget bounds the intended change; two equal intents move by 1 + 1.9 budgets."""
    setup = game(Budgeted(), optimizer=Momentum(0.9), learning_rate=1e-9)  # so small that the second intent is the first
    batch = SAMPLES.at(BATCHES.indices(0))
    player = TensorEngine(setup)
    for _ in range(2):
        player.play(batch.inputs, batch.targets)
    steps = player.network().weights[0] - setup.network.weights[0]
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 2.9e-9, rtol=1e-4)


@every_engine
def test_neuron_that_hears_silence_makes_no_step_and_passes_its_demand_on_undivided(engine):
    setup = game(Budgeted(), learning_rate=1e-9)
    player = engine(setup)
    apply_intervention(player, Lesion(layer=1))
    play(player, 1)
    assert np.array_equal(player.network().weights[1], setup.network.weights[1])
    outputs, hidden = player.layer_snapshot(3), player.layer_snapshot(2)
    by_hand = outputs.demand @ setup.network.weights[2] * (1 - hidden.activity**2)
    assert np.abs(by_hand).max() > 0
    np.testing.assert_allclose(hidden.demand, by_hand, rtol=1e-6)


@every_engine
def test_relative_budget_takes_the_layers_mean_length_where_one_is_zero(engine):
    """As in the authors' code: an output neuron that is frozen has a length, one whose demand is zero has none."""
    setup = game(RELATIVE, learning_rate=1e-9)
    player = engine(setup)
    feedback = np.ones((4, 3)) * np.arange(4)[:, None]
    feedback[:, 1] = 0
    player.speak(SAMPLES.inputs[:4])
    player.learn(feedback, np.zeros(4))
    scaled = player.layer_snapshot(3).demand
    assert np.array_equal(scaled[:, 1], np.zeros(4))
    np.testing.assert_allclose(np.linalg.norm(scaled), 0.5 * np.linalg.norm(feedback), rtol=1e-12)


@every_engine
def test_frozen_neurons_scale_their_demand_as_the_others_do(engine):
    players = [engine(game(Budgeted())) for _ in range(2)]
    apply_intervention(players[1], Freeze(layer=2))
    demands = [play(player, 1).layer_snapshot(2).demand for player in players]
    np.testing.assert_allclose(demands[0], demands[1], rtol=1e-12)
    assert np.array_equal(players[1].network().weights[1], players[1].setup.network.weights[1])


def test_replicas_play_as_single_games():
    setups = [game(Budgeted(), network_seed=seed, seed=seed) for seed in (1, 2)]
    together = TensorEngine(setups)
    batch = SAMPLES.at(BATCHES.indices(0))
    singles = [TensorEngine(setup) for setup in setups]
    for _ in range(3):
        for player in (together, *singles):
            player.play(batch.inputs, batch.targets)
    for place, single in enumerate(singles):
        for ours, theirs in zip(together.network(place).weights, single.network().weights, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"budget": 0.0}, "budget"),
        ({"relative": "no"}, "relative"),
        ({"bias": "all"}, "plain, scaled, counted"),
        ({"policy": Budgeted()}, "scales its demand itself"),
        ({"relative": True, "bias": "counted"}, "relative=True"),
        ({"relative": True, "policy": IncomeProtecting()}, "relative=True"),
        ({"strategic": True, "relative": True}, "strategic=True"),
        ({"strategic": True, "demands": False}, "strategic=True"),
        ({"strategic": True, "policy": WeightMaximization()}, "linear"),
    ],
)
def test_parameters_that_exclude_each_other_are_refused(options, fragment):
    with pytest.raises(ConfigurationError, match=fragment):
        Budgeted(**options)


GEOMETRY = {"stride": 2, "padding": 1}


class BudgetedConvolution(torch.autograd.Function):
    """A convolution whose backward pass is written from the description: a channel is a neuron."""

    @staticmethod
    def forward(ctx, inputs, weight, bias, budget, relative):
        ctx.save_for_backward(inputs, weight)
        ctx.budget, ctx.relative = budget, relative
        return nn.functional.conv2d(inputs, weight, bias, **GEOMETRY)

    @staticmethod
    def backward(ctx, d):
        inputs, weight = ctx.saved_tensors
        patches = nn.functional.unfold(inputs, weight.shape[2:], **GEOMETRY)
        lengths = torch.linalg.norm(torch.einsum("bkp,bip->ki", d.flatten(2), patches), dim=1)
        s = d / lengths[:, None, None]
        s = s * (ctx.budget * torch.linalg.norm(d) / torch.linalg.norm(s)) if ctx.relative else ctx.budget * s
        to_weight = torch.einsum("bkp,bip->ki", s.flatten(2), patches).reshape(weight.shape)
        to_input = nn.functional.conv_transpose2d(s, weight, output_padding=1, **GEOMETRY)
        return to_input, to_weight, d.sum((0, 2, 3)), None, None


@pytest.mark.parametrize("form", ["full", "half", "relative", "kept"])
def test_converted_modules_equal_a_torch_module_written_from_the_description(form):
    policy = FORMS[form]
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(2, 4, 3, **GEOMETRY), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5)).double()
    converted = convert(plain, policy)
    inputs, targets = torch.randn(7, 2, 8, 8, dtype=torch.float64), torch.arange(7) % 5
    nn.functional.cross_entropy(converted(inputs), targets).backward()
    hidden = BudgetedConvolution.apply(inputs, plain[0].weight, plain[0].bias, policy.budget, policy.relative)
    outputs = BudgetedLinear.apply(torch.relu(hidden).flatten(1), plain[3].weight, plain[3].bias, policy.budget, policy.relative)
    nn.functional.cross_entropy(outputs, targets).backward()
    for ours, theirs in zip(converted.parameters(), plain.parameters(), strict=True):
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "income-protecting"])  # whose change is the optimizer's part
def test_converted_module_learns_as_an_engine(form, digits):
    policy, rounds = FORMS[form], 5
    setup = digits_game(policy)
    network = setup.network
    layers = [nn.Linear(inputs, outputs) for inputs, outputs in pairwise(WIDTHS)]
    module = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2]).double()
    for layer, weights, biases in zip(layers, network.weights, network.biases, strict=True):
        layer.weight.data, layer.bias.data = torch.tensor(weights), torch.tensor(biases)
    module, player = convert(module, policy, learning_rate=0.05), TensorEngine(setup)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    for number in range(rounds):
        batch = digits.at(np.arange(32 * number, 32 * number + 32))
        player.play(batch.inputs, batch.targets)
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(torch.tensor(np.asarray(batch.inputs))), torch.tensor(batch.targets)).backward()
        optimizer.step()
    ours = [array for pair in zip(player.network().weights, player.network().biases, strict=True) for array in pair]
    for one, other in zip(ours, module.parameters(), strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), rtol=0, atol=1e-10)


def test_conversion_refuses_what_it_cannot_scale():
    convolution = nn.Sequential(nn.Conv2d(1, 2, 3))
    with pytest.raises(ConfigurationError, match="needs a Linear layer"):
        convert(convolution, STRATEGIC, learning_rate=0.1)
    groups = [Group(Budgeted(), (0, 1)), Group(AttentionSeeking(), (2,))]
    with pytest.raises(ConfigurationError, match="all its neurons"):
        convert(nn.Sequential(nn.Linear(3, 2)), groups)


def test_one_hidden_layer_learns_digits(digits):
    """Not only consistent, but useful: the loss falls."""
    player = TensorEngine(digits_game(Budgeted(), learning_rate=0.02))
    samples = Samples(digits.inputs, digits.targets)
    losses = [float(player.play(samples.inputs[:512], samples.targets[:512]).mean()) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]


@dataclass(frozen=True)
class ScalesByANumber(LinearPolicy):
    """Policy that breaks the contract of `scales`."""

    answer: object = 0.5

    def feedback_weights(self, obs, memory):
        return obs.attention

    def scales(self, response, obs, memory):
        return self.answer


@every_engine
@pytest.mark.parametrize("answer", [0.5, None, Scales(demand=np.ones(7))], ids=["number", "none", "shape"])
def test_factors_of_another_form_are_refused_by_engines(engine, answer):
    with pytest.raises(PolicyError, match="scales"):
        play(engine(game(ScalesByANumber(answer))), 1)
