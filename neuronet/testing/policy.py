"""Conformance check of policies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from neuronet.core import (
    OPTIONAL_FIELDS,
    Array,
    NeuroNetError,
    Policy,
    PolicyError,
    Purpose,
    Samples,
    Wrapper,
    check_axes,
    check_signatures,
    generator,
    pick,
    shared_memory_names,
)
from neuronet.engines.base import Setup
from neuronet.registry import build_network
from neuronet.testing.reference_rounds import HookOutput, first_line, play
from neuronet.testing.synthetic_layer import META, NUMPY, OTHER_LIBRARIES, LayerView, Library, SyntheticLayer
from neuronet.testing.traits import check_stochastic, check_traits, is_close

ENGINE_TOLERANCE = 1e-9
ROUND_TOLERANCE = 1e-12
"""Largest difference between the engines after a few rounds, and after one."""

SMALL_DEMAND = 1e-3
"""Factor of the demands of a second sparse layer, as small as those of a network: a policy may compare them with a threshold."""

LEARNING_RATE = 0.01
"""Small, so that no neuron saturates in these rounds: its slope would be the rounding of 1 - a^2, different in each engine."""


def check_policy(policy: Policy, *, log: Callable[[str], None] | None = None) -> None:
    """Check that a policy satisfies its contract, so that it gives the same numbers on every engine.

    The policy is tried on synthetic neurons, on numpy and torch in both precisions, on arrays that have a shape but no values,
    and on array-api-strict (if installed); and it plays a few rounds on both engines. The check covers:

    - it is a frozen dataclass that prints as its own configuration, with well-formed needs and memory axes;
    - its results have the right shape and precision, are finite, even without any attention or demand, and are repeatable;
    - it does not write into its arguments, and reads only declared fields;
    - neurons, and leading axes, are independent of each other, and unconnected neurons have no effect;
    - it has the traits that it claims (`neuronet.core.policy_traits`): stochastic, linear, its hooks and its memory.

    Args:
        policy: The policy, with the parameters to check.
        log: Called with the name of each part before it begins, such as print; the check takes about a second.

    Raises:
        PolicyError: It breaks the contract; the message says where.
    """
    if not isinstance(policy, Policy):
        raise PolicyError(f"{policy!r} is not a policy: expected an instance of neuronet.Policy")
    whole: dict[str, HookOutput] = {}
    parts: dict[str, Callable[[], object]] = {
        "the class": lambda: _check_configuration(policy),
        "declarations": lambda: _check_declarations(policy),
        "results": lambda: whole.update(play(policy, LayerView(SyntheticLayer()), watch=True)),
        "repetition": lambda: _check_repeatable(policy, whole),
        "single neurons": lambda: _check_single_neurons(policy),
        "replicas": lambda: _check_replicas(policy),
        "order of samples": lambda: _check_feedback_weights(policy),
        "traits": lambda: check_traits(policy),
        "zeros": lambda: _check_zero_inputs(policy),
        "array libraries": lambda: _check_libraries(policy, whole),
        "both engines": lambda: _check_engines(policy),
    }
    for name, check in parts.items():
        if log is not None:
            log(f"checking {name}")
        check()


def quick_check(policy: Policy) -> None:
    """Check a part of the contract in about a tenth of a second: no engine, one array library, one neuron beside its layer.

    What an engine refuses in its first round is left to it: exceptions, and results of a wrong form.

    Args:
        policy: The policy, with the parameters to check.

    Raises:
        PolicyError: It breaks the contract; the message says where.
    """
    try:
        play(policy, LayerView(SyntheticLayer()))
    except PolicyError as error:
        if "is not finite" in str(error):
            raise
        return
    _check_configuration(policy)
    _check_declarations(policy)
    view = LayerView(SyntheticLayer())
    whole = play(policy, view, watch=True)
    check_stochastic(policy, view)
    _check_repeatable(policy, whole)
    _check_single_neurons(policy, neurons=1)
    _check_replicas(policy)
    _check_zero_inputs(policy)


def _check_configuration(policy: Policy) -> None:
    cls = type(policy)
    parameters = getattr(cls, "__dataclass_params__", None)
    if parameters is None:
        raise PolicyError(f"{cls.__name__} is not a dataclass: write @dataclass(frozen=True) above it")
    if not parameters.frozen:
        raise PolicyError(f"{cls.__name__} is mutable: write @dataclass(frozen=True) above it")
    try:
        hash(policy)
    except TypeError as error:
        raise PolicyError(f"{cls.__name__} has no hash ({error}): its parameters must be numbers, strings or policies") from None
    instance: Any = policy
    copy = dataclasses.replace(instance)
    if copy != policy or hash(copy) != hash(policy):
        raise PolicyError(f"{policy!r} differs from a copy of itself: use the dataclass's equality and hash")
    text = repr(policy)
    names = {part.__name__: part for part in _classes(policy)}
    for part in _classes(policy):  # the repr of a class in a function has the function's name
        text = text.replace(part.__qualname__, part.__name__)
    try:
        read = eval(text, {"inf": float("inf"), "nan": float("nan"), **names})
    except Exception:
        read = None
    if read != policy:
        raise PolicyError(f"{text} does not print as its own configuration: use the dataclass's repr")


def _classes(policy: Any) -> Iterator[type]:
    yield type(policy)
    for field in dataclasses.fields(policy):
        value = getattr(policy, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if dataclasses.is_dataclass(part):
                yield from _classes(part)


def _check_declarations(policy: Policy) -> None:
    check_signatures(policy)
    needs, memory_axes = policy.needs, policy.memory_axes
    if not isinstance(needs, frozenset) or not needs <= OPTIONAL_FIELDS:
        allowed = ", ".join(sorted(OPTIONAL_FIELDS))
        raise PolicyError(f"{policy!r}: needs must be a frozenset of names among {allowed}, got {needs!r}")
    if not isinstance(memory_axes, Mapping):
        raise PolicyError(f"{policy!r}: memory_axes must map names to axes, such as {{'income': 'JS'}}, got {memory_axes!r}")
    for name, axes in memory_axes.items():
        if not isinstance(name, str) or not isinstance(axes, str):
            raise PolicyError(f"{policy!r}: memory {name!r} must have axes among J, K, I, S, O, got {axes!r}")
        try:
            check_axes(name, axes)
        except NeuroNetError as error:
            raise PolicyError(f"{policy!r}: {error}") from None
    base: type[Policy] = Wrapper if isinstance(policy, Wrapper) else Policy
    own = policy.own_memory_axes if isinstance(policy, Wrapper) else memory_axes
    if own and all(getattr(type(policy), hook) is getattr(base, hook) for hook in ("initial_memory", "remember")):
        names = ", ".join(f"'{name}'" for name in own)
        raise PolicyError(f"{policy!r} declares memory that is always zero, {names}: is remember missing?")


def _check_repeatable(policy: Policy, first: Mapping[str, HookOutput]) -> None:
    play(policy, LayerView(SyntheticLayer((2,))))  # a policy must not use what it has seen of other neurons
    again = play(policy, LayerView(SyntheticLayer()))
    for name, answer in first.items():
        if not np.array_equal(answer.array, again[name].array):
            raise PolicyError(
                f"{policy!r}: {name} differs when repeated: store nothing on self, and take random numbers from obs.draws alone"
            )
    instance: Any = policy
    parameters = {field.name for field in dataclasses.fields(instance)}
    cached = {name for cls in type(policy).__mro__ for name, value in vars(cls).items() if isinstance(value, cached_property)}
    stored = sorted(set(vars(policy)) - parameters - cached) if hasattr(policy, "__dict__") else []
    if stored:
        raise PolicyError(f"{policy!r} stores '{stored[0]}' on self: declare it in memory_axes and return it from remember")


def _check_single_neurons(policy: Policy, neurons: int | None = None) -> None:
    """Check that a neuron's results are the same in its layer and alone, with and without unconnected neurons."""
    dense = SyntheticLayer()
    sparse = (SyntheticLayer(sparse=True), SyntheticLayer(sparse=True, demand_scale=SMALL_DEMAND))
    for synthetic in (dense,) if shared_memory_names(policy) else (dense, *sparse):
        whole = play(policy, LayerView(synthetic))
        for neuron in range(neurons or synthetic.lengths["J"]):
            picks = synthetic.picks(neuron)
            expected = {name: pick(answer.array, answer.axes, picks) for name, answer in whole.items()}
            for name, answer in play(policy, LayerView(synthetic, picks=picks)).items():
                if not is_close(answer.array, expected[name]):
                    raise PolicyError(f"{policy!r}: {_why_not_alone(policy, synthetic, neuron, name, whole[name])}")


