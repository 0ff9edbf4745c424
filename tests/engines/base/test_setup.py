"""A setup checks its parts before the first round."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from neuronet.core.errors import NeuroNetError, PolicyError
from neuronet.core.learning.optimizers import Adam
from neuronet.core.observation import OPTIONAL_FIELDS
from neuronet.core.structure.population import Group, Population
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup, expected_arrays
from neuronet.engines.base.array_names import format_name
from neuronet.engines.base.setup import axis_lengths
from neuronet.environments import Xor
from neuronet.policies import Greedy, Noisy
from neuronet.registry import build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import ENGINES, game


@dataclass(frozen=True)
class UnknownNeeds(toys.Backprop):
    @property
    def needs(self):
        return frozenset({"moon", "reward"})


@dataclass(frozen=True)
class UnknownAxes(toys.Backprop):
    @property
    def memory_axes(self):
        return {"income": "JX"}


@pytest.mark.parametrize("rate", [0, 0.0, -0.1, float("inf"), float("nan"), True, "0.1", None])
def test_bad_learning_rates_are_refused(rate):
    with pytest.raises(NeuroNetError, match=r"learning_rate must be a (finite )?number above 0, got "):
        game(toys.Backprop(), learning_rate=rate)


@pytest.mark.parametrize("dtype", ["float16", "double", "", None])
def test_bad_precisions_are_refused(dtype):
    with pytest.raises(NeuroNetError, match="dtype must be float32 or float64, got "):
        game(toys.Backprop(), dtype=dtype)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "1", None])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(NeuroNetError, match="seed must be an integer from 0"):
        game(toys.Backprop(), seed=seed)


@pytest.mark.parametrize("policies", [(), (toys.Backprop(),) * 2, (toys.Backprop(),) * 4, None, 3])
def test_policies_for_another_number_of_layers_are_refused(policies):
    with pytest.raises(NeuroNetError, match="one for each of 3 listening layers"):
        game(policies)


@pytest.mark.parametrize("policies", [(toys.Backprop(), Greedy(), 3), (Greedy,) * 3, ([], Greedy(), Greedy())])
def test_invalid_policies_are_refused(policies):
    with pytest.raises(NeuroNetError, match=r"layer [13] must have a policy, or groups that share it out, got "):
        game(policies)


MIXED = Population.shares({"greedy": 0.5, "noisy": 0.5})


@pytest.mark.parametrize("given", ["greedy:0.5,noisy:0.5", {Greedy(): 0.5, "noisy": 0.5}, MIXED])
def test_setup_takes_populations_and_texts(given):
    network = build_network((2, 8, 6, 2), seed=1)
    setup = Setup(network, given, seed=3)
    assert setup.policies == MIXED.groups(network, 3)
    layers = Setup(network, ["greedy", MIXED, "noisy"], seed=3).policies
    assert layers == (Greedy(), setup.policies[1], Noisy())
    assert replace(setup, seed=4).policies == setup.policies


def test_model_takes_populations_and_texts_of_policies():
    model = NeuronModel(Setup(build_network((2, 8, 2), seed=1), "greedy:0.75,free-rider:0.25", seed=3), environment=Xor())
    model.step()
    assert sorted(neuron.policy_name for neuron in model.layers[1]) == ["free-rider"] * 2 + ["greedy"] * 6
    model.assign("nodes(greedy, [free-rider, 4])")
    assert [neuron.node for layer in model.layers[1:] for neuron in layer if neuron.policy_name == "free-rider"] == [4]
    model.close()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [("gredy", "did you mean 'greedy'"), ({"greedy": 0.9}, "shares must add up to 1"), ({Greedy(), Noisy()}, "must be a list")],
)
def test_setup_refuses_what_train_refuses(given, sentence):
    with pytest.raises(NeuroNetError, match=sentence):
        Setup(build_network((2, 8, 2), seed=1), given)


@pytest.mark.parametrize("members", [((0, 1), (2, 3)), ((0, 1, 2), (2, 3, 4)), ((0, 1, 2), (3, 4, 5))])
def test_groups_must_partition_a_layer(members):
    groups = [Group(Greedy(), each) for each in members]
    with pytest.raises(NeuroNetError, match="the groups of layer 1 must share out its 5 neurons, each in one group"):
        game([groups, Greedy(), Greedy()])


@pytest.mark.parametrize("members", [(), (1, 0), (0, 0), (-1, 2), (0.5,), ("a",), None, 3])
def test_invalid_members_are_refused(members):
    with pytest.raises(NeuroNetError, match="members must be ascending"):
        Group(Greedy(), members)


def test_unknown_needs_are_refused():
    with pytest.raises(PolicyError, match="'moon'"):
        game(UnknownNeeds())


@pytest.mark.parametrize("name", ENGINES)
def test_memory_along_unknown_axes_is_refused(name):
    with pytest.raises(NeuroNetError, match="memory 'income' must have axes among J, K, I, S, O, got 'JX'"):
        ENGINES[name](game(UnknownAxes()))


def test_single_policy_is_used_in_all_layers():
    assert game(Greedy()).policies == (Greedy(),) * 3
    assert game([Greedy(), Noisy(), Greedy()]).groups(2) == (Group(Noisy(), (0, 1, 2, 3)),)


def test_setup_can_be_replaced_with_another_seed():
    setup = game(Greedy(), optimizer=Adam())
    network = build_network((2, 3, 4, 2))
    other = replace(setup, seed=8, network=network)
    assert (other.seed, other.network) == (8, network)
    assert (other.policies, other.optimizer, other.learning_rate) == (setup.policies, setup.optimizer, setup.learning_rate)


def test_axis_lengths():
    assert axis_lengths((6, 5, 4), 1) == {"J": 5, "K": 4, "I": 6, "S": 7, "O": 4}
    assert axis_lengths((6, 5, 4), 2) == {"J": 4, "K": 0, "I": 5, "S": 6, "O": 4}


def test_state_has_weights_optimizer_arrays_and_memories():
    setup = Setup(build_network((6, 5, 4)), (toys.Random(), toys.Saver()), optimizer=Adam())
    shapes = expected_arrays(setup)
    parts = {"weights": ((5, 6), (4, 5)), "bias": ((5,), (4,))}
    expected = {
        f"{layer}.{kept}{part}": shape[layer - 1]
        for layer in (1, 2)
        for kept in ("", "mean.", "square.")
        for part, shape in parts.items()
    }
    named = {format_name(key): shape for key, shape in shapes.items()}
    assert named == {**expected, "1.group0.back": (5, 4), "2.group0.income": (4, 6)}


def test_defaults_of_a_setup():
    setup = Setup(build_network((6, 5, 3)), toys.Backprop())
    assert (setup.seed, setup.learning_rate, setup.dtype, setup.max_node, setup.channels) == (0, 0.1, "float64", -1, ())


@dataclass(frozen=True)
class FarMemory(toys.Backprop):
    """Its memory is as long as each axis that a neuron knows."""

    @property
    def memory_axes(self):
        return {letter: f"J{letter}" for letter in "ISKO"}


@pytest.mark.parametrize("engine", ENGINES)
def test_initial_memory_has_the_axes_that_the_policy_names(engine):
    memory = ENGINES[engine](Setup(build_network((6, 5, 4, 3)), FarMemory())).state().layer(2).memories[0]
    assert {letter: array.shape for letter, array in memory.items()} == {"I": (4, 5), "S": (4, 6), "K": (4, 3), "O": (4, 3)}
    assert not any(array.any() for array in memory.values())


@dataclass(frozen=True)
class NeedsAll(toys.Backprop):
    """It asks for every field that may be asked for."""

    needs = OPTIONAL_FIELDS


def test_policy_may_need_every_optional_field():
    assert Setup(build_network((6, 5, 3)), NeedsAll()).groups(1)[0].policy.needs == OPTIONAL_FIELDS
