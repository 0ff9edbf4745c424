"""Conversion of torch modules to layers of neurons, and back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import torch
from torch import nn

from neuronet.conversion.broadcast import Broadcast
from neuronet.conversion.connectivity import Connectivity
from neuronet.conversion.layer_policy import LayerPolicy
from neuronet.conversion.layers import CONVERTED_TYPES, MEMORY, ORIGINAL_TYPES, PolicyLayer, connectivity_of
from neuronet.conversion.policy_group import PolicyGroup
from neuronet.conversion.rounds import ROUND, WAITING
from neuronet.core import (
    ConfigurationError,
    Group,
    Policy,
    Population,
    Shares,
    StateError,
    check_flag,
    check_number,
    check_seed,
    layer_groups,
    plug_in_errors,
    shown,
)
from neuronet.registry import parse_population

Module = TypeVar("Module", bound=nn.Module)
PolicySpec = str | Policy | Shares | Sequence[Group]
"""A policy or its spec, shares or their spec, or groups that share out the input of a layer."""


@plug_in_errors()
def convert(
    module: Module,
    policy: PolicySpec | Mapping[str, PolicySpec],
    *,
    seed: int = 0,
    learning_rate: float | None = None,
    outputs: int | None = None,
    inplace: bool = False,
) -> Module:
    """Return a torch module whose Linear and Conv layers backpropagate their neurons' feedback instead of the gradient.

    The forward pass is unchanged, and so are the gradients of weights and biases, given the demands that a layer receives. The
    gradient of a layer's input is the policy's feedback; operations between two layers are differentiated as usual.

    Args:
        module: Any module; its layers of exactly the types torch.nn.Linear, Conv1d, Conv2d and Conv3d are converted.
        policy: Policy for all these layers, as an object or a spec such as "greedy(top=3)"; or by patterns of the layers' names,
            such as `{"features.*": "attention(p=1)"}`: the first match decides, and layers without a match are not converted; the
            name of a layer stands for it alone. Shares such as "attention:0.9,free-rider:0.1" draw lots among the layer's input
            channels or features by the seed; groups share them out as they say.
        seed: Seed of all random numbers.
        learning_rate: Listeners' learning rate that policies with foresight use, above 0.
        outputs: Number of output neurons whose demands policies with a broadcast hear, 1 or more: the length of the last axis of
            what the module returns. Only these policies need it.
        inplace: Whether to change the module itself, so that its parameters stay the same objects; otherwise a copy.

    Raises:
        ConfigurationError: There is no such layer, a policy is not supported there, a value is out of range, or the module
            cannot be copied.
        SpecError: A spec cannot be parsed.
        PlugInError: A policy of the user's own raised an exception when it was tried.
    """
    check_seed(seed)
    if learning_rate is not None:
        check_number("learning_rate", learning_rate, 0, above=True)
    if outputs is not None:
        check_number("outputs", outputs, 1, whole=True)
    check_flag("inplace", inplace)
    _check_module(module)
    with torch.inference_mode(False):  # tensors that are made in inference mode cannot learn
        return _converted(module if inplace else _copied(module), policy, seed, learning_rate, outputs)


def _converted(converted: Module, policy: Any, seed: int, learning_rate: float | None, outputs: int | None) -> Module:
    """Convert the layers of a module, and return it."""
    broadcast = None if outputs is None else Broadcast(outputs)
    layer_policies: list[tuple[nn.Module, LayerPolicy]] = []
    for number, (layer, name, policy_spec) in enumerate(_assigned(converted, _parsed(policy))):
        if policy_spec is not None:
            connectivity = connectivity_of(layer, name)
            is_drawn = isinstance(policy_spec, Shares)
            given = _shared_out(policy_spec, connectivity, seed, number) if is_drawn else policy_spec
            groups = _policy_groups(given, connectivity, name, outputs)
            layer_policies.append((layer, LayerPolicy(connectivity, groups, name, number, seed, learning_rate, broadcast)))
            layer_policies[-1][1].check_scales()
    _convert_all(layer_policies)
    if broadcast is not None and any(layer_policy.needs_broadcast for _, layer_policy in layer_policies):
        converted.register_forward_hook(broadcast)
    return converted


def revert(module: Module, *, inplace: bool = False) -> Module:
    """Return the usual torch module: same layers and parameters, without policies and their memory.

    Args:
        module: Result of `convert`; other layers are unchanged.
        inplace: Whether to change the module itself; otherwise a copy.

    Raises:
        StateError: The class of a layer was changed after the conversion.
        ConfigurationError: It is no module, or cannot be copied.
    """
    check_flag("inplace", inplace)
    if not isinstance(module, nn.Module):
        raise ConfigurationError(f"revert takes a torch.nn.Module, got {type(module).__name__}")
    for name, layer in module.named_modules():
        if isinstance(layer, PolicyLayer) and type(layer) not in ORIGINAL_TYPES:
            raise StateError(f"the class of layer '{name}' was changed to {type(layer).__name__}: undo this, then revert")
    reverted = module if inplace else _copied(module)
    for layer in reverted.modules():
        Broadcast.remove_from(layer)
        if isinstance(layer, PolicyLayer):
            _undo(layer)
    return reverted


def _check_module(module: object) -> None:
    if not isinstance(module, nn.Module):
        raise ConfigurationError(f"convert takes a torch.nn.Module, got {type(module).__name__}")
    for name, layer in module.named_modules():
        if isinstance(layer, PolicyLayer):
            raise ConfigurationError(f"layer '{name}' is converted already: revert the module first")
        if isinstance(layer, nn.modules.lazy.LazyModuleMixin):
            raise ConfigurationError(f"lazy layer '{name}' has no shape yet: call the module on one batch, then convert it")


def _copied(module: Module) -> Module:
    """Return a copy of a module.

    Raises:
        ConfigurationError: torch cannot copy it, since a weight is computed from other parameters in each forward pass.
    """
    for name, layer in module.named_modules():
        for key, value in vars(layer).items():
            if isinstance(value, torch.Tensor) and value.grad_fn is not None:
                raise ConfigurationError(
                    f"torch cannot copy layer '{name}', whose {key} is computed (weight_norm, spectral_norm, prune): "
                    "use inplace=True, or torch.nn.utils.parametrizations"
                )
    return deepcopy(module)


def _assigned(module: nn.Module, policy: Any) -> list[tuple[nn.Module, str, PolicySpec | None]]:
    """Return every layer that can be converted, with its first name and its policy; None for no policy."""
    names: dict[nn.Module, list[str]] = {}
    for name, layer in module.named_modules(remove_duplicate=False):
        if type(layer) in CONVERTED_TYPES:
            names.setdefault(layer, []).append(name)
    if not names:
        raise ConfigurationError("nothing to convert: the module has no layer of type Linear, Conv1d, Conv2d or Conv3d")
    if not isinstance(policy, Mapping):
        return [(layer, aliases[0], policy) for layer, aliases in names.items()]
    if not policy:
        raise ConfigurationError("policy names no layer: give a policy, or one for each name or pattern of names")
    every = {name for aliases in names.values() for name in aliases}
    for pattern in policy:
        if not isinstance(pattern, str):
            raise ConfigurationError(f"policies are given by names of layers or patterns of them, as text, got {shown(pattern)}")
        if not any(_matches(name, pattern, every) for name in every):
            known = ", ".join(aliases[0] or "'' (the module itself)" for aliases in names.values())
            raise ConfigurationError(f"no layer matches '{pattern}': layers that can be converted are {known}")
    return [(layer, aliases[0], _first(policy, aliases, every)) for layer, aliases in names.items()]


def _parsed(policy: Any) -> Any:
    """Return the policies with their specs parsed."""
    if isinstance(policy, Mapping):
        return {pattern: _parsed(policy_spec) for pattern, policy_spec in policy.items()}
    given = parse_population(policy) if isinstance(policy, str) else policy
    if isinstance(given, Shares) and len(given.parts) == 1:
        return given.parts[0][0]
    if not isinstance(given, Policy | Shares) and (isinstance(given, type | Population) or not isinstance(given, Iterable)):
        expected = "a spec such as 'greedy(top=3)', a Policy, Shares, groups, or one of these for each name of a layer"
        raise ConfigurationError(f"policy must be {expected}, got {shown(given)}")
    return given


def _shared_out(shares: Any, connectivity: Connectivity, seed: int, number: int) -> Policy | tuple[Group, ...]:
    """Return the policies of a layer's neurons, drawn by the seed."""
    layer: Policy | tuple[Group, ...] = shares.layer(connectivity.groups * connectivity.speakers, seed, number)
    shares.check_shares_are_present((layer,))
    return layer


