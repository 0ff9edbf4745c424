"""What a policy can see at each hook is the same on both engines: the same numbers, or UndeclaredFieldError on both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import array_api_compat.numpy as xp
import numpy as np
import pytest

from neuronet.core.errors import UndeclaredFieldError
from neuronet.core.observation import AXES, LATE_FIELDS, OPTIONAL_FIELDS
from neuronet.core.payoff import CrossEntropy
from neuronet.core.policy import Policy
from tests.helpers.engine_fixtures import ENGINES, SAMPLES, SIZES, game

UNSEEN = "unseen"
HOOKS = ("speak", "feedback", "demand", "adapt", "remember")
PHASES = ("outputs", "play 1", "play 2", "outputs again", "outputs of more", "speak", "learn", "play 3", "outputs at last")
LINES = [(), "demand:delay(1)", "demand:delay(1, aligned=false)", "activity:k-winners(0.5)"]


class Peeking(Policy):
    """Notes, at each hook, what it finds under a name; it always learns like error backpropagation."""

    def __init__(self, sight, asks=True):
        self.sight, self.asks = sight, asks
        self.noted = []

    @property
    def needs(self):
        return frozenset({self.sight} & OPTIONAL_FIELDS) if self.asks else frozenset()

    def note(self, hook, obs):
        try:
            found = np.asarray(getattr(obs, self.sight)).copy()
        except UndeclaredFieldError:
            found = UNSEEN
        self.noted.append((hook, found))

    def speak(self, activity, obs, memory):
        self.note("speak", obs)
        return activity

    def feedback(self, obs, memory):
        self.note("feedback", obs)
        return obs.demand @ obs.attention

    def demand(self, feedback, obs, memory):
        self.note("demand", obs)
        return feedback * obs.slope

    def adapt(self, response, obs, memory):
        self.note("adapt", obs)
        return response

    def remember(self, change, response, obs, memory):
        self.note("remember", obs)
        return memory


def phases(engine, policies, few=6, more=7):
    """What is noted in each phase of a game, by phase, layer and hook."""
    inputs, targets = SAMPLES.inputs[:few], SAMPLES.targets[:few]
    payoff = CrossEntropy()
    said = np.zeros((few, SIZES[-1]))

    def learn():
        engine.learn(payoff.feedback(xp, said, targets), payoff.loss(xp, said, targets))

    def speak():
        said[:] = np.asarray(engine.speak(inputs))

    acts = {
        "outputs": lambda: engine.outputs(inputs),
        "outputs of more": lambda: engine.outputs(SAMPLES.inputs[:more]),
        "play": lambda: engine.play(inputs, targets),
        "speak": speak,
        "learn": learn,
    }
    found = {}
    for phase in PHASES:
        acts[phase if phase in acts else phase.split()[0]]()
        for layer, policy in enumerate(policies, start=1):
            for hook in HOOKS:
                notes = [each for name, each in policy.noted if name == hook]
                if notes:
                    found[phase, layer, hook] = joined(notes, policy.sight)
            policy.noted.clear()
    return found


def joined(notes, sight):
    """The notes of one hook as one: neurons that are asked one by one note their own parts."""
    if any(isinstance(note, str) for note in notes):
        assert all(isinstance(note, str) for note in notes)
        return UNSEEN
    axes = AXES[sight]
    if len(notes) == 1 or "J" not in axes:
        for one, other in pairwise(notes):
            np.testing.assert_array_equal(one, other)
        return notes[0]
    return np.concatenate(notes, axis=axes.index("J"))


def play_through(name, sight, asks, channels):
    policies = [Peeking(sight, asks) for _ in SIZES[1:]]
    return phases(ENGINES[name](game([*policies], channels=channels)), policies)


@pytest.mark.parametrize("channels", LINES)
@pytest.mark.parametrize("asks", [True, False], ids=["asked", "unasked"])
@pytest.mark.parametrize("sight", sorted(AXES))
def test_engines_show_the_same_at_every_hook(sight, asks, channels):
    ours, theirs = (play_through(name, sight, asks, channels) for name in ENGINES)
    assert ours.keys() == theirs.keys()
    assert {hook for _, _, hook in ours} == set(HOOKS)
    for place, one in ours.items():
        other = theirs[place]
        assert isinstance(one, str) == isinstance(other, str), place
        if not isinstance(one, str):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12, err_msg=str(place))


@pytest.mark.parametrize("channels", LINES)
@pytest.mark.parametrize("asks", [True, False], ids=["asked", "unasked"])
@pytest.mark.parametrize("sight", sorted(OPTIONAL_FIELDS | LATE_FIELDS))
@pytest.mark.parametrize("name", ENGINES)
def test_what_is_not_known_yet_or_not_asked_for_is_unseen(name, sight, asks, channels):
    for (phase, layer, hook), found in play_through(name, sight, asks, channels).items():
        hidden = (sight in LATE_FIELDS and hook == "speak") or (sight in OPTIONAL_FIELDS and not asks)
        assert isinstance(found, str) == hidden, (phase, layer, hook)


class Louder(Peeking):
    """Says more by what it sees, if it sees it in speak."""

    def speak(self, activity, obs, memory):
        found = getattr(obs, self.sight, None)
        if found is None:
            return activity
        return activity + (found if self.sight == "activity" else obs.xp.mean(found))


@dataclass(frozen=True)
class Hasty(Policy):
    """Speaks of a reward that it cannot know yet."""

    needs = frozenset({"reward"})

    def speak(self, activity, obs, memory):
        return activity + obs.reward[..., None]

    def feedback(self, obs, memory):
        return obs.demand @ obs.attention


@pytest.mark.parametrize("sight", sorted({*LATE_FIELDS, "activity"}))
@pytest.mark.parametrize("name", ENGINES)
def test_outputs_do_not_depend_on_the_size_of_the_batch_that_was_played(name, sight):
    engine = ENGINES[name](game(Louder(sight)))
    for _ in range(2):
        engine.play(SAMPLES.inputs[:6], SAMPLES.targets[:6])
    engine.outputs(SAMPLES.inputs[6:12])
    six, seven = (np.asarray(engine.outputs(SAMPLES.inputs[:count])) for count in (6, 7))
    np.testing.assert_allclose(six, seven[:6], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ENGINES)
def test_a_policy_that_speaks_of_its_reward_is_told_that_it_is_too_early(name):
    engine = ENGINES[name](game(Hasty()))
    for act in (engine.speak, engine.outputs):
        with pytest.raises(UndeclaredFieldError, match="'reward' is not known yet"):
            act(SAMPLES.inputs)
