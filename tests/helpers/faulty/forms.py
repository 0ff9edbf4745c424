"""Policies whose configuration or answers have the wrong form, with what the check must complain of."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.policy import LinearPolicy, Policy, Wrapper
from tests.helpers.toys import Inert, Plain, Saver


@dataclass
class CanBeChanged(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention


class NoDataclass(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention


@dataclass(frozen=True)
class ListForParameter(Plain):
    factors: list = field(default_factory=lambda: [1.0])


@dataclass(frozen=True, eq=False)
class UnequalToItsCopy(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention


@dataclass(frozen=True)
class PrintsSomethingElse(Plain):
    rate: float = 0.5

    def __repr__(self):
        return "a policy"


@dataclass(frozen=True)
class PrintsTheDefault(Plain):
    rate: float = 0.5

    def __repr__(self):
        return "PrintsTheDefault()"


@dataclass(frozen=True)
class NeedsTheMoon(Plain):
    @property
    def needs(self):
        return frozenset({"moon"})


@dataclass(frozen=True)
class NeedsAList(Plain):
    @property
    def needs(self):
        return ["response"]


@dataclass(frozen=True)
class KeepsAList(Plain):
    @property
    def keeps(self):
        return ["income"]


@dataclass(frozen=True)
class NeuronAxisLast(Plain):
    @property
    def keeps(self):
        return {"income": "SJ"}


@dataclass(frozen=True)
class KeepsSamples(Plain):
    @property
    def keeps(self):
        return {"past": "JB"}


@dataclass(frozen=True)
class WrongShape(Policy):
    def feedback(self, seen, memory):
        return (seen.demand @ seen.attention).mT


@dataclass(frozen=True)
class OneNumberForAll(Policy):
    def feedback(self, seen, memory):
        return seen.xp.sum(seen.demand, axis=-1, keepdims=True)


@dataclass(frozen=True)
class WeighsSamples(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.attention[..., None, :, :] * seen.activity[..., :, None, :]


@dataclass(frozen=True)
class SpeaksTooMuch(Plain):
    def speak(self, activity, seen, memory):
        return seen.xp.concat((activity, activity), axis=-2)


@dataclass(frozen=True)
class ForgetsTheBias(Plain):
    def adapt(self, response, seen, memory):
        return response[..., :-1]


@dataclass(frozen=True)
class RemembersTheWrongShape(Saver):
    def remember(self, change, response, seen, memory):
        return {"income": seen.xp.sum(response, axis=-1)}


@dataclass(frozen=True)
class RemembersTheWrongName(Saver):
    def remember(self, change, response, seen, memory):
        return {"wealth": response}


@dataclass(frozen=True)
class StartsWithNothing(Saver):
    def start(self, place):
        return {}


@dataclass(frozen=True)
class ForgetsThePolicyItHolds(Wrapper):
    policy: Policy = field(default_factory=Inert)
    keeps_itself = {"rounds": "J"}  # noqa: RUF012

    def remember(self, change, response, seen, memory):
        return {"rounds": memory["rounds"] + 1.0}


@dataclass(frozen=True)
class CountsInWholeNumbers(Plain):
    @property
    def keeps(self):
        return {"rounds": "J"}

    def start(self, place):
        return {"rounds": place.draws.uniform("zero", "J") > 2.0}


@dataclass(frozen=True)
class AlwaysDouble(LinearPolicy):
    def weighing(self, seen, memory):
        return seen.xp.astype(seen.attention, seen.xp.float64)

    def demand(self, feedback, seen, memory):
        return seen.xp.astype(feedback, seen.xp.float64)


@dataclass(frozen=True)
class AlwaysSingle(Policy):
    def feedback(self, seen, memory):
        return seen.xp.astype(seen.demand @ seen.attention, seen.xp.float32)


@dataclass(frozen=True)
class DrawsUnknownAxes(Policy):
    def feedback(self, seen, memory):
        return seen.draws.normal("noise", "BN")


FAULTY_FORMS: tuple[tuple[Policy, str], ...] = (
    (CanBeChanged(), "can be changed: write @dataclass"),
    (NoDataclass(), "no dataclass: write @dataclass"),
    (ListForParameter(), "has no hash .*parameters must be numbers"),
    (UnequalToItsCopy(), "differs from a copy of itself"),
    (PrintsSomethingElse(), "does not print as its own configuration"),
    (PrintsTheDefault(rate=0.25), "does not print as its own configuration"),
    (NeedsTheMoon(), "needs must be a frozenset of words among broadcast, listening, response, reward, synapses"),
    (NeedsAList(), "needs must be a frozenset of words among"),
    (KeepsAList(), "keeps must map names to axes"),
    (NeuronAxisLast(), "must have the neuron axis J first"),
    (KeepsSamples(), "memory 'past' must have axes among J, K, I, S, O"),
    (WrongShape(), r"feedback in round 0 on numpy in float64 must have the shape \(..., B, J\)"),
    (OneNumberForAll(), r"feedback in round 0 on numpy in float64 must have the shape \(..., B, J\)"),
    (WeighsSamples(), r"weighing in round 0 .* must have the shape \(..., K, J\)"),
    (SpeaksTooMuch(), r"speak in round 0 .* must have the shape \(..., B, J\)"),
    (ForgetsTheBias(), r"adapt in round 0 .* must have the shape \(..., J, S\)"),
    (RemembersTheWrongShape(), r"remember in round 0, memory 'income', .* must have the shape \(..., J, S\)"),
    (RemembersTheWrongName(), r"remember must give the memory \['income'\], got \['wealth'\]"),
    (StartsWithNothing(), r"start must give the memory \['income'\], got \[\]"),
    (ForgetsThePolicyItHolds(), r"remember must give the memory \['policy.last', 'rounds'\], got \['rounds'\]"),
    (CountsInWholeNumbers(), "memory 'rounds', on numpy in float64 must keep the precision float64, got bool"),
    (AlwaysDouble(), "on numpy in float32 must keep the precision float32, got float64"),
    (AlwaysSingle(), "on numpy in float64 must keep the precision float64, got float32"),
    (DrawsUnknownAxes(), "draw 'noise' has axes 'BN'"),
)
