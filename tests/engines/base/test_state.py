"""States and their arrays: typed in memory, with flat names in files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.channels import HISTORY_NAMES, HistoryKey, InFlightKey
from neuronet.core import Adam, Group, Momentum, StateError
from neuronet.engines.base import LayerState, State, SynapseArrays, stack_replicas
from neuronet.engines.base.array_names import MemoryKey, SynapseKey, format_name, parse_name
from tests.helpers import toys
from tests.helpers.engine_fixtures import ENGINES, game, identical, play

COUNT = st.integers(0, 999)
WORD = st.text("abc_.0", min_size=1, max_size=6)
OPTIMIZER = st.text("abc_", min_size=1, max_size=6)
PART = st.sampled_from(["weights", "bias"])
IN_FLIGHT = st.builds(InFlightKey, COUNT, st.sampled_from(["activity", "demand"]), COUNT, COUNT)
HISTORY = st.builds(HistoryKey, COUNT, COUNT, st.sampled_from(HISTORY_NAMES))
KEYS = (
    st.builds(SynapseKey, COUNT, PART, st.just("") | OPTIMIZER) | st.builds(MemoryKey, COUNT, COUNT, WORD) | IN_FLIGHT | HISTORY
)

STORED_NAMES = """
1.weights 1.bias 1.velocity.weights 1.velocity.bias 1.group1.baseline
2.weights 2.bias 2.velocity.weights 2.velocity.bias 2.group0.hope
3.weights 3.bias 3.velocity.weights 3.velocity.bias 3.group0.income
1.in_flight.demand.0.1 2.in_flight.demand.0.1
2.history.1.speaker_activity 2.history.1.potential 2.history.1.activity 2.history.1.broadcast 2.history.1.reward
1.history.1.speaker_activity 1.history.1.potential 1.history.1.activity 1.history.1.broadcast 1.history.1.reward
1.history.2.speaker_activity 1.history.2.potential 1.history.2.activity 1.history.2.broadcast 1.history.2.reward
"""
"""Names in a checkpoint of `stored_game` after three rounds, which later versions must be able to read."""


def stored_game():
    """A game with mixed groups, an optimizer with arrays, and delayed demands."""
    mixed = [Group(toys.Backprop(), (0, 3)), Group(toys.Critic(), (1, 2, 4))]
    return game([mixed, toys.Hopeful(), toys.Saver()], optimizer=Momentum(), channels="demand:delay(1)")


@st.composite
def layer_states(draw):
    """Layer of one to three neurons; its last group remembers something, or there is none."""
    neurons, speakers = draw(st.integers(1, 3)), draw(st.integers(1, 3))

    def synapses():
        values = draw(st.lists(st.floats(-1, 1), min_size=neurons * (speakers + 1), max_size=neurons * (speakers + 1)))
        rows = np.asarray(values).reshape(neurons, speakers + 1)
        return rows[:, :-1], rows[:, -1]

    optimizer = {name: SynapseArrays(*synapses()) for name in draw(st.lists(OPTIMIZER, max_size=2, unique=True))}
    memory = st.dictionaries(WORD, st.just(np.ones((neurons, 2))), max_size=2)
    memories = draw(st.lists(memory, max_size=neurons))
    while memories and not memories[-1]:
        memories.pop()
    return LayerState(*synapses(), optimizer, tuple(memories))


STATES = st.builds(
    State,
    COUNT,
    st.lists(layer_states(), min_size=1, max_size=12).map(tuple),
    st.dictionaries(IN_FLIGHT | HISTORY, st.just(np.ones((2, 3))), max_size=3),
)


def structure(state):
    """Everything about a state, in terms that can be compared."""
    layers = [(list(layer.buffers), [list(memory) for memory in layer.memories]) for layer in state.layers]
    return state.round, layers, {key: array.tobytes() for key, array in state.arrays.items()}


@given(KEYS)
def test_keys_survive_as_names(key):
    assert parse_name(format_name(key)) == key


@pytest.mark.parametrize("name", ["weights", "1.income", "01.weights", "1.in_flight.up.0.1", "1.history.1.guess", "-1.bias", ""])
def test_other_names_have_no_key(name):
    assert parse_name(name) is None


@given(STATES)
def test_states_survive_as_named_arrays(state):
    arrays = state.to_arrays()
    assert structure(State.from_arrays(state.round, arrays)) == structure(state)
    assert list(arrays) == [format_name(key) for key in state.arrays]


@given(STATES)
def test_replicas_can_be_stacked_and_taken_apart(state):
    other = state.map(lambda array: array + 1)
    both = stack_replicas([state, other])
    assert structure(both.replica(0)) == structure(state)
    assert structure(both.replica(1)) == structure(other)


@pytest.mark.parametrize("name", ENGINES)
def test_stored_checkpoints_can_be_resumed(name):
    unbroken = play(ENGINES[name](stored_game()), 3)
    stored = unbroken.state().to_arrays()
    assert sorted(stored) == sorted(STORED_NAMES.split())
    resumed = ENGINES[name](stored_game())
    resumed.restore(State.from_arrays(3, {name: stored[name] for name in sorted(stored)}))
    assert identical(play(resumed, 4).state(), play(unbroken, 4).state())


@pytest.mark.parametrize(
    ("missing", "added", "message"),
    [
        ("2.bias", None, "'2.bias' is missing"),
        ("1.mean.weights", None, "'1.mean.weights' is missing"),
        (None, "9.bias", "'9.bias' is unknown"),
        (None, "4.group0.income", "'4.group0.income' is unknown"),
        (None, "1.group77.income", "'1.group77.income' is unknown"),
        (None, "notes", "'notes' is unknown"),
    ],
)
def test_broken_files_name_the_array(missing, added, message):
    arrays = ENGINES["tensors"](game(toys.Saver(), optimizer=Adam())).state().to_arrays()
    arrays = {name: array for name, array in arrays.items() if name != missing}
    if added:
        arrays[added] = np.zeros(1)
    with pytest.raises(StateError, match=message):
        State.from_arrays(0, arrays)


def test_a_changed_layer_leaves_the_state_as_it_was():
    state = ENGINES["tensors"](game(toys.Saver())).state()
    changed = state.with_layer(2, bias=np.ones(4))
    assert changed.layer(2).bias.all() and not state.layer(2).bias.all()
    assert changed.layer(1) is state.layer(1) and changed.layer(2).weights is state.layer(2).weights
    assert replace(state, round=8).layers is state.layers
