"""Policies that claim traits which they do not have, or hide those they have, with what the check must complain of."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.policy import LinearPolicy, Policy, Wrapper
from tests.helpers.toys import Plain, Saver

DIARY: list[object] = []
MANY = 5


@dataclass(frozen=True)
class ThrowsDiceInSecret(Policy):
    def feedback(self, seen, memory):
        return seen.demand @ seen.attention + seen.draws.normal("noise", "BJ")


@dataclass(frozen=True)
class ExploresInSecret(Plain):
    def speak(self, activity, seen, memory):
        return activity + 0.1 * seen.draws.uniform("try", "BJ") if seen.learning else activity


@dataclass(frozen=True)
class TremblesWhileJudged(Plain):
    """Only then."""

    def speak(self, activity, seen, memory):
        return activity if seen.learning else activity + seen.draws.normal("nerves", "BJ")


@dataclass(frozen=True)
class ItchesInSecret(Wrapper):
    policy: Policy = field(default_factory=Saver)

    def adapt(self, response, seen, memory):
        return super().adapt(response, seen, memory) * seen.draws.uniform("itch", "JS")


@dataclass(frozen=True)
class GamblesByWordAlone(Plain):
    stochastic = True


@dataclass(frozen=True)
class GamblesAtBirthAlone(LinearPolicy):
    stochastic = True
    keeps = {"back": "JK"}  # noqa: RUF012

    def start(self, place):
        return {"back": place.draws.normal("back", "JK")}

    def weighing(self, seen, memory):
        return memory["back"].mT * seen.connected


@dataclass(frozen=True)
class BoundsItsWeighing(Plain):
    def feedback(self, seen, memory):
        return seen.xp.clip(seen.demand @ seen.attention, -0.1, 0.1)


@dataclass(frozen=True)
class WeighsOneWayAnswersAnother(Policy):
    linear = True

    def weighing(self, seen, memory):
        return seen.attention

    def feedback(self, seen, memory):
        return seen.demand @ (seen.attention * seen.attention)


@dataclass(frozen=True)
class LinearWithoutWeighing(Policy):
    linear = True

    def feedback(self, seen, memory):
        return seen.demand @ seen.attention


@dataclass(frozen=True)
class KeepsADiary(Policy):
    """In the module, and burns it at birth."""

    def start(self, place):
        DIARY.clear()
        return {}

    def feedback(self, seen, memory):
        wish = seen.demand @ seen.attention
        return wish + 0.1 * DIARY[0] if DIARY else wish

    def remember(self, change, response, seen, memory):
        DIARY[:] = [seen.demand @ seen.attention]
        return {}


@dataclass(frozen=True)
class CountsTheRounds(Plain):
    """In the module, from its birth: not even what it sees."""

    def start(self, place):
        DIARY.clear()
        return {}

    def adapt(self, response, seen, memory):
        return response / (1.0 + len(DIARY))

    def remember(self, change, response, seen, memory):
        DIARY.append(None)
        return {}


@dataclass(frozen=True)
class HidesItsWord(Plain):
    verbs = frozenset()

    def speak(self, activity, seen, memory):
        return 2.0 * activity


@dataclass(frozen=True)
class HidesItsDemand(Plain):
    verbs = frozenset({"speak"})

    def demand(self, feedback, seen, memory):
        return feedback


@dataclass(frozen=True)
class HidesItsPlasticity(Saver):
    verbs = frozenset({"remember"})


@dataclass(frozen=True)
class HidesItsMemory(Saver):
    verbs = frozenset({"adapt"})


@dataclass(frozen=True)
class LooksAroundInACrowd(LinearPolicy):
    def weighing(self, seen, memory):
        if seen.attention.shape[-1] < MANY:
            return seen.attention
        return seen.attention - seen.xp.mean(seen.attention, axis=-1, keepdims=True)


@dataclass(frozen=True)
class ActsWithTheCrowd(Policy):
    stochastic = True

    def feedback(self, seen, memory):
        noise = seen.draws.normal("mood", "BJ")
        if noise.shape[-1] >= MANY:
            noise = noise + seen.xp.mean(noise, axis=-1, keepdims=True)
        return seen.demand @ seen.attention + noise


@dataclass(frozen=True)
class SharesTheCrowdsIncome(Saver):
    def remember(self, change, response, seen, memory):
        income = seen.xp.abs(change * response)
        if income.shape[-2] >= MANY:
            income = income + 0.0 * memory["income"] + seen.xp.mean(income, axis=-2, keepdims=True)
        return {"income": income}


@dataclass(frozen=True)
class OverhearsTheCrowdsSpeakers(Policy):
    def feedback(self, seen, memory):
        wish = seen.demand @ seen.attention
        return wish + seen.xp.sum(seen.heard, axis=-1, keepdims=True) if wish.shape[-1] >= MANY else wish


FAULTY_TRAITS: tuple[tuple[Policy, str], ...] = (
    (ThrowsDiceInSecret(), "draws 'noise' in a round, but does not say so: write stochastic = True"),
    (ExploresInSecret(), "draws 'try' in a round, but does not say so"),
    (TremblesWhileJudged(), "draws 'nerves' in a round, but does not say so"),
    (ItchesInSecret(), r"draws 'itch' in a round, .*\(in a wrapper, stochastic_itself = True\)"),
    (ItchesInSecret(ItchesInSecret()), "draws 'itch' in a round"),
    (GamblesByWordAlone(), "says that it is stochastic, but draws nothing in a round"),
    (GamblesAtBirthAlone(), "says that it is stochastic, but draws nothing in a round"),
    (BoundsItsWeighing(), "says that it is linear, but its feedback in round 0 is not demand @ weighing"),
    (WeighsOneWayAnswersAnother(), "says that it is linear, but its feedback in round 0 is not demand @ weighing"),
    (LinearWithoutWeighing(), "weighing fails on numpy in float64: .* is not linear in the demands"),
    (KeepsADiary(), "feedback in round 1 depends on the round before, but it keeps nothing: declare it in keeps"),
    (CountsTheRounds(), "adapt in round 1 depends on the round before, but it keeps nothing"),
    (HidesItsWord(), "speak in round 0 is not the default, but verbs does not list 'speak'"),
    (HidesItsDemand(), "demand in round 0 is not the default, but verbs does not list 'demand'"),
    (HidesItsPlasticity(), "adapt in round 1 is not the default, but verbs does not list 'adapt'"),
    (HidesItsMemory(), "remember in round 0, memory 'income', is not the default, but verbs does not list 'remember'"),
    (LooksAroundInACrowd(), "weighing in round 0 changes with what the neuron cannot see"),
    (ActsWithTheCrowd(), "feedback in round 0 changes with what the neuron cannot see"),
    (SharesTheCrowdsIncome(), "remember in round 0, memory 'income', changes with what the neuron cannot see"),
    (OverhearsTheCrowdsSpeakers(), "feedback in round 0 changes with what the neuron cannot see"),
)
