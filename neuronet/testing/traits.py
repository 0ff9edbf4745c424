"""The check that a policy has the traits that it claims."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy, shared_memory_names
from neuronet.core.policy_traits import traits_of
from neuronet.core.random_streams import pick
from neuronet.testing.reference_rounds import ROUNDS, HookOutput, play
from neuronet.testing.synthetic_layer import LayerView, SyntheticLayer

ROUNDING = 1e-9
"""Answers that agree to this part of their size are the same but for rounding."""

LARGE_LAYER = {"B": 7, "J": 9, "K": 6, "I": 8}
"""A larger layer than most checks play in."""


def is_close(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two answers are the same but for rounding."""
    return bool(np.allclose(one, other, rtol=ROUNDING, atol=ROUNDING))


def check_traits(policy: Policy) -> None:
    """Check that a policy has the traits that it claims, and looks at nothing that is not its own or its neighbours'.

    Raises:
        NeuroNetError: It claims what it has not, or has what it does not claim.
    """
    traits = traits_of(policy)
    view = LayerView(SyntheticLayer())
    answers = play(policy, view)
    _check_stochastic(policy, sorted(view.drawn_names))
    _check_hooks(policy, answers)
    if traits.linear:
        _check_linear(policy, answers)
    if not traits.memory_axes:
        _check_memoryless(policy, answers)
    _check_locality(policy)


def _check_stochastic(policy: Policy, drawn_names: list[str]) -> None:
    if drawn_names and not policy.stochastic:
        raise NeuroNetError(
            f"{policy!r} draws '{drawn_names[0]}' in a round, but does not say so: write stochastic = True "
            "(in a wrapper, own_stochastic = True)"
        )
    if policy.stochastic and not drawn_names:
        raise NeuroNetError(f"{policy!r} says that it is stochastic, but draws nothing in a round: leave stochastic False")


def _check_hooks(policy: Policy, answers: dict[str, HookOutput]) -> None:
    """A verb that is not listed must be the default: engines leave it out."""
    memory = ["initial_memory", *(f"remember in round {number}" for number in range(ROUNDS))]
    for number in range(ROUNDS):
        fields = SyntheticLayer().fields(number)
        feedback = answers[f"feedback in round {number}"].array
        expected = {
            "speak": {f"speak in round {number}": fields["activity"]},
            "demand": {f"demand in round {number}": feedback * fields["slope"]},
            "adapt": {f"adapt in round {number}": fields["intention"]},
            "remember": {
                f"{memory[number + 1]}, memory '{name}',": answers[f"{memory[number]}, memory '{name}',"].array
                for name in policy.memory_axes
            },
        }
        for hook in expected.keys() - policy.hooks:
            for name, default in expected[hook].items():
                if not is_close(answers[name].array, default):
                    raise NeuroNetError(f"{policy!r}: {name} is not the default, but hooks does not list '{hook}'")


def _check_linear(policy: Policy, answers: dict[str, HookOutput]) -> None:
    for number in range(ROUNDS):
        weighed = SyntheticLayer().fields(number)["demand"] @ answers[f"feedback_weights in round {number}"].array
        if not is_close(answers[f"feedback in round {number}"].array, weighed):
            raise NeuroNetError(
                f"{policy!r} says that it is linear, but its feedback in round {number} is not demand @ feedback_weights: "
                "answer feedback_weights alone, or subclass Policy"
            )


def _check_memoryless(policy: Policy, answers: dict[str, HookOutput]) -> None:
    """Without memory, a round is the same whatever was before it."""
    for name, answer in play(policy, LayerView(SyntheticLayer(first=1))).items():
        later = name.replace("in round 0", "in round 1")
        if later != name and not is_close(answer.array, answers[later].array):
            raise NeuroNetError(
                f"{policy!r}: {later} depends on the round before, but it keeps nothing: declare it in memory_axes"
            )


def _check_locality(policy: Policy) -> None:
    """A neuron's answers stay the same when everything is changed that is not its own or its neighbours'."""
    sparse = not shared_memory_names(policy)
    whole = play(policy, LayerView(SyntheticLayer(lengths=LARGE_LAYER, sparse=sparse)))
    for neuron in range(0, LARGE_LAYER["J"], 4):
        synthetic = SyntheticLayer(lengths=LARGE_LAYER, sparse=sparse, isolated_neuron=neuron)
        for name, answer in play(policy, LayerView(synthetic)).items():
            picks = synthetic.picks(neuron)
            if not is_close(pick(answer.array, answer.axes, picks), pick(whole[name].array, answer.axes, picks)):
                raise NeuroNetError(
                    f"{policy!r}: {name} changes with what the neuron cannot see: "
                    "others of its layer, and those to whom it is not connected"
                )