def _matches(name: str, pattern: str, every: Container[str]) -> bool:
    """Return whether a pattern matches a layer's name; a pattern that is the name of a layer stands for this layer alone."""
    return name == pattern if pattern in every else fnmatchcase(name, pattern)


def _first(policy: Mapping[str, PolicySpec], names: Iterable[str], every: Container[str]) -> PolicySpec | None:
    matching = (policy_spec for pattern, policy_spec in policy.items() if any(_matches(name, pattern, every) for name in names))
    return next(matching, None)


def _policy_groups(policy_spec: Any, connectivity: Connectivity, name: str, outputs: int | None) -> tuple[PolicyGroup, ...]:
    neurons = connectivity.groups * connectivity.speakers
    if not neurons and isinstance(policy_spec, Policy):
        return (PolicyGroup(policy_spec, None, MEMORY),)
    groups = layer_groups(policy_spec, neurons, f"'{name}'")
    if len(groups) > 1 and connectivity.groups > 1:
        raise ConfigurationError(f"layer '{name}' is a grouped convolution: all its input channels must follow one policy")
    if len(groups) == 1:
        policy_groups: tuple[PolicyGroup, ...] = (PolicyGroup(groups[0].policy, None, MEMORY),)
    else:
        policy_groups = tuple(PolicyGroup(group.policy, group.members, f"{MEMORY}{n}") for n, group in enumerate(groups))
    for group in policy_groups:
        group.check(outputs)
    return policy_groups


