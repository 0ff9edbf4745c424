"""Policies that keep the contract and between them use every verb, every sight and every kind of memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.array_types import Array, Memory
from neuronet.core.observation import Observation, Place
from neuronet.core.policy import LinearPolicy, Policy, Wrapper
from neuronet.policies import (
    AttentionSeeking,
    BestResponse,
    Clipped,
    Contrarian,
    Copycat,
    DiminishingReturns,
    DirectFeedback,
    FreeRider,
    Greedy,
    Hebbian,
    IncomeProtecting,
    KeepingPromises,
    NodePerturbation,
    Noisy,
    RandomFeedback,
    Reinforce,
    SignSymmetric,
    Stubborn,
    TremblingHand,
    WeightMaximization,
)


@dataclass(frozen=True)
class Plain(LinearPolicy):
    """Error backpropagation, for other toys to start from."""

    def weighing(self, seen: Observation, memory: Memory) -> Array:
        return seen.attention


@dataclass(frozen=True)
class Explorer(Policy):
    """Says something else than it would, and likes what was rewarded: the draw of speak is drawn again in feedback."""

    sigma: float = 0.1

    stochastic = True

    @property
    def needs(self):
        return frozenset({"reward"})

    def speak(self, activity, seen, memory):
        return activity + self.sigma * seen.draws.normal("try", "BJ")

    def feedback(self, seen, memory):
        return seen.reward[..., None] * seen.draws.normal("try", "BJ")


@dataclass(frozen=True)
class Critic(Policy):
    """Compares each reward with the mean of those it has had, neuron by neuron."""

    stochastic = True

    @property
    def needs(self):
        return frozenset({"reward"})

    @property
    def keeps(self):
        return {"usual": "J"}

    def feedback(self, seen, memory):
        surprise = seen.reward[..., None] - memory["usual"][..., None, :]
        return surprise * seen.draws.uniform("try", "BJ")

    def remember(self, change, response, seen, memory):
        mean = seen.xp.mean(seen.reward, axis=-1)
        return {"usual": 0.9 * memory["usual"] + 0.1 * mean[..., None]}


@dataclass(frozen=True)
class Saver(Plain):
    """Changes little what has earned it much."""

    kappa: float = 5.0

    @property
    def keeps(self):
        return {"income": "JS"}

    def adapt(self, response, seen, memory):
        return response / (1.0 + self.kappa * memory["income"])

    def remember(self, change, response, seen, memory):
        return {"income": memory["income"] + seen.xp.abs(change * response)}


@dataclass(frozen=True)
class Inert(Plain):
    """Goes on a little as in the last round: what it is told is what it keeps, uncopied."""

    @property
    def keeps(self):
        return {"last": "JS"}

    def adapt(self, response, seen, memory):
        return response + 0.5 * memory["last"]

    def remember(self, change, response, seen, memory):
        return {"last": response}


@dataclass(frozen=True)
class Jealous(LinearPolicy):
    """Minds how the attention it gets has moved since the last round: what it sees is what it keeps, uncopied."""

    @property
    def keeps(self):
        return {"paid": "JK"}

    def weighing(self, seen, memory):
        return seen.attention + 10.0 * (seen.attention - memory["paid"].mT)

    def remember(self, change, response, seen, memory):
        return {"paid": seen.attention.mT}


@dataclass(frozen=True)
class Hopeful(LinearPolicy):
    """Adds up the responses of its listeners, while it changes less than they expect."""

    @property
    def needs(self):
        return frozenset({"response"})

    @property
    def keeps(self):
        return {"hope": "JK"}

    def weighing(self, seen, memory):
        return seen.attention + seen.response + memory["hope"].mT

    def adapt(self, response, seen, memory):
        return 0.5 * response

    def remember(self, change, response, seen, memory):
        return {"hope": memory["hope"] + 0.1 * seen.response.mT}


@dataclass(frozen=True)
class Random(LinearPolicy):
    """Weighs demands by numbers it was born with."""

    @property
    def keeps(self):
        return {"back": "JK"}

    def start(self, place: Place):
        return {"back": place.draws.normal("back", "JK")}

    def weighing(self, seen, memory):
        return memory["back"].mT * seen.connected


@dataclass(frozen=True)
class Direct(Policy):
    """Hears the output neurons alone, by numbers it was born with, and has a slope of its own."""

    @property
    def needs(self):
        return frozenset({"broadcast"})

    @property
    def keeps(self):
        return {"direct": "JO"}

    def start(self, place):
        return {"direct": place.draws.normal("direct", "JO")}

    def feedback(self, seen, memory):
        return seen.broadcast @ memory["direct"].mT

    def demand(self, feedback, seen, memory):
        return feedback * (0.1 + 0.9 * seen.slope)


@dataclass(frozen=True)
class Fair(LinearPolicy):
    """Counts what each listener pays against the mean of its listeners."""

    def weighing(self, seen, memory):
        xp = seen.xp
        listeners = xp.sum(seen.connected, axis=-2, keepdims=True)
        mean = xp.sum(seen.attention, axis=-2, keepdims=True) / xp.maximum(listeners, xp.ones_like(listeners))
        return (seen.attention - mean) * seen.connected


@dataclass(frozen=True)
class Restless(Plain):
    """Changes each synapse a little by chance, whatever it hears."""

    stochastic = True

    def adapt(self, response, seen, memory):
        return response + 0.1 * seen.draws.normal("itch", "JS")


@dataclass(frozen=True)
class Tiring(Wrapper):
    """Any policy that changes less from round to round; memory of a wrapper's own."""

    policy: Policy = field(default_factory=Plain)
    rate: float = 0.05

    keeps_itself = {"rounds": "J"}  # noqa: RUF012

    def adapt(self, response, seen, memory):
        return super().adapt(response, seen, memory) / (1.0 + self.rate * memory["rounds"][..., None])

    def remember(self, change, response, seen, memory):
        return {**super().remember(change, response, seen, memory), "rounds": memory["rounds"] + 1.0}