def _why_not_alone(policy: Policy, synthetic: SyntheticLayer, neuron: int, name: str, whole: HookOutput) -> str:
    """Return why a neuron's result differs in its layer and alone."""
    if not synthetic.sparse:
        return f"{name} depends on other neurons of its layer: J = 1 must give the same as the whole layer"
    what, mask = "neurons", "listener_mask"
    for axes, seen, other in (("K", "listeners", "listener_mask"), ("SI", "speakers", "synapse_mask")):
        picks = {axis: part for axis, part in synthetic.picks(neuron).items() if axis not in axes}
        answer = play(policy, LayerView(synthetic, picks=picks))[name]
        if is_close(answer.array, pick(whole.array, whole.axes, picks)):
            what, mask = seen, other  # alone, but with all of these, it gives the same
            break
    memory = name.partition("memory ")[2].rstrip(",")
    if memory:
        return f"the memory {memory} counts {what} that are not connected: multiply by obs.{mask}"
    return f"{name} depends on unconnected neurons: ignore entries where obs.{mask} is 0"


def _check_replicas(policy: Policy) -> None:
    synthetic = SyntheticLayer((1, 2, 3))
    with _error_context("with several replicas arrays have a leading axis: use axis=-2, keepdims=True"):
        stacked = play(policy, LayerView(synthetic))
    for index, seed in enumerate(synthetic.seeds):
        single = play(policy, LayerView(SyntheticLayer((seed,))))
        message = "mixes leading axes: with several replicas arrays have a leading axis: use axis=-2, keepdims=True"
        _check_same(policy, single, {name: answer.array[index] for name, answer in stacked.items()}, message)