def _convert_all(layer_policies: Sequence[tuple[nn.Module, LayerPolicy]]) -> None:
    """Convert all these layers, or none if one fails."""
    done: list[nn.Module] = []
    try:
        for layer, layer_policy in layer_policies:
            done.append(layer)
            _convert(layer, layer_policy)
    except Exception:
        for layer in done:
            _undo(layer)
        raise


def _convert(layer: Any, layer_policy: LayerPolicy) -> None:
    weight = layer.weight.detach()
    layer.layer_policy = layer_policy
    with torch.no_grad():
        for name, array in layer_policy.start(weight).items():
            layer.register_buffer(name, array)
        layer.layer_policy = layer_policy.probe(layer, weight)
    if weight.is_meta and (layer.layer_policy.uses_randomness or any(name.startswith(MEMORY) for name in layer._buffers)):
        hint = "give the module its device and weights before"
        raise ConfigurationError(f"layer '{layer_policy.name}' is on the meta device, where memory has no values: {hint}")
    if layer.layer_policy.uses_randomness:
        layer.register_buffer(ROUND, torch.zeros((), dtype=torch.int64))
    layer.__class__ = CONVERTED_TYPES[type(layer)]


def _undo(layer: Any) -> None:
    """Undo any part of a conversion."""
    for name in [name for name in layer._buffers if name == ROUND or name.startswith(MEMORY)]:
        delattr(layer, name)
    for name in ("layer_policy", WAITING):
        layer.__dict__.pop(name, None)
    layer.__class__ = ORIGINAL_TYPES.get(type(layer), type(layer))
