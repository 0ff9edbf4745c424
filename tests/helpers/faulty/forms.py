"""Policies whose configuration or answers have the wrong form, with what the check must complain of."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuronet.core.policy import LinearPolicy, Policy, Scales, Wrapper
from tests.helpers.toys import Backprop, Inert, Saver


@dataclass
class CanBeChanged(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention


class NoDataclass(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention


@dataclass(frozen=True)
class ListForParameter(Backprop):
    factors: list = field(default_factory=lambda: [1.0])


@dataclass(frozen=True, eq=False)
class UnequalToItsCopy(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention


@dataclass(frozen=True)
class PrintsSomethingElse(Backprop):
    rate: float = 0.5

    def __repr__(self):
        return "a policy"


@dataclass(frozen=True)
class PrintsTheDefault(Backprop):
    rate: float = 0.5

    def __repr__(self):
        return "PrintsTheDefault()"


@dataclass(frozen=True)
class NeedsTheMoon(Backprop):
    @property
    def needs(self):
        return frozenset({"moon"})


@dataclass(frozen=True)
class NeedsAList(Backprop):
    @property
    def needs(self):
        return ["response"]


@dataclass(frozen=True)
class KeepsAList(Backprop):
    @property
    def memory_axes(self):
        return ["income"]


@dataclass(frozen=True)
class NeuronAxisLast(Backprop):
    @property
    def memory_axes(self):
        return {"income": "SJ"}


@dataclass(frozen=True)
class KeepsSamples(Backprop):
    @property
    def memory_axes(self):
        return {"past": "JB"}


@dataclass(frozen=True)
class WrongShape(Policy):
    def feedback(self, obs, memory):
        return (obs.demand @ obs.attention).mT


@dataclass(frozen=True)
class OneNumberForAll(Policy):
    def feedback(self, obs, memory):
        return obs.xp.sum(obs.demand, axis=-1, keepdims=True)


@dataclass(frozen=True)
class WeighsSamples(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention[..., None, :, :] * obs.activity[..., :, None, :]


@dataclass(frozen=True)
class SpeaksTooMuch(Backprop):
    def speak(self, activity, obs, memory):
        return obs.xp.concat((activity, activity), axis=-2)


@dataclass(frozen=True)
class ForgetsTheBias(Backprop):
    def adapt(self, response, obs, memory):
        return response[..., :-1]


@dataclass(frozen=True)
class ScalesByANumber(Backprop):
    def scales(self, response, obs, memory):
        return 0.5


@dataclass(frozen=True)
class ScalesSamples(Backprop):
    def scales(self, response, obs, memory):
        return Scales(weights=response[..., 0, :])


@dataclass(frozen=True)
class RemembersTheWrongShape(Saver):
    def remember(self, change, response, obs, memory):
        return {"income": obs.xp.sum(response, axis=-1)}


@dataclass(frozen=True)
class RemembersTheWrongName(Saver):
    def remember(self, change, response, obs, memory):
        return {"wealth": response}


@dataclass(frozen=True)
class StartsWithNothing(Saver):
    def initial_memory(self, birth):
        return {}


@dataclass(frozen=True)
class ForgetsThePolicyItHolds(Wrapper):
    policy: Policy = field(default_factory=Inert)
    own_memory_axes = {"rounds": "J"}  # noqa: RUF012

    def remember(self, change, response, obs, memory):
        return {"rounds": memory["rounds"] + 1.0}


@dataclass(frozen=True)
class CountsInWholeNumbers(Backprop):
    @property
    def memory_axes(self):
        return {"rounds": "J"}

    def initial_memory(self, birth):
        return {"rounds": birth.draws.uniform("zero", "J") > 2.0}


@dataclass(frozen=True)
class AlwaysDouble(LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.xp.astype(obs.attention, obs.xp.float64)

    def demand(self, feedback, obs, memory):
        return obs.xp.astype(feedback, obs.xp.float64)


@dataclass(frozen=True)
class AlwaysSingle(Policy):
    def feedback(self, obs, memory):
        return obs.xp.astype(obs.demand @ obs.attention, obs.xp.float32)


@dataclass(frozen=True)
class DrawsUnknownAxes(Policy):
    def feedback(self, obs, memory):
        return obs.draws.normal("noise", "BN")


FAULTY_FORMS: tuple[tuple[Policy, str], ...] = (
    (CanBeChanged(), "is mutable: write @dataclass"),
    (NoDataclass(), "not a dataclass: write @dataclass"),
    (ListForParameter(), "has no hash .*parameters must be numbers"),
    (UnequalToItsCopy(), "differs from a copy of itself"),
    (PrintsSomethingElse(), "does not print as its own configuration"),
    (PrintsTheDefault(rate=0.25), "does not print as its own configuration"),
    (NeedsTheMoon(), "needs must be a frozenset of names among broadcast, layer_demand,"),
    (NeedsAList(), "needs must be a frozenset of names among"),
    (KeepsAList(), "memory_axes must map names to axes"),
    (NeuronAxisLast(), "must have the neuron axis J first"),
    (KeepsSamples(), "memory 'past' must have axes among J, K, I, S, O"),
    (WrongShape(), r"feedback in round 0 on numpy in float64 must have the shape \(..., B, J\)"),
    (OneNumberForAll(), r"feedback in round 0 on numpy in float64 must have the shape \(..., B, J\)"),
    (WeighsSamples(), r"feedback_weights in round 0 .* must have the shape \(..., K, J\)"),
    (SpeaksTooMuch(), r"speak in round 0 .* must have the shape \(..., B, J\)"),
    (ForgetsTheBias(), r"adapt in round 0 .* must have the shape \(..., J, S\)"),
    (ScalesByANumber(), r"scales must return Scales\(\.\.\.\), got float"),
    (ScalesSamples(), r"scales.weights in round 0 .* must have the shape \(..., J\)"),
    (RemembersTheWrongShape(), r"remember in round 0, memory 'income', .* must have the shape \(..., J, S\)"),
    (RemembersTheWrongName(), r"remember must return the memory \['income'\], got \['wealth'\]"),
    (StartsWithNothing(), r"initial_memory must return the memory \['income'\], got \[\]"),
    (ForgetsThePolicyItHolds(), r"remember must return the memory \['policy.last', 'rounds'\], got \['rounds'\]"),
    (CountsInWholeNumbers(), "memory 'rounds', on numpy in float64 must keep the precision float64, got bool"),
    (AlwaysDouble(), "on numpy in float32 must keep the precision float32, got float64"),
    (AlwaysSingle(), "on numpy in float64 must keep the precision float64, got float32"),
    (DrawsUnknownAxes(), "draw 'noise' has axes 'BN'"),
)
