"""Policies that look, write or remember where they should not, with what the check must complain of."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import numpy as np
import torch

from neuronet.core.policy import LinearPolicy, Policy
from tests.helpers.toys import Backprop, Saver

HIDDEN: list[object] = []
TICKS = count()


@dataclass(frozen=True)
class CountsOnSelf(LinearPolicy):
    def feedback_weights(self, obs, memory):
        calls = getattr(self, "calls", 0) + 1
        object.__setattr__(self, "calls", calls)
        return obs.attention * float(calls)


@dataclass(frozen=True)
class CountsInAField(LinearPolicy):
    calls: dict = field(default_factory=dict, compare=False, repr=False)

    def feedback_weights(self, obs, memory):
        self.calls["n"] = self.calls.get("n", 0) + 1
        return obs.attention * float(self.calls["n"])


@dataclass(frozen=True)
class CachesOnSelf(LinearPolicy):
    def feedback_weights(self, obs, memory):
        object.__setattr__(self, "last", obs.attention)
        return obs.attention


@dataclass(frozen=True)
class KeepsInTheModule(LinearPolicy):
    def feedback_weights(self, obs, memory):
        HIDDEN.append(None)
        return obs.attention * (1.0 + len(HIDDEN))


@dataclass(frozen=True)
class ThrowsItsOwnDice(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention * obs.xp.asarray(np.random.default_rng().standard_normal(obs.attention.shape))


@dataclass(frozen=True)
class RandomInitialMemory(Backprop):
    @property
    def memory_axes(self):
        return {"back": "JK"}

    def initial_memory(self, birth):
        return {"back": birth.zeros("JK") + float(next(TICKS))}


@dataclass(frozen=True)
class WritesIntoDemand(Policy):
    def feedback(self, obs, memory):
        demand = obs.demand
        demand *= 2.0
        return demand @ obs.attention


@dataclass(frozen=True)
class WritesIntoAttention(LinearPolicy):
    def feedback_weights(self, obs, memory):
        obs.attention[..., 0, :] = 0.0
        return obs.attention


@dataclass(frozen=True)
class WritesIntoMemory(Saver):
    def remember(self, change, response, obs, memory):
        memory["income"][...] += 1.0
        return memory


@dataclass(frozen=True)
class WritesIntoTheResponse(Backprop):
    def adapt(self, response, obs, memory):
        response *= 0.5
        return response


@dataclass(frozen=True)
class WritesIntoADraw(Policy):
    def feedback(self, obs, memory):
        noise = obs.draws.normal("noise", "BJ")
        noise *= 0.1
        return noise


@dataclass(frozen=True)
class LooksAtNeighbours(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention - obs.xp.mean(obs.attention, axis=-1, keepdims=True)


@dataclass(frozen=True)
class SharesTheNeighboursPlasticity(Backprop):
    def adapt(self, response, obs, memory):
        return response / (1.0 + obs.xp.max(obs.xp.abs(response)))


@dataclass(frozen=True)
class DrawsForTheLayer(Policy):
    def feedback(self, obs, memory):
        first = obs.activity[..., :1]
        return obs.demand @ obs.attention + first


@dataclass(frozen=True)
class CountsThoseWhoDoNotListen(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention - obs.xp.mean(obs.attention, axis=-2, keepdims=True)


@dataclass(frozen=True)
class HearsThoseWhoDoNotListen(Policy):
    def feedback(self, obs, memory):
        return obs.xp.sum(obs.demand, axis=-1, keepdims=True) * obs.activity


@dataclass(frozen=True)
class CountsAxesFromTheFront(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention / (1.0 + obs.xp.sum(obs.xp.abs(obs.attention), axis=0))


@dataclass(frozen=True)
class MixesReplicas(Policy):
    def feedback(self, obs, memory):
        feedback = obs.demand @ obs.attention
        return feedback if feedback.ndim == 2 else feedback - obs.xp.mean(feedback, axis=0, keepdims=True)


@dataclass(frozen=True)
class ForesightUnasked(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention + obs.response


@dataclass(frozen=True)
class SpeaksAfterTheFact(Backprop):
    def speak(self, activity, obs, memory):
        return activity + obs.xp.mean(obs.demand, axis=-1, keepdims=True)


@dataclass(frozen=True)
class NumpyAlone(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return np.sign(obs.attention)


@dataclass(frozen=True)
class ByWayOfNumpy(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.xp.asarray(np.tanh(np.asarray(obs.attention)))


@dataclass(frozen=True)
class TorchAlone(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return torch.sign(obs.attention)


@dataclass(frozen=True)
class BranchesOnAValue(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention if bool(obs.xp.all(obs.attention < 1e6)) else -obs.attention


@dataclass(frozen=True)
class DividesByNothing(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention / obs.xp.sum(obs.xp.abs(obs.attention), axis=-2, keepdims=True)


@dataclass(frozen=True)
class NormalisesItsFeedback(Policy):
    def feedback(self, obs, memory):
        feedback = obs.demand @ obs.attention
        return feedback / obs.xp.sum(feedback * feedback, axis=-2, keepdims=True) ** 0.5


@dataclass(frozen=True)
class OneLearningRateForAll(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention * float(obs.learning_rate)


@dataclass(frozen=True)
class ExpectsListeners(Backprop):
    """Output neurons have none, but adapt all the same."""

    def adapt(self, response, obs, memory):
        return response / (1.0 + obs.xp.max(obs.xp.abs(obs.attention), axis=-2)[..., None])


@dataclass(frozen=True)
class ForgetsTheLeadingAxis(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention / (1.0 + obs.xp.sum(obs.xp.abs(obs.attention), axis=-2))


@dataclass(frozen=True)
class CannotTakeReplicas(Policy):
    """The sum over the samples loses its axis: (R, J) does not fit (R, B, J)."""

    def feedback(self, obs, memory):
        feedback = obs.demand @ obs.attention
        return feedback / (1.0 + obs.xp.sum(feedback * feedback, axis=-2))


@dataclass(frozen=True)
class CountsTheDemandsOfStrangers(Backprop):
    memory_axes = property(lambda self: {"trace": "J"})

    def remember(self, change, response, obs, memory):
        size = obs.xp.mean(obs.xp.abs(obs.demand), axis=-2)
        return {"trace": memory["trace"] + obs.xp.sum(size, axis=-1)[..., None]}


@dataclass(frozen=True)
class CountsQuietStrangers(Backprop):
    """Demands of synthetic layers are larger than this threshold, those of networks are smaller."""

    memory_axes = property(lambda self: {"trace": "J"})

    def remember(self, change, response, obs, memory):
        xp, size = obs.xp, obs.xp.mean(obs.xp.abs(obs.demand), axis=-2)
        quiet = xp.where(size < 0.02, xp.ones_like(size), 0 * size)
        return {"trace": memory["trace"] + xp.sum(quiet, axis=-1)[..., None]}


@dataclass(frozen=True)
class CountsStrangeSpeakers(Backprop):
    memory_axes = property(lambda self: {"heard": "J"})

    def remember(self, change, response, obs, memory):
        return {"heard": memory["heard"] + obs.xp.mean(obs.xp.sum(obs.speaker_activity, axis=-1), axis=-1)[..., None]}


@dataclass(frozen=True)
class RemembersNothing(Backprop):
    memory_axes = property(lambda self: {"trace": "J"})


@dataclass(frozen=True)
class TakesNoMemory(Policy):
    def feedback(self, obs):
        return obs.demand @ obs.attention


FAULTY_CONDUCT: tuple[tuple[Policy, str], ...] = (
    (CountsOnSelf(), "feedback_weights in round 0 differs when repeated: store nothing on self"),
    (CountsInAField(), "feedback_weights in round 0 differs when repeated: store nothing on self"),
    (CachesOnSelf(), "stores 'last' on self: declare it in memory_axes"),
    (KeepsInTheModule(), "feedback_weights in round 0 differs when repeated"),
    (ThrowsItsOwnDice(), "feedback_weights in round 0 differs when repeated.* take random numbers from obs.draws"),
    (RandomInitialMemory(), "initial_memory, memory 'back', differs when repeated"),
    (WritesIntoDemand(), "feedback writes into obs.demand"),
    (WritesIntoAttention(), "feedback_weights writes into obs.attention"),
    (WritesIntoMemory(), r"remember writes into memory\['income'\]"),
    (WritesIntoTheResponse(), "adapt writes into response"),
    (WritesIntoADraw(), "feedback writes into the draw 'noise'"),
    (LooksAtNeighbours(), "feedback_weights in round 0 depends on other neurons of its layer"),
    (SharesTheNeighboursPlasticity(), "adapt in round 0 depends on other neurons of its layer"),
    (DrawsForTheLayer(), "feedback in round 0 depends on other neurons of its layer"),
    (CountsThoseWhoDoNotListen(), "feedback_weights in round 0 depends on unconnected neurons"),
    (HearsThoseWhoDoNotListen(), "feedback in round 0 depends on unconnected neurons"),
    (CountsAxesFromTheFront(), "feedback_weights .* mixes leading axes"),
    (MixesReplicas(), "feedback in round 0 mixes leading axes"),
    (ForesightUnasked(), "reads 'response' without declaring it"),
    (SpeaksAfterTheFact(), "do not read it in speak"),
    (NumpyAlone(), "fails on|must be an array of that library"),
    (ByWayOfNumpy(), "fails on .*, but not on numpy"),
    (TorchAlone(), "feedback_weights fails on numpy in float64"),
    (BranchesOnAValue(), "no values: do not branch on values"),
    (DividesByNothing(), "is not finite: .*if every attention is 0"),
    (NormalisesItsFeedback(), "is not finite: .*if every attention is 0"),
    (OneLearningRateForAll(), "feedback_weights fails on numpy in float64"),
    (ForgetsTheLeadingAxis(), "with several replicas arrays have a leading axis: use axis=-2, keepdims=True"),
    (CannotTakeReplicas(), "with several replicas arrays have a leading axis: use axis=-2, keepdims=True"),
    (CountsTheDemandsOfStrangers(), "memory 'trace' counts listeners that are not connected: multiply by obs.listener_mask"),
    (CountsQuietStrangers(), "memory 'trace' counts listeners that are not connected: multiply by obs.listener_mask"),
    (CountsStrangeSpeakers(), "memory 'heard' counts speakers that are not connected: multiply by obs.synapse_mask"),
    (RemembersNothing(), "declares memory that is always zero, 'trace': is remember missing"),
    (TakesNoMemory(), r"policy TakesNoMemory: feedback must take \(self, obs, memory\), got \(self, obs\)"),
    (ExpectsListeners(), "fails on a dense network"),
)