@dataclass(frozen=True)
class Oja(LinearPolicy):
    """Hebb's rule with Oja's decay (1982) instead of its demands: looks at what it hears, and at its own synapses."""

    share: float = 0.1

    needs = frozenset({"synapses"})

    def weighing(self, seen, memory):
        return seen.attention

    def adapt(self, response, seen, memory):
        xp, samples = seen.xp, seen.activity.shape[-2]
        transposed = xp.matrix_transpose(seen.activity)
        hebb = transposed @ seen.heard / samples
        hebb = xp.concat((hebb, xp.mean(transposed, axis=-1)[..., None]), axis=-1)
        power = xp.mean(seen.activity**2, axis=-2)[..., None]
        there = xp.astype(seen.synapses != 0, hebb.dtype)  # an absent synapse is 0, and so is its change
        return response + self.share * there * (hebb - power * seen.synapses)


@dataclass(frozen=True)
class Centred(LinearPolicy):
    """Subtracts the mean over its own synapses from its response: counts them."""

    needs = frozenset({"listening"})

    def weighing(self, seen, memory):
        return seen.attention

    def adapt(self, response, seen, memory):
        count = seen.xp.sum(seen.listening, axis=-1, keepdims=True)
        mean = seen.xp.sum(response * seen.listening, axis=-1, keepdims=True) / count
        return (response - mean) * seen.listening


TOYS: tuple[Policy, ...] = (
    Plain(),
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
    AttentionSeeking(),
    AttentionSeeking(p=1),
    AttentionSeeking(p=1.5, foresight=0.5),
    AttentionSeeking(p=3, foresight=1),
    AttentionSeeking(measure="saturating"),
    AttentionSeeking(measure="log", foresight=0.5, scaled=True),
    Clipped(),
    Contrarian(),
    Copycat(),
    DirectFeedback(),
    FreeRider(),
    Greedy(),
    Greedy(top=2),
    Hebbian(),
    Noisy(),
    Noisy(sigma=0.0),
    Noisy(Noisy(Greedy()), sigma=0.1),
    Noisy(AttentionSeeking(p=3, foresight=1)),
    RandomFeedback(),
    SignSymmetric(),
    Stubborn(),
    Stubborn(DirectFeedback(scale=0.5), pull=0.5),
    BestResponse(radius=100.0),
    TremblingHand(Greedy(), tremble=0.5),
    WeightMaximization(),
    NodePerturbation(sigma=0.1, baseline=0.0),
    Reinforce(team=True),
    IncomeProtecting(account="neuron", decay=0.1),
    IncomeProtecting(TremblingHand(WeightMaximization())),
    DiminishingReturns(alpha=2.0, habit=0.1),
    DiminishingReturns(IncomeProtecting(NodePerturbation()), alpha=0.5),
    KeepingPromises(kappa=0.5, witnesses=3),
    KeepingPromises(IncomeProtecting(Noisy()), witnesses=2),
    IncomeProtecting(KeepingPromises()),
)
"""Shipped policies in several settings; every entry of POLICIES in its default is checked besides."""


class Attentive(Policy):
    """Notes whether it was told that it learns; a policy that learns nothing."""

    def __init__(self):
        self.noted = []

    def speak(self, activity, seen, memory):
        self.noted.append(seen.learning)
        return activity

    def feedback(self, seen, memory):
        return seen.demand @ seen.attention
