"""The check of policies."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import numpy as np

from neuronet.core.array_types import Array
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import OPTIONAL_SIGHTS, Policy, check_axes, in_common
from neuronet.core.random_streams import Purpose, generator, pick
from neuronet.core.structure.network import build_network
from neuronet.engines.base.engine import Setup
from neuronet.engines.parity import compare
from neuronet.testing.reference_rounds import Answer, first_line, play
from neuronet.testing.synthetic_layer import NUMPY, OTHERS, SHAPES_ALONE, Library, Scene, Watcher
from neuronet.testing.traits import alike, check_traits

ENGINES_APART = 1e-9
ROUND_APART = 1e-12
"""How far the two engines may come apart in a few rounds, and in one."""


def check_policy(policy: Policy) -> None:
    """Check that a policy keeps the contract, so that it plays the same game on every engine.

    The policy is tried on made-up neurons, on numpy and torch in both precisions, on arrays that have a shape but no values, and
    on array-api-strict (left out if it is not installed); and it plays a few rounds on both engines.

    Checked are that it is a frozen dataclass and prints as its own configuration; that what it needs and keeps is well formed;
    that its answers have the right shape and precision, are finite, even without any attention or demand, and the same when it is
    asked again; that it writes into nothing it sees, and looks at nothing it did not ask for; that it treats every neuron by
    itself, whoever is beside it and whoever does not listen; that leading axes keep apart; and that it has the traits that it
    claims (`neuronet.core.policy_traits`): it draws random numbers if and only if it says so, remembers nothing but what it
    keeps, answers in its own way only the verbs that it lists, and is linear in the demands if it says so.

    Args:
        policy: The policy, with the parameters that are to be checked.

    Raises:
        NeuroNetError: It breaks the contract; the message says where.
    """
    if not isinstance(policy, Policy):
        raise NeuroNetError(f"{policy!r} is no policy: it must be an instance of a subclass of neuronet.Policy")
    _check_configuration(policy)
    _check_declarations(policy)
    whole = play(policy, Watcher(Scene()), watch=True)
    _check_repeatable(policy, whole)
    _check_alone(policy)
    _check_replicas(policy)
    _check_weighing(policy)
    check_traits(policy)
    _check_silence(policy)
    _check_libraries(policy, whole)
    _check_engines(policy)


def _check_configuration(policy: Policy) -> None:
    cls = type(policy)
    parameters = getattr(cls, "__dataclass_params__", None)
    if parameters is None:
        raise NeuroNetError(f"{cls.__name__} is no dataclass: write @dataclass(frozen=True) above it")
    if not parameters.frozen:
        raise NeuroNetError(f"{cls.__name__} can be changed: write @dataclass(frozen=True) above it")
    try:
        hash(policy)
    except TypeError as error:
        raise NeuroNetError(f"{cls.__name__} has no hash ({error}): its parameters must be numbers, words or policies") from None
    copy = dataclasses.replace(policy)  # type: ignore[type-var]
    if copy != policy or hash(copy) != hash(policy):
        raise NeuroNetError(f"{policy!r} differs from a copy of itself: leave equality and hash to the dataclass")
    text = repr(policy)
    names = {part.__name__: part for part in _classes(policy)}
    for part in _classes(policy):  # a class within a function prints with the function's name
        text = text.replace(part.__qualname__, part.__name__)
    try:
        read = eval(text, {"inf": float("inf"), "nan": float("nan"), **names})
    except Exception:
        read = None
    if read != policy:
        raise NeuroNetError(f"{text} does not print as its own configuration: leave its repr to the dataclass")


def _classes(policy: object) -> Iterator[type]:
    yield type(policy)
    for field in dataclasses.fields(policy):  # type: ignore[arg-type]
        value = getattr(policy, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if dataclasses.is_dataclass(each):
                yield from _classes(each)


def _check_declarations(policy: Policy) -> None:
    needs, keeps = policy.needs, policy.keeps
    if not isinstance(needs, frozenset) or not needs <= OPTIONAL_SIGHTS:
        allowed = ", ".join(sorted(OPTIONAL_SIGHTS))
        raise NeuroNetError(f"{policy!r}: needs must be a frozenset of words among {allowed}, got {needs!r}")
    if not isinstance(keeps, Mapping):
        raise NeuroNetError(f"{policy!r}: keeps must map names to axes, such as {{'income': 'JS'}}, got {keeps!r}")
    for name, axes in keeps.items():
        if not isinstance(name, str) or not isinstance(axes, str):
            raise NeuroNetError(f"{policy!r}: memory {name!r} must have axes among J, K, I, S, O, got {axes!r}")
        try:
            check_axes(name, axes)
        except NeuroNetError as error:
            raise NeuroNetError(f"{policy!r}: {error}") from None


def _check_repeatable(policy: Policy, first: Mapping[str, Answer]) -> None:
    play(policy, Watcher(Scene((2,))))  # whatever it may have learnt from other neurons it must not use again
    again = play(policy, Watcher(Scene()))
    for name, answer in first.items():
        if not np.array_equal(answer.array, again[name].array):
            raise NeuroNetError(
                f"{policy!r}: {name} differs when asked again: keep nothing on self, and take chance from seen.draws alone"
            )
    own = {field.name for field in dataclasses.fields(policy)}  # type: ignore[arg-type]
    cached = {name for cls in type(policy).__mro__ for name, value in vars(cls).items() if isinstance(value, cached_property)}
    kept = sorted(set(vars(policy)) - own - cached) if hasattr(policy, "__dict__") else []
    if kept:
        raise NeuroNetError(f"{policy!r} keeps '{kept[0]}' on self: declare it in keeps and return it from remember")


def _check_alone(policy: Policy) -> None:
    """Each neuron's answers are the same in its layer and alone, and whether or not others could have listened."""
    layer = (Scene(), "looks at other neurons of its layer: J = 1 must answer as the whole layer does")
    sparse = (Scene(sparse=True), "depends on those who are not connected: nobody may count where seen.connected is 0")
    for scene, whose in (layer,) if in_common(policy) else (layer, sparse):
        whole = play(policy, Watcher(scene))
        for neuron in range(scene.lengths["J"]):
            picks = scene.picks(neuron)
            alone = play(policy, Watcher(scene, picks=picks))
            expected = {name: pick(answer.array, answer.axes, picks) for name, answer in whole.items()}
            _check_same(policy, alone, expected, whose)