def _check_feedback_weights(policy: Policy) -> None:
    """Check that feedback weights do not depend on the order of samples, since engines use one matrix for all of them."""
    if not policy.linear:
        return
    name = "feedback_weights in round 0"
    forwards, backwards = (play(policy, LayerView(SyntheticLayer(reversed_samples=flag)))[name] for flag in (False, True))
    message = "depends on the order of the samples: it must not depend on single samples"
    _check_same(policy, {name: backwards}, {name: forwards.array}, message)


def _check_same(policy: Policy, answers: Mapping[str, HookOutput], expected: Mapping[str, Array], otherwise: str) -> None:
    for name, answer in answers.items():
        if not is_close(answer.array, expected[name]):
            raise PolicyError(f"{policy!r}: {name} {otherwise}")


def _check_zero_inputs(policy: Policy) -> None:
    for zero_fields in (("attention",), ("demand", "broadcast", "reward", "intention", "change"), ("potential",)):
        with _error_context(f"if every {zero_fields[0]} is 0"):
            play(policy, LayerView(SyntheticLayer(zero_fields=zero_fields)))


def _check_libraries(policy: Policy, expected: Mapping[str, HookOutput]) -> None:
    for library in OTHER_LIBRARIES:
        answers = play(policy, LayerView(SyntheticLayer(), library))
        if "64" in str(library.dtype):
            _check_values(policy, library, answers, expected)
    with _error_context("its arrays have no values: do not branch on values or leave the device"):
        play(policy, LayerView(SyntheticLayer(), META))


def _check_values(
    policy: Policy, library: Library, answers: Mapping[str, HookOutput], expected: Mapping[str, HookOutput]
) -> None:
    for name, answer in answers.items():
        if not is_close(library.values(answer.array), expected[name].array):
            raise PolicyError(f"{policy!r}: {name} differs between {library.name} and {NUMPY.name}: use obs.xp alone")


@contextmanager
def _error_context(where: str) -> Iterator[None]:
    """Add the context of a check to its error."""
    try:
        yield
    except NeuroNetError as error:
        raise PolicyError(f"{error} ({where})") from error


def _check_engines(policy: Policy) -> None:
    from neuronet.engines import compare  # loads Mesa

    rng = generator(0, Purpose.DATA)
    samples = Samples(rng.standard_normal((12, 6)), rng.integers(0, 3, 12))
    for connectivity in ("dense",) if shared_memory_names(policy) else ("dense", "sparse(0.5)"):
        network = build_network((6, 5, 4, 3), connectivity=connectivity, activation="tanh", seed=1)
        setup = Setup(network, policy, learning_rate=LEARNING_RATE, seed=1)
        for resync, limit in ((False, ENGINE_TOLERANCE), (True, ROUND_TOLERANCE)):
            try:
                with np.errstate(all="ignore"):
                    parity = compare(setup, samples, batch_size=5, rounds=6, resync=resync)
            except Exception as error:
                raise PolicyError(f"{policy!r} fails on a {connectivity} network: {first_line(error)}") from error
            if not parity.largest <= limit:
                hint = "it must depend on obs and memory alone"
                if connectivity != "dense":  # the dense network has passed
                    hint = "it counts neurons that are not connected: multiply by obs.listener_mask, or by obs.synapse_mask"
                where = f"on a {connectivity} network the engines differ by {parity.largest:.1e} in {parity.worst}"
                raise PolicyError(f"{policy!r}: {where}: {hint}")
