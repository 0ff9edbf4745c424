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
from neuronet.core.policy import OPTIONAL_FIELDS, Policy, check_axes, shared_memory_names
from neuronet.core.random_streams import Purpose, generator, pick
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.registry import build_network
from neuronet.testing.reference_rounds import HookOutput, first_line, play
from neuronet.testing.synthetic_layer import META, NUMPY, OTHER_LIBRARIES, LayerView, Library, SyntheticLayer
from neuronet.testing.traits import check_traits, is_close

ENGINE_TOLERANCE = 1e-9
ROUND_TOLERANCE = 1e-12
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
    whole = play(policy, LayerView(SyntheticLayer()), watch=True)
    _check_repeatable(policy, whole)
    _check_single_neurons(policy)
    _check_replicas(policy)
    _check_feedback_weights(policy)
    check_traits(policy)
    _check_zero_inputs(policy)
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
    needs, memory_axes = policy.needs, policy.memory_axes
    if not isinstance(needs, frozenset) or not needs <= OPTIONAL_FIELDS:
        allowed = ", ".join(sorted(OPTIONAL_FIELDS))
        raise NeuroNetError(f"{policy!r}: needs must be a frozenset of words among {allowed}, got {needs!r}")
    if not isinstance(memory_axes, Mapping):
        raise NeuroNetError(f"{policy!r}: memory_axes must map names to axes, such as {{'income': 'JS'}}, got {memory_axes!r}")
    for name, axes in memory_axes.items():
        if not isinstance(name, str) or not isinstance(axes, str):
            raise NeuroNetError(f"{policy!r}: memory {name!r} must have axes among J, K, I, S, O, got {axes!r}")
        try:
            check_axes(name, axes)
        except NeuroNetError as error:
            raise NeuroNetError(f"{policy!r}: {error}") from None


def _check_repeatable(policy: Policy, first: Mapping[str, HookOutput]) -> None:
    play(policy, LayerView(SyntheticLayer((2,))))  # whatever it may have learnt from other neurons it must not use again
    again = play(policy, LayerView(SyntheticLayer()))
    for name, answer in first.items():
        if not np.array_equal(answer.array, again[name].array):
            raise NeuroNetError(
                f"{policy!r}: {name} differs when asked again: keep nothing on self, and take random numbers from obs.draws alone"
            )
    own = {field.name for field in dataclasses.fields(policy)}  # type: ignore[arg-type]
    cached = {name for cls in type(policy).__mro__ for name, value in vars(cls).items() if isinstance(value, cached_property)}
    kept = sorted(set(vars(policy)) - own - cached) if hasattr(policy, "__dict__") else []
    if kept:
        raise NeuroNetError(f"{policy!r} keeps '{kept[0]}' on self: declare it in memory_axes and return it from remember")


def _check_single_neurons(policy: Policy) -> None:
    """Each neuron's answers are the same in its layer and alone, and whether or not others could have listened."""
    dense = (SyntheticLayer(), "looks at other neurons of its layer: J = 1 must answer as the whole layer does")
    sparse = (
        SyntheticLayer(sparse=True),
        "depends on those who are not connected: nobody may count where obs.listener_mask is 0",
    )
    for synthetic, message in (dense,) if shared_memory_names(policy) else (dense, sparse):
        whole = play(policy, LayerView(synthetic))
        for neuron in range(synthetic.lengths["J"]):
            picks = synthetic.picks(neuron)
            alone = play(policy, LayerView(synthetic, picks=picks))
            expected = {name: pick(answer.array, answer.axes, picks) for name, answer in whole.items()}
            _check_same(policy, alone, expected, message)


def _check_replicas(policy: Policy) -> None:
    synthetic = SyntheticLayer((1, 2, 3))
    stacked = play(policy, LayerView(synthetic))
    for place, seed in enumerate(synthetic.seeds):
        single = play(policy, LayerView(SyntheticLayer((seed,))))
        message = "mixes leading axes: count axes from the end, such as axis=-1"
        _check_same(policy, single, {name: answer.array[place] for name, answer in stacked.items()}, message)


def _check_feedback_weights(policy: Policy) -> None:
    """What a linear policy weighs by is the same in whatever order the samples come: engines multiply all of them by it."""
    if not policy.linear:
        return
    first = "feedback_weights in round 0"
    forwards, reversed_samples = (play(policy, LayerView(SyntheticLayer(reversed_samples=way)))[first] for way in (False, True))
    _check_same(
        policy,
        {first: reversed_samples},
        {first: forwards.array},
        "depends on the order of the samples: it may not look at single ones",
    )


def _check_same(policy: Policy, answers: Mapping[str, HookOutput], expected: Mapping[str, Array], otherwise: str) -> None:
    for name, answer in answers.items():
        if not is_close(answer.array, expected[name]):
            raise NeuroNetError(f"{policy!r}: {name} {otherwise}")


def _check_zero_inputs(policy: Policy) -> None:
    for zero_fields in (("attention",), ("demand", "broadcast", "reward", "intention", "change"), ("potential",)):
        with _error_context(f"where every {zero_fields[0]} is 0"):
            play(policy, LayerView(SyntheticLayer(zero_fields=zero_fields)))


def _check_libraries(policy: Policy, expected: Mapping[str, HookOutput]) -> None:
    for library in OTHER_LIBRARIES:
        answers = play(policy, LayerView(SyntheticLayer(), library))
        if "64" in str(library.dtype):
            _check_values(policy, library, answers, expected)
    with _error_context("its arrays have no values: nothing may branch on a value or leave the device"):
        play(policy, LayerView(SyntheticLayer(), META))


def _check_values(
    policy: Policy, library: Library, answers: Mapping[str, HookOutput], expected: Mapping[str, HookOutput]
) -> None:
    for name, answer in answers.items():
        if not is_close(library.values(answer.array), expected[name].array):
            raise NeuroNetError(f"{policy!r}: {name} is another one on {library.name} than on {NUMPY.name}: use obs.xp alone")


@contextmanager
def _error_context(where: str) -> Iterator[None]:
    """Say where a check went wrong."""
    try:
        yield
    except NeuroNetError as error:
        raise NeuroNetError(f"{error} ({where})") from error


def _check_engines(policy: Policy) -> None:
    rng = generator(0, Purpose.DATA)
    samples = Samples(rng.standard_normal((12, 6)), rng.integers(0, 3, 12))
    for connectivity in ("dense",) if shared_memory_names(policy) else ("dense", "sparse(0.5)"):
        network = build_network((6, 5, 4, 3), connectivity=connectivity, activation="tanh", seed=1)
        setup = Setup(network, policy, learning_rate=0.05, seed=1)
        for resync, limit in ((False, ENGINE_TOLERANCE), (True, ROUND_TOLERANCE)):
            try:
                with np.errstate(all="ignore"):
                    parity = compare(setup, samples, batch_size=5, rounds=6, resync=resync)
            except Exception as error:
                raise NeuroNetError(f"{policy!r} fails in play on a {connectivity} network: {first_line(error)}") from error
            if not parity.largest <= limit:
                raise NeuroNetError(
                    f"{policy!r}: on a {connectivity} network the engines differ by {parity.largest:.1e} in {parity.worst}: "
                    "it must look at nothing but obs and memory"
                )