def _check_replicas(policy: Policy) -> None:
    scene = Scene((1, 2, 3))
    stacked = play(policy, Watcher(scene))
    for place, seed in enumerate(scene.seeds):
        single = play(policy, Watcher(Scene((seed,))))
        whose = "mixes leading axes: count axes from the end, such as axis=-1"
        _check_same(policy, single, {name: answer.array[place] for name, answer in stacked.items()}, whose)


def _check_weighing(policy: Policy) -> None:
    """What a linear policy weighs by is the same in whatever order the samples come: engines multiply all of them by it."""
    if not policy.linear:
        return
    first = "weighing in round 0"
    forwards, backwards = (play(policy, Watcher(Scene(backwards=way)))[first] for way in (False, True))
    _check_same(
        policy, {first: backwards}, {first: forwards.array}, "depends on the order of the samples: it may not look at single ones"
    )


def _check_same(policy: Policy, answers: Mapping[str, Answer], expected: Mapping[str, Array], otherwise: str) -> None:
    for name, answer in answers.items():
        if not alike(answer.array, expected[name]):
            raise NeuroNetError(f"{policy!r}: {name} {otherwise}")


def _check_silence(policy: Policy) -> None:
    for silent in (("attention",), ("demand", "broadcast", "reward", "intention", "change"), ("potential",)):
        with _blaming(f"where every {silent[0]} is 0"):
            play(policy, Watcher(Scene(silent=silent)))


def _check_libraries(policy: Policy, expected: Mapping[str, Answer]) -> None:
    for library in OTHERS:
        answers = play(policy, Watcher(Scene(), library))
        if "64" in str(library.dtype):
            _check_values(policy, library, answers, expected)
    with _blaming("its arrays have no values: nothing may branch on a value or leave the device"):
        play(policy, Watcher(Scene(), SHAPES_ALONE))


def _check_values(policy: Policy, library: Library, answers: Mapping[str, Answer], expected: Mapping[str, Answer]) -> None:
    for name, answer in answers.items():
        if not alike(library.values(answer.array), expected[name].array):
            raise NeuroNetError(f"{policy!r}: {name} is another one on {library.name} than on {NUMPY.name}: use seen.xp alone")


@contextmanager
def _blaming(where: str) -> Iterator[None]:
    """Say where a check went wrong."""
    try:
        yield
    except NeuroNetError as error:
        raise NeuroNetError(f"{error} ({where})") from error


def _check_engines(policy: Policy) -> None:
    chance = generator(0, Purpose.DATA)
    samples = Samples(chance.standard_normal((12, 6)), chance.integers(0, 3, 12))
    for wiring in ("dense",) if in_common(policy) else ("dense", "sparse(0.5)"):
        network = build_network((6, 5, 4, 3), wiring=wiring, activation="tanh", seed=1)
        setup = Setup(network, policy, learning_rate=0.05, seed=1)
        for resync, limit in ((False, ENGINES_APART), (True, ROUND_APART)):
            try:
                with np.errstate(all="ignore"):
                    apart = compare(setup, samples, batch_size=5, rounds=6, resync=resync)
            except Exception as error:
                raise NeuroNetError(f"{policy!r} fails in play on a {wiring} network: {first_line(error)}") from error
            if not apart.largest <= limit:
                raise NeuroNetError(
                    f"{policy!r}: on a {wiring} network the engines differ by {apart.largest:.1e} in {apart.worst}: "
                    "it must look at nothing but seen and memory"
                )
