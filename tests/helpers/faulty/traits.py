"""Policies that claim traits which they do not have, or hide those they have, with what the check must complain of."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.feedback_form import Projection
from neuronet.core.policy import LinearPolicy, Policy, Scales, Wrapper
from neuronet.policies import KeepingPromises
from tests.helpers.toys import Backprop, Saver

DIARY: list[object] = []
MANY = 5


@dataclass(frozen=True)
class ThrowsDiceInSecret(Policy):
    def feedback(self, obs, memory):
        return obs.demand @ obs.attention + obs.draws.normal("noise", "BJ")


@dataclass(frozen=True)
class ExploresInSecret(Backprop):
    def speak(self, activity, obs, memory):
        return activity + 0.1 * obs.draws.uniform("try", "BJ") if obs.learning else activity


@dataclass(frozen=True)
class RandomInEvaluation(Backprop):
    """Only then."""

    def speak(self, activity, obs, memory):
        return activity if obs.learning else activity + obs.draws.normal("nerves", "BJ")


@dataclass(frozen=True)
class ItchesInSecret(Wrapper):
    policy: Policy = field(default_factory=Saver)

    def adapt(self, response, obs, memory):
        return super().adapt(response, obs, memory) * obs.draws.uniform("itch", "JS")


@dataclass(frozen=True)
class GamblesByWordAlone(Backprop):
    stochastic = True


@dataclass(frozen=True)
class GamblesAtBirthAlone(LinearPolicy):
    stochastic = True
    memory_axes = {"back": "JK"}  # noqa: RUF012

    def initial_memory(self, birth):
        return {"back": birth.draws.normal("back", "JK")}

    def feedback_weights(self, obs, memory):
        return memory["back"].mT * obs.listener_mask


@dataclass(frozen=True)
class BoundsItsFeedbackWeights(Backprop):
    def feedback(self, obs, memory):
        return obs.xp.clip(obs.demand @ obs.attention, -0.1, 0.1)


@dataclass(frozen=True)
class WeighsOneWayAnswersAnother(Policy):
    linear = True

    def feedback_weights(self, obs, memory):
        return obs.attention

    def feedback(self, obs, memory):
        return obs.demand @ (obs.attention * obs.attention)


@dataclass(frozen=True)
class LinearWithoutFeedbackWeights(Policy):
    linear = True

    def feedback(self, obs, memory):
        return obs.demand @ obs.attention


@dataclass(frozen=True)
class KeepsADiary(Policy):
    """In the module, and burns it at birth."""

    def initial_memory(self, birth):
        DIARY.clear()
        return {}

    def feedback(self, obs, memory):
        feedback = obs.demand @ obs.attention
        return feedback + 0.1 * DIARY[0] if DIARY else feedback

    def remember(self, change, response, obs, memory):
        DIARY[:] = [obs.demand @ obs.attention]
        return {}


@dataclass(frozen=True)
class CountsTheRounds(Backprop):
    """In the module, from its birth: not even what it sees."""

    def initial_memory(self, birth):
        DIARY.clear()
        return {}

    def adapt(self, response, obs, memory):
        return response / (1.0 + len(DIARY))

    def remember(self, change, response, obs, memory):
        DIARY.append(None)
        return {}


@dataclass(frozen=True)
class HidesItsWord(Backprop):
    hooks = frozenset()

    def speak(self, activity, obs, memory):
        return 2.0 * activity


@dataclass(frozen=True)
class HidesItsDemand(Backprop):
    hooks = frozenset({"speak"})

    def demand(self, feedback, obs, memory):
        return feedback


@dataclass(frozen=True)
class HidesItsPlasticity(Saver):
    hooks = frozenset({"remember"})


@dataclass(frozen=True)
class HidesItsFactors(Backprop):
    hooks = frozenset({"adapt"})

    def scales(self, response, obs, memory):
        return Scales(demand=0.5 * obs.xp.ones_like(response[..., 0]))


@dataclass(frozen=True)
class HidesItsMemory(Saver):
    hooks = frozenset({"adapt"})


@dataclass(frozen=True)
class LooksAroundInACrowd(LinearPolicy):
    def feedback_weights(self, obs, memory):
        if obs.attention.shape[-1] < MANY:
            return obs.attention
        return obs.attention - obs.xp.mean(obs.attention, axis=-1, keepdims=True)


@dataclass(frozen=True)
class ActsWithTheCrowd(Policy):
    stochastic = True

    def feedback(self, obs, memory):
        noise = obs.draws.normal("mood", "BJ")
        if noise.shape[-1] >= MANY:
            noise = noise + obs.xp.mean(noise, axis=-1, keepdims=True)
        return obs.demand @ obs.attention + noise


@dataclass(frozen=True)
class SharesTheCrowdsIncome(Saver):
    def remember(self, change, response, obs, memory):
        income = obs.xp.abs(change * response)
        if income.shape[-2] >= MANY:
            income = income + 0.0 * memory["income"] + obs.xp.mean(income, axis=-2, keepdims=True)
        return {"income": income}


@dataclass(frozen=True)
class OverhearsTheCrowdsSpeakers(Policy):
    def feedback(self, obs, memory):
        feedback = obs.demand @ obs.attention
        return feedback + obs.xp.sum(obs.speaker_activity, axis=-1, keepdims=True) if feedback.shape[-1] >= MANY else feedback


@dataclass(frozen=True)
class ProjectsBySomethingElse(KeepingPromises):
    """Its change is that of keeping-promises, which it says to be another."""

    @property
    def projection(self):
        return Projection("projector", 1.0, lambda obs, memory: 2.0 * self._rows(obs, memory))

    def adapt(self, response, obs, memory):
        return super().adapt(response, obs, memory)

    def remember(self, change, response, obs, memory):
        return super().remember(change, response, obs, memory)


@dataclass(frozen=True)
class ProjectsTwice(ProjectsBySomethingElse):
    @property
    def projection(self):
        return Projection("projector", 1.0, self._rows)

    def adapt(self, response, obs, memory):
        return super().adapt(super().adapt(response, obs, memory), obs, memory)

    def remember(self, change, response, obs, memory):
        return super().remember(change, response, obs, memory)


FAULTY_TRAITS: tuple[tuple[Policy, str], ...] = (
    (ThrowsDiceInSecret(), "draws 'noise' in a round, but stochastic is False"),
    (ExploresInSecret(), "draws 'try' in a round, but stochastic is False"),
    (RandomInEvaluation(), "draws 'nerves' in a round, but stochastic is False"),
    (ItchesInSecret(), r"draws 'itch' in a round, .*\(in a wrapper, own_stochastic = True\)"),
    (ItchesInSecret(ItchesInSecret()), "draws 'itch' in a round"),
    (GamblesByWordAlone(), "draws nothing in a round, but stochastic is True"),
    (GamblesAtBirthAlone(), "draws nothing in a round, but stochastic is True"),
    (BoundsItsFeedbackWeights(), "is linear, but its feedback in round 0 is not demand @ feedback_weights"),
    (WeighsOneWayAnswersAnother(), "is linear, but its feedback in round 0 is not demand @ feedback_weights"),
    (LinearWithoutFeedbackWeights(), "feedback_weights fails on numpy in float64: .* is not linear"),
    (KeepsADiary(), "feedback in round 1 depends on the round before, but it has no memory"),
    (CountsTheRounds(), "adapt in round 1 depends on the round before, but it has no memory"),
    (HidesItsWord(), "speak in round 0 is not the default, but hooks does not list 'speak'"),
    (HidesItsDemand(), "demand in round 0 is not the default, but hooks does not list 'demand'"),
    (HidesItsPlasticity(), "adapt in round 1 is not the default, but hooks does not list 'adapt'"),
    (HidesItsFactors(), "scales.demand in round 0 is not the default, but hooks does not list 'scales'"),
    (HidesItsMemory(), "remember in round 0, memory 'income', is not the default, but hooks does not list 'remember'"),
    (LooksAroundInACrowd(), "feedback_weights in round 0 depends on unconnected neurons"),
    (ActsWithTheCrowd(), "feedback in round 0 depends on unconnected neurons"),
    (SharesTheCrowdsIncome(), "remember in round 0, memory 'income', depends on unconnected neurons"),
    (OverhearsTheCrowdsSpeakers(), "feedback in round 0 depends on unconnected neurons"),
    (ProjectsBySomethingElse(), "memory 'projector' after round 0 is not what its projection says"),
    (ProjectsTwice(), "its change in round 1 is not what its projection says"),
)
