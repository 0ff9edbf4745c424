"""Both engines show a policy the same fields at each hook, and hide the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import array_api_compat.numpy as xp
import numpy as np
import pytest

from neuronet.core.errors import UndeclaredFieldError
from neuronet.core.observation import AXES, LATE_FIELDS, LAYER_FIELDS, OPTIONAL_FIELDS, Observation
from neuronet.core.payoff import CrossEntropy
from neuronet.core.policy import Policy, Scales
from tests.helpers.engine_fixtures import ENGINES, SAMPLES, SIZES, game

HIDDEN = "hidden"
HOOKS = ("speak", "feedback", "demand", "scales", "adapt", "remember")
PHASES = ("outputs", "play 1", "play 2", "outputs again", "outputs of more", "speak", "learn", "play 3", "last outputs")
ACTION_OF = {"outputs again": "outputs", "last outputs": "outputs"} | {f"play {number}": "play" for number in (1, 2, 3)}
CHANNELS = [(), "demand:delay(1)", "demand:delay(1, aligned=false)", "activity:k-winners(0.5)"]


class FieldRecorder(Policy):
    """Policy of error backpropagation that records a field of the observation at each hook."""

    def __init__(self, field, requested=True):
        self.field, self.requested = field, requested
        self.records = []

    @property
    def needs(self):
        return frozenset({self.field} & OPTIONAL_FIELDS) if self.requested else frozenset()

    def record(self, hook, obs):
        try:
            found = np.asarray(getattr(obs, self.field)).copy()
        except UndeclaredFieldError:
            found = HIDDEN
        self.records.append((hook, found))

    def speak(self, activity, obs, memory):
        self.record("speak", obs)
        return activity

    def feedback(self, obs, memory):
        self.record("feedback", obs)
        return obs.demand @ obs.attention

    def demand(self, feedback, obs, memory):
        self.record("demand", obs)
        return feedback * obs.slope

    def scales(self, response, obs, memory):
        self.record("scales", obs)
        return Scales()

    def adapt(self, response, obs, memory):
        self.record("adapt", obs)
        return response

    def remember(self, change, response, obs, memory):
        self.record("remember", obs)
        return memory


def phases(engine, policies, few=6, more=7):
    """Return what is recorded in each phase of a game, by phase, layer and hook."""
    inputs, targets = SAMPLES.inputs[:few], SAMPLES.targets[:few]
    payoff = CrossEntropy()
    said = np.zeros((few, SIZES[-1]))

    def learn():
        engine.learn(payoff.feedback(xp, said, targets), payoff.loss(xp, said, targets))

    def speak():
        said[:] = np.asarray(engine.speak(inputs))

    actions = {
        "outputs": lambda: engine.outputs(inputs),
        "outputs of more": lambda: engine.outputs(SAMPLES.inputs[:more]),
        "play": lambda: engine.play(inputs, targets),
        "speak": speak,
        "learn": learn,
    }
    found = {}
    for phase in PHASES:
        actions[ACTION_OF.get(phase, phase)]()
        for layer, policy in enumerate(policies, start=1):
            for hook in HOOKS:
                values = [value for name, value in policy.records if name == hook]
                if values:
                    found[phase, layer, hook] = joined(values, policy.field)
            policy.records.clear()
    return found


def joined(notes, field):
    """Return the records of one hook as one array: agents record their own parts one after another."""
    if any(isinstance(note, str) for note in notes):
        assert all(isinstance(note, str) for note in notes)
        return HIDDEN
    axes = AXES[field]
    if len(notes) == 1 or "J" not in axes:
        for one, other in pairwise(notes):
            np.testing.assert_array_equal(one, other)
        return notes[0]
    return np.concatenate(notes, axis=axes.index("J"))


def play_through(name, field, requested, channels):
    policies = [FieldRecorder(field, requested) for _ in SIZES[1:]]
    return phases(ENGINES[name](game([*policies], channels=channels)), policies)


def is_known(field, layer, hook):
    """Return whether a field is known at a hook, to a policy that has asked for it."""
    if field in LAYER_FIELDS:
        return hook in ("scales", "adapt", "remember")
    if field == "broadcast" and layer == len(SIZES) - 1:
        return hook in ("adapt", "remember")
    return field not in LATE_FIELDS or hook != "speak"


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("requested", [True, False], ids=["requested", "undeclared"])
@pytest.mark.parametrize("field", sorted(AXES))
def test_engines_show_the_same_fields_at_every_hook(field, requested, channels):
    ours, theirs = (play_through(name, field, requested, channels) for name in ENGINES)
    assert ours.keys() == theirs.keys()
    assert {hook for _, _, hook in ours} == set(HOOKS)
    for place, one in ours.items():
        hidden = not is_known(field, *place[1:]) or (field in OPTIONAL_FIELDS and not requested)
        assert isinstance(one, str) == isinstance(theirs[place], str) == hidden, place
        if not hidden:
            np.testing.assert_allclose(one, theirs[place], rtol=1e-12, atol=1e-12, err_msg=str(place))


class FieldAdder(FieldRecorder):
    """Policy that adds the mean of a field to its activity, if `speak` can read it."""

    def speak(self, activity, obs, memory):
        found = getattr(obs, self.field, None)
        if found is None:
            return activity
        return activity + (found if self.field == "activity" else obs.xp.mean(found))


@dataclass(frozen=True)
class RewardInSpeak(Policy):
    """Policy that reads the reward in `speak`, where it is not known yet."""

    needs = frozenset({"reward"})

    def speak(self, activity, obs, memory):
        return activity + obs.reward[..., None]

    def feedback(self, obs, memory):
        return obs.demand @ obs.attention


@pytest.mark.parametrize("field", sorted({*LATE_FIELDS, "activity"}))
@pytest.mark.parametrize("name", ENGINES)
def test_outputs_do_not_depend_on_the_batch_size_of_earlier_rounds(name, field):
    engine = ENGINES[name](game(FieldAdder(field)))
    for _ in range(2):
        engine.play(SAMPLES.inputs[:6], SAMPLES.targets[:6])
    engine.outputs(SAMPLES.inputs[6:12])
    six, seven = (np.asarray(engine.outputs(SAMPLES.inputs[:count])) for count in (6, 7))
    np.testing.assert_allclose(six, seven[:6], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ENGINES)
def test_reward_in_speak_raises_undeclared_field_error(name):
    engine = ENGINES[name](game(RewardInSpeak()))
    for method in (engine.speak, engine.outputs):
        with pytest.raises(UndeclaredFieldError, match="'reward' is not known yet"):
            method(SAMPLES.inputs)


def test_replaced_fields_are_seen_and_others_stay():
    view = Observation(lambda name: {"demand": 1.0, "attention": 2.0}[name], xp=np, draws=None)
    other = view.replace(demand=3.0)
    assert (other.demand, other.attention, other.xp, view.demand) == (3.0, 2.0, np, 1.0)
    with pytest.raises(UndeclaredFieldError):
        _ = other.reward
