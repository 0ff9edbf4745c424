"""Policies that keep the contract and between them use every verb, every sight and every kind of memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.observation import Birth, Observation
from neuronet.core.policy import LinearPolicy, Policy, Wrapper
from neuronet.policies import (
    POLICIES,
    AttentionSeeking,
    BestResponse,
    Budgeted,
    DiminishingReturns,
    DirectFeedback,
    Greedy,
    Imprinting,
    IncomeProtecting,
    KeepingPromises,
    LeastSquares,
    LeastSquaresByContext,
    NodePerturbation,
    Noisy,
    RandomSignSymmetric,
    Reinforce,
    Stubborn,
    TremblingHand,
    WeightMaximization,
)


@dataclass(frozen=True)
class Backprop(LinearPolicy):
    """Error backpropagation, for other toys to start from."""

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        return obs.attention


@dataclass(frozen=True)
class Explorer(Policy):
    """Says something else than it would, and likes what was rewarded: the draw of speak is drawn again in feedback."""

    sigma: float = 0.1

    stochastic = True

    @property
    def needs(self):
        return frozenset({"reward"})

    def speak(self, activity, obs, memory):
        return activity + self.sigma * obs.draws.normal("try", "BJ")

    def feedback(self, obs, memory):
        return obs.reward[..., None] * obs.draws.normal("try", "BJ")


@dataclass(frozen=True)
class Critic(Policy):
    """Compares each reward with the mean of those it has had, neuron by neuron."""

    stochastic = True

    @property
    def needs(self):
        return frozenset({"reward"})

    @property
    def memory_axes(self):
        return {"baseline": "J"}

    def feedback(self, obs, memory):
        advantage = obs.reward[..., None] - memory["baseline"][..., None, :]
        return advantage * obs.draws.uniform("try", "BJ")

    def remember(self, change, response, obs, memory):
        mean = obs.xp.mean(obs.reward, axis=-1)
        return {"baseline": 0.9 * memory["baseline"] + 0.1 * mean[..., None]}


@dataclass(frozen=True)
class Saver(Backprop):
    """Changes little what has earned it much."""

    kappa: float = 5.0

    @property
    def memory_axes(self):
        return {"income": "JS"}

    def adapt(self, response, obs, memory):
        return response / (1.0 + self.kappa * memory["income"])

    def remember(self, change, response, obs, memory):
        return {"income": memory["income"] + obs.xp.abs(change * response)}


@dataclass(frozen=True)
class Inert(Backprop):
    """Goes on a little as in the last round: what it is told is what it keeps, uncopied."""

    @property
    def memory_axes(self):
        return {"last": "JS"}

    def adapt(self, response, obs, memory):
        return response + 0.5 * memory["last"]

    def remember(self, change, response, obs, memory):
        return {"last": response}


@dataclass(frozen=True)
class Jealous(LinearPolicy):
    """Minds how the attention it gets has moved since the last round: what it sees is what it keeps, uncopied."""

    @property
    def memory_axes(self):
        return {"paid": "JK"}

    def feedback_weights(self, obs, memory):
        return obs.attention + 10.0 * (obs.attention - memory["paid"].mT)

    def remember(self, change, response, obs, memory):
        return {"paid": obs.attention.mT}


@dataclass(frozen=True)
class Hopeful(LinearPolicy):
    """Adds up the responses of its listeners, while it changes less than they expect."""

    @property
    def needs(self):
        return frozenset({"response"})

    @property
    def memory_axes(self):
        return {"hope": "JK"}

    def feedback_weights(self, obs, memory):
        return obs.attention + obs.response + memory["hope"].mT

    def adapt(self, response, obs, memory):
        return 0.5 * response

    def remember(self, change, response, obs, memory):
        return {"hope": memory["hope"] + 0.1 * obs.response.mT}


@dataclass(frozen=True)
class Random(LinearPolicy):
    """Weighs demands by numbers it was born with."""

    @property
    def memory_axes(self):
        return {"back": "JK"}

    def initial_memory(self, birth: Birth):
        return {"back": birth.draws.normal("back", "JK")}

    def feedback_weights(self, obs, memory):
        return memory["back"].mT * obs.listener_mask


@dataclass(frozen=True)
class Direct(Policy):
    """Hears the output neurons alone, by numbers it was born with, and has a slope of its own."""

    @property
    def needs(self):
        return frozenset({"broadcast"})

    @property
    def memory_axes(self):
        return {"direct": "JO"}

    def initial_memory(self, birth):
        return {"direct": birth.draws.normal("direct", "JO")}

    def feedback(self, obs, memory):
        return obs.broadcast @ memory["direct"].mT

    def demand(self, feedback, obs, memory):
        return feedback * (0.1 + 0.9 * obs.slope)


@dataclass(frozen=True)
class Fair(LinearPolicy):
    """Counts what each listener pays against the mean of its listeners."""

    def feedback_weights(self, obs, memory):
        xp = obs.xp
        listeners = xp.sum(obs.listener_mask, axis=-2, keepdims=True)
        mean = xp.sum(obs.attention, axis=-2, keepdims=True) / xp.maximum(listeners, xp.ones_like(listeners))
        return (obs.attention - mean) * obs.listener_mask


@dataclass(frozen=True)
class Restless(Backprop):
    """Policy that changes each synapse by a small random amount."""

    stochastic = True

    def adapt(self, response, obs, memory):
        return response + 0.1 * obs.draws.normal("itch", "JS")


@dataclass(frozen=True)
class Tiring(Wrapper):
    """Any policy that changes less from round to round; memory of a wrapper's own."""

    policy: Policy = field(default_factory=Backprop)
    rate: float = 0.05

    own_memory_axes = {"rounds": "J"}  # noqa: RUF012

    def adapt(self, response, obs, memory):
        return super().adapt(response, obs, memory) / (1.0 + self.rate * memory["rounds"][..., None])

    def remember(self, change, response, obs, memory):
        return {**super().remember(change, response, obs, memory), "rounds": memory["rounds"] + 1.0}


