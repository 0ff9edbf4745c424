"""Policies that look, write or remember where they should not, with what the check must complain of."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import numpy as np
import torch

from neuronet.core.policy import LinearPolicy, Policy
from tests.helpers.toys import Plain, Saver

HIDDEN: list[object] = []
TICKS = count()


@dataclass(frozen=True)
class CountsOnSelf(LinearPolicy):
    def weighing(self, seen, memory):
        calls = getattr(self, "calls", 0) + 1
        object.__setattr__(self, "calls", calls)
        return seen.attention * float(calls)


@dataclass(frozen=True)
class CountsInAField(LinearPolicy):
    calls: dict = field(default_factory=dict, compare=False, repr=False)

    def weighing(self, seen, memory):
        self.calls["n"] = self.calls.get("n", 0) + 1
        return seen.attention * float(self.calls["n"])


@dataclass(frozen=True)
class CachesOnSelf(LinearPolicy):
    def weighing(self, seen, memory):
        object.__setattr__(self, "last", seen.attention)
        return seen.attention


@dataclass(frozen=True)
class KeepsInTheModule(LinearPolicy):
    def weighing(self, seen, memory):
        HIDDEN.append(None)
        return seen.attention * (1.0 + len(HIDDEN))


@dataclass(frozen=True)
class ThrowsItsOwnDice(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention * seen.xp.asarray(np.random.default_rng().standard_normal(seen.attention.shape))


@dataclass(frozen=True)
class BornByChance(Plain):
    @property
    def keeps(self):
        return {"back": "JK"}

    def start(self, place):
        return {"back": place.zeros("JK") + float(next(TICKS))}


@dataclass(frozen=True)
class WritesIntoDemand(Policy):
    def feedback(self, seen, memory):
        demand = seen.demand
        demand *= 2.0
        return demand @ seen.attention


@dataclass(frozen=True)
class WritesIntoAttention(LinearPolicy):
    def weighing(self, seen, memory):
        seen.attention[..., 0, :] = 0.0
        return seen.attention


@dataclass(frozen=True)
class WritesIntoMemory(Saver):
    def remember(self, change, response, seen, memory):
        memory["income"][...] += 1.0
        return memory


@dataclass(frozen=True)
class WritesIntoTheResponse(Plain):
    def adapt(self, response, seen, memory):
        response *= 0.5
        return response


@dataclass(frozen=True)
class WritesIntoADraw(Policy):
    def feedback(self, seen, memory):
        noise = seen.draws.normal("noise", "BJ")
        noise *= 0.1
        return noise


@dataclass(frozen=True)
class LooksAtNeighbours(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention - seen.xp.mean(seen.attention, axis=-1, keepdims=True)


@dataclass(frozen=True)
class SharesTheNeighboursPlasticity(Plain):
    def adapt(self, response, seen, memory):
        return response / (1.0 + seen.xp.max(seen.xp.abs(response)))


@dataclass(frozen=True)
class DrawsForTheLayer(Policy):
    def feedback(self, seen, memory):
        first = seen.activity[..., :1]
        return seen.demand @ seen.attention + first


@dataclass(frozen=True)
class CountsThoseWhoDoNotListen(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention - seen.xp.mean(seen.attention, axis=-2, keepdims=True)


@dataclass(frozen=True)
class HearsThoseWhoDoNotListen(Policy):
    def feedback(self, seen, memory):
        return seen.xp.sum(seen.demand, axis=-1, keepdims=True) * seen.activity


@dataclass(frozen=True)
class CountsAxesFromTheFront(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention / (1.0 + seen.xp.sum(seen.xp.abs(seen.attention), axis=0))


@dataclass(frozen=True)
class MixesReplicas(Policy):
    def feedback(self, seen, memory):
        wish = seen.demand @ seen.attention
        return wish if wish.ndim == 2 else wish - seen.xp.mean(wish, axis=0, keepdims=True)


@dataclass(frozen=True)
class ForesightUnasked(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention + seen.response


@dataclass(frozen=True)
class SpeaksAfterTheFact(Plain):
    def speak(self, activity, seen, memory):
        return activity + seen.xp.mean(seen.demand, axis=-1, keepdims=True)


@dataclass(frozen=True)
class NumpyAlone(LinearPolicy):
    def weighing(self, seen, memory):
        return np.sign(seen.attention)


@dataclass(frozen=True)
class ByWayOfNumpy(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.xp.asarray(np.tanh(np.asarray(seen.attention)))


@dataclass(frozen=True)
class TorchAlone(LinearPolicy):
    def weighing(self, seen, memory):
        return torch.sign(seen.attention)


@dataclass(frozen=True)
class BranchesOnAValue(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention if bool(seen.xp.all(seen.attention < 1e6)) else -seen.attention


@dataclass(frozen=True)
class DividesByNothing(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention / seen.xp.sum(seen.xp.abs(seen.attention), axis=-2, keepdims=True)


@dataclass(frozen=True)
class NormalisesItsWish(Policy):
    def feedback(self, seen, memory):
        wish = seen.demand @ seen.attention
        return wish / seen.xp.sum(wish * wish, axis=-2, keepdims=True) ** 0.5


@dataclass(frozen=True)
class OneLearningRateForAll(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention * float(seen.learning_rate)


@dataclass(frozen=True)
class ExpectsListeners(Plain):
    """Output neurons have none, but adapt all the same."""

    def adapt(self, response, seen, memory):
        return response / (1.0 + seen.xp.max(seen.xp.abs(seen.attention), axis=-2)[..., None])


FAULTY_CONDUCT: tuple[tuple[Policy, str], ...] = (
    (CountsOnSelf(), "weighing in round 0 differs when asked again: keep nothing on self"),
    (CountsInAField(), "weighing in round 0 differs when asked again: keep nothing on self"),
    (CachesOnSelf(), "keeps 'last' on self: declare it in keeps"),
    (KeepsInTheModule(), "weighing in round 0 differs when asked again"),
    (ThrowsItsOwnDice(), "weighing in round 0 differs when asked again.* take chance from seen.draws"),
    (BornByChance(), "start, memory 'back', differs when asked again"),
    (WritesIntoDemand(), "feedback writes into seen.demand"),
    (WritesIntoAttention(), "weighing writes into seen.attention"),
    (WritesIntoMemory(), r"remember writes into memory\['income'\]"),
    (WritesIntoTheResponse(), "adapt writes into response"),
    (WritesIntoADraw(), "feedback writes into the draw 'noise'"),
    (LooksAtNeighbours(), "weighing in round 0 looks at other neurons of its layer"),
    (SharesTheNeighboursPlasticity(), "adapt in round 0 looks at other neurons of its layer"),
    (DrawsForTheLayer(), "feedback in round 0 looks at other neurons of its layer"),
    (CountsThoseWhoDoNotListen(), "weighing in round 0 depends on those who are not connected"),
    (HearsThoseWhoDoNotListen(), "feedback in round 0 depends on those who are not connected"),
    (CountsAxesFromTheFront(), "weighing .* mixes leading axes"),
    (MixesReplicas(), "feedback in round 0 mixes leading axes"),
    (ForesightUnasked(), "looks at 'response' without asking for it"),
    (SpeaksAfterTheFact(), "speak cannot look at it"),
    (NumpyAlone(), "fails on|must be an array of that library"),
    (ByWayOfNumpy(), "fails on .*, though not on numpy"),
    (TorchAlone(), "weighing fails on numpy in float64"),
    (BranchesOnAValue(), "no values: nothing may branch on a value"),
    (DividesByNothing(), "is not finite: .*where every attention is 0"),
    (NormalisesItsWish(), "is not finite: .*where every attention is 0"),
    (OneLearningRateForAll(), "weighing fails on numpy in float64"),
    (ExpectsListeners(), "fails in play on a dense network"),
)
