"""The check that a policy has the traits that it claims."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy, in_common
from neuronet.core.policy_traits import traits_of
from neuronet.core.random_streams import pick
from neuronet.testing.reference_rounds import ROUNDS, Answer, play
from neuronet.testing.synthetic_layer import Scene, Watcher

ROUNDING = 1e-9
"""Answers that agree to this part of their size are the same but for rounding."""

CROWD = {"B": 7, "J": 9, "K": 6, "I": 8}
"""A larger layer than most checks play in."""


def alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two answers are the same but for rounding."""
    return bool(np.allclose(one, other, rtol=ROUNDING, atol=ROUNDING))


def check_traits(policy: Policy) -> None:
    """Check that a policy has the traits that it claims, and looks at nothing that is not its own or its neighbours'.

    Raises:
        NeuroNetError: It claims what it has not, or has what it does not claim.
    """
    traits = traits_of(policy)
    watcher = Watcher(Scene())
    answers = play(policy, watcher)
    _check_chance(policy, sorted(watcher.asked))
    _check_verbs(policy, answers)
    if traits.linear:
        _check_linear(policy, answers)
    if not traits.keeps:
        _check_oblivious(policy, answers)
    _check_unseen(policy)


def _check_chance(policy: Policy, asked: list[str]) -> None:
    if asked and not policy.stochastic:
        raise NeuroNetError(
            f"{policy!r} draws '{asked[0]}' in a round, but does not say so: write stochastic = True "
            "(in a wrapper, stochastic_itself = True)"
        )
    if policy.stochastic and not asked:
        raise NeuroNetError(f"{policy!r} says that it is stochastic, but draws nothing in a round: leave stochastic False")


def _check_verbs(policy: Policy, answers: dict[str, Answer]) -> None:
    """A verb that is not listed must be the default: engines leave it out."""
    memory = ["start", *(f"remember in round {number}" for number in range(ROUNDS))]
    for number in range(ROUNDS):
        sights = Scene().sights(number)
        wish = answers[f"feedback in round {number}"].array
        expected = {
            "speak": {f"speak in round {number}": sights["activity"]},
            "demand": {f"demand in round {number}": wish * sights["slope"]},
            "adapt": {f"adapt in round {number}": sights["intention"]},
            "remember": {
                f"{memory[number + 1]}, memory '{name}',": answers[f"{memory[number]}, memory '{name}',"].array
                for name in policy.keeps
            },
        }
        for verb in expected.keys() - policy.verbs:
            for name, default in expected[verb].items():
                if not alike(answers[name].array, default):
                    raise NeuroNetError(f"{policy!r}: {name} is not the default, but verbs does not list '{verb}'")


def _check_linear(policy: Policy, answers: dict[str, Answer]) -> None:
    for number in range(ROUNDS):
        weighed = Scene().sights(number)["demand"] @ answers[f"weighing in round {number}"].array
        if not alike(answers[f"feedback in round {number}"].array, weighed):
            raise NeuroNetError(
                f"{policy!r} says that it is linear, but its feedback in round {number} is not demand @ weighing: "
                "answer weighing alone, or subclass Policy"
            )


def _check_oblivious(policy: Policy, answers: dict[str, Answer]) -> None:
    """Without memory, a round is the same whatever was before it."""
    for name, answer in play(policy, Watcher(Scene(first=1))).items():
        later = name.replace("in round 0", "in round 1")
        if later != name and not alike(answer.array, answers[later].array):
            raise NeuroNetError(f"{policy!r}: {later} depends on the round before, but it keeps nothing: declare it in keeps")


def _check_unseen(policy: Policy) -> None:
    """A neuron's answers stay the same when everything is changed that is not its own or its neighbours'."""
    sparse = not in_common(policy)
    whole = play(policy, Watcher(Scene(lengths=CROWD, sparse=sparse)))
    for neuron in range(0, CROWD["J"], 4):
        scene = Scene(lengths=CROWD, sparse=sparse, alike=neuron)
        for name, answer in play(policy, Watcher(scene)).items():
            picks = scene.picks(neuron)
            if not alike(pick(answer.array, answer.axes, picks), pick(whole[name].array, answer.axes, picks)):
                raise NeuroNetError(
                    f"{policy!r}: {name} changes with what the neuron cannot see: "
                    "others of its layer, and those to whom it is not connected"
                )
