"""Check of the traits that a policy claims."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Policy, PolicyError, Scales, form_of, pick, projection_of, shared_memory_names, traits_of
from neuronet.testing.reference_rounds import ROUNDS, HookOutput, play
from neuronet.testing.synthetic_layer import FIELDS, LayerView, SyntheticLayer

ROUNDING = 1e-9
"""Relative difference up to which results are equal."""

LARGE_LAYER = {"B": 7, "J": 9, "K": 6, "I": 8}
"""Sizes of a larger layer than in other checks."""


def is_close(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Return whether two results are equal up to rounding."""
    return bool(np.allclose(one, other, rtol=ROUNDING, atol=ROUNDING))


def check_traits(policy: Policy) -> None:
    """Check that a policy has the traits that it claims, and depends only on its own and its neighbours' fields.

    Raises:
        PolicyError: It claims a trait that it does not have, or has one that it does not claim.
    """
    traits = traits_of(policy)
    view = LayerView(SyntheticLayer())
    answers = play(policy, view)
    check_stochastic(policy, view)
    _check_hooks(policy, answers)
    if traits.linear:
        _check_linear(policy, answers)
    _check_form(policy, answers)
    _check_projection(policy, answers)
    if not traits.memory_axes:
        _check_memoryless(policy, answers)
    _check_locality(policy)


def check_stochastic(policy: Policy, view: LayerView) -> None:
    """Check that a policy has drawn random numbers in the rounds of a view if, and only if, it says so.

    Raises:
        PolicyError: Its `stochastic` says something else.
    """
    drawn_names = sorted(view.drawn_names)
    if drawn_names and not policy.stochastic:
        raise PolicyError(
            f"{policy!r} draws '{drawn_names[0]}' in a round, but stochastic is False: set stochastic = True "
            "(in a wrapper, own_stochastic = True)"
        )
    if policy.stochastic and not drawn_names:
        raise PolicyError(f"{policy!r} draws nothing in a round, but stochastic is True: set stochastic = False")


def _check_hooks(policy: Policy, answers: dict[str, HookOutput]) -> None:
    """Check that a hook that is not listed is the default, since engines skip it."""
    memory = ["initial_memory", *(f"remember in round {number}" for number in range(ROUNDS))]
    for number in range(ROUNDS):
        fields = SyntheticLayer().fields(number)
        feedback = answers[f"feedback in round {number}"].array
        expected = {
            "speak": {f"speak in round {number}": fields["activity"]},
            "demand": {f"demand in round {number}": feedback * fields["slope"]},
            "scales": {f"scales.{name} in round {number}": np.ones(len(fields["intention"])) for name in Scales._fields},
            "adapt": {f"adapt in round {number}": fields["intention"]},
            "remember": {
                f"{memory[number + 1]}, memory '{name}',": answers[f"{memory[number]}, memory '{name}',"].array
                for name in policy.memory_axes
            },
        }
        for hook in expected.keys() - policy.hooks:
            for name, default in expected[hook].items():
                if name in answers and not is_close(answers[name].array, default):
                    raise PolicyError(f"{policy!r}: {name} is not the default, but hooks does not list '{hook}'")


def _check_linear(policy: Policy, answers: dict[str, HookOutput]) -> None:
    for number in range(ROUNDS):
        expected = SyntheticLayer().fields(number)["demand"] @ answers[f"feedback_weights in round {number}"].array
        if not is_close(answers[f"feedback in round {number}"].array, expected):
            raise PolicyError(
                f"{policy!r} is linear, but its feedback in round {number} is not demand @ feedback_weights: "
                "implement feedback_weights alone, or subclass Policy"
            )


def _check_form(policy: Policy, answers: dict[str, HookOutput]) -> None:
    """Check that a policy with a form, which engines may compile, computes what the form says."""
    form = form_of(policy)
    if form is None:
        return
    first = answers.get("feedback_weights in round 0")
    for number in range(ROUNDS):
        fields = SyntheticLayer().fields(number)
        weights = form.weights(np, fields["attention"], fields["listener_mask"])
        weights = first.array if form.fixed and first is not None else weights
        feedback = answers[f"feedback in round {number}"].array
        if not form.noise and not is_close(feedback, fields["demand"] @ weights):  # noise is compared by the tests of engines
            raise PolicyError(f"{policy!r}: its feedback in round {number} is not what its form says, {form}")
        change = answers.get(f"adapt in round {number}")
        expected = fields["intention"] if form.adapts else np.zeros_like(fields["intention"])
        if change is not None and not is_close(change.array, expected):
            raise PolicyError(f"{policy!r}: its change in round {number} is not what its form says, {form}")


def _check_projection(policy: Policy, answers: dict[str, HookOutput]) -> None:
    """Check that a policy with a projection, which engines may compute by themselves, does what it says."""
    projection = projection_of(policy)
    if projection is None:
        return
    view, memory = (
        LayerView(SyntheticLayer()),
        {name: answers[f"initial_memory, memory '{name}',"].array for name in policy.memory_axes},
    )
    for number in range(ROUNDS):
        fields = view.open(number)
        projector, response = memory[projection.name], fields["intention"]
        rows = projection.rows(view.observe({name: fields[name] for name in FIELDS}), memory)
        memory = {name: answers[f"remember in round {number}, memory '{name}',"].array for name in memory}
        next_projector = projection.keep * projector + np.swapaxes(rows, -1, -2) @ rows
        if not is_close(answers[f"adapt in round {number}"].array, response - response @ projector):
            raise PolicyError(f"{policy!r}: its change in round {number} is not what its projection says")
        if not is_close(memory[projection.name], next_projector):
            raise PolicyError(f"{policy!r}: memory '{projection.name}' after round {number} is not what its projection says")


def _check_memoryless(policy: Policy, answers: dict[str, HookOutput]) -> None:
    """Check that a round of a policy without memory does not depend on earlier rounds."""
    for name, answer in play(policy, LayerView(SyntheticLayer(first=1))).items():
        later = name.replace("in round 0", "in round 1")
        if later != name and not is_close(answer.array, answers[later].array):
            raise PolicyError(f"{policy!r}: {later} depends on the round before, but it has no memory: declare it in memory_axes")


def _check_locality(policy: Policy) -> None:
    """Check that a neuron's results do not change with fields of others than itself and its neighbours."""
    sparse = not shared_memory_names(policy)
    whole = play(policy, LayerView(SyntheticLayer(lengths=LARGE_LAYER, sparse=sparse)))
    for neuron in range(0, LARGE_LAYER["J"], 4):
        synthetic = SyntheticLayer(lengths=LARGE_LAYER, sparse=sparse, isolated_neuron=neuron)
        for name, answer in play(policy, LayerView(synthetic)).items():
            picks = synthetic.picks(neuron)
            if not is_close(pick(answer.array, answer.axes, picks), pick(whole[name].array, answer.axes, picks)):
                raise PolicyError(f"{policy!r}: {name} depends on unconnected neurons, or on others of its layer")
