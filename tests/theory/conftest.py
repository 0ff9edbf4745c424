from __future__ import annotations

from dataclasses import dataclass

import pytest

from neuronet.core.policy import LinearPolicy, Policy
from neuronet.policies.attention.attention_seeking import AttentionSeeking
from neuronet.policies.attention.greedy import Greedy
from neuronet.policies.wrappers.noisy import Noisy


@dataclass(frozen=True)
class Contrarian(LinearPolicy):
    """Feedback with the opposite sign."""

    def feedback_weights(self, obs, memory):
        return -obs.attention


@dataclass(frozen=True)
class Indifferent(LinearPolicy):
    """Feedback of zero."""

    def feedback_weights(self, obs, memory):
        return 0.0 * obs.attention


@dataclass(frozen=True)
class SlightlyOff(LinearPolicy):
    """Attention-seeking with a relative error of 1e-10 in its feedback weights."""

    def feedback_weights(self, obs, memory):
        return obs.attention * (1 + 1e-10 * obs.xp.sign(obs.attention))


WRONG = {
    "contrarian": Contrarian(),
    "indifferent": Indifferent(),
    "slightly off": SlightlyOff(),
    "foresighted": AttentionSeeking(foresight=0.5),
    "p = 1": AttentionSeeking(p=1.0),
    "p = 3": AttentionSeeking(p=3.0),
    "greedy": Greedy(),
    "noisy": Noisy(sigma=0.1),
}


@pytest.fixture(params=list(WRONG), ids=lambda name: name.replace(" ", "-"))
def wrong(request: pytest.FixtureRequest) -> Policy:
    """A policy that does not seek squared attention myopically."""
    return WRONG[request.param]


@pytest.fixture
def contrarian() -> Policy:
    return WRONG["contrarian"]