@dataclass(frozen=True)
class Oja(LinearPolicy):
    """Hebb's rule with Oja's decay (1982) instead of its demands: looks at what it hears, and at its own synapses."""

    share: float = 0.1

    needs = frozenset({"synapses"})

    def feedback_weights(self, obs, memory):
        return obs.attention

    def adapt(self, response, obs, memory):
        xp, samples = obs.xp, obs.activity.shape[-2]
        transposed = xp.matrix_transpose(obs.activity)
        hebb = transposed @ obs.speaker_activity / samples
        hebb = xp.concat((hebb, xp.mean(transposed, axis=-1)[..., None]), axis=-1)
        power = xp.mean(obs.activity**2, axis=-2)[..., None]
        there = xp.astype(obs.synapses != 0, hebb.dtype)  # an absent synapse is 0, and so is its change
        return response + self.share * there * (hebb - power * obs.synapses)


@dataclass(frozen=True)
class Centred(LinearPolicy):
    """Subtracts the mean over its own synapses from its response: counts them."""

    needs = frozenset({"synapse_mask"})

    def feedback_weights(self, obs, memory):
        return obs.attention

    def adapt(self, response, obs, memory):
        count = obs.xp.sum(obs.synapse_mask, axis=-1, keepdims=True)
        mean = obs.xp.sum(response * obs.synapse_mask, axis=-1, keepdims=True) / count
        return (response - mean) * obs.synapse_mask


TOYS: tuple[Policy, ...] = (
    Backprop(),
    Explorer(),
    Critic(),
    Saver(),
    Inert(),
    Jealous(),
    Hopeful(),
    Random(),
    Direct(),
    Fair(),
    Restless(),
    Tiring(),
    Oja(),
    Centred(),
    Noisy(Oja(), sigma=0.2),
    Tiring(Saver()),
    Noisy(Tiring(Random()), sigma=0.2),
    TremblingHand(Explorer(), tremble=0.1),
)

SHIPPED: tuple[Policy, ...] = (
    *(cls() for cls in POLICIES.values()),
    Budgeted(budget=0.5, relative=True),
    Budgeted(AttentionSeeking(foresight=1.0), strategic=True),
    Budgeted(demands=False),
    AttentionSeeking(p=1),
    AttentionSeeking(p=1.5, foresight=0.5),
    AttentionSeeking(p=3, foresight=1),
    AttentionSeeking(measure="saturating"),
    AttentionSeeking(measure="log", foresight=0.5, scaled=True),
    Greedy(top=2),
    Noisy(sigma=0.0),
    Noisy(Noisy(Greedy()), sigma=0.1),
    Noisy(AttentionSeeking(p=3, foresight=1)),
    Stubborn(DirectFeedback(scale=0.5), pull=0.5),
    BestResponse(radius=100.0),
    TremblingHand(Greedy(), tremble=0.5),
    RandomSignSymmetric(scale=0.5, fixed=True),
    NodePerturbation(sigma=0.1, baseline=0.0),
    Reinforce(team=True),
    IncomeProtecting(account="neuron", decay=0.1),
    IncomeProtecting(TremblingHand(WeightMaximization())),
    DiminishingReturns(alpha=2.0, adaptation_rate=0.1),
    DiminishingReturns(IncomeProtecting(NodePerturbation()), alpha=0.5),
    KeepingPromises(kappa=0.5, samples=3),
    KeepingPromises(IncomeProtecting(Noisy()), samples=2),
    IncomeProtecting(KeepingPromises()),
    KeepingPromises(Budgeted(), fading=0.1),
    LeastSquares(KeepingPromises(), penalty=2.0, fading=0.1),
    LeastSquares(signs=False),
    Imprinting(length=0.3),
    LeastSquaresByContext(KeepingPromises(), penalty=2.0, surprise=0.01, contexts=2),
)
"""Every policy of the registry in its default, and some in other settings."""


class LearningFlagRecorder(Policy):
    """Notes whether it was told that it learns; a policy that learns nothing."""

    def __init__(self):
        self.noted = []

    def speak(self, activity, obs, memory):
        self.noted.append(obs.learning)
        return activity

    def feedback(self, obs, memory):
        return obs.demand @ obs.attention
