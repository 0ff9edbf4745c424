"""Making the layers of a torch module layers of neurons, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any, TypeVar, cast

import torch
from torch import nn

from neuronet.conversion.connectivity import Connectivity
from neuronet.conversion.layer_policy import LayerPolicy
from neuronet.conversion.layers import CONVERTED_TYPES, MEMORY, ORIGINAL_TYPES, ROUND, PolicyLayer, connectivity_of
from neuronet.conversion.policy_group import PolicyGroup
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import check_seed
from neuronet.core.structure.population import Group, layer_groups

Module = TypeVar("Module", bound=nn.Module)
PolicySpec = Policy | Sequence[Group]
"""How the neurons at the input of a layer play: by one policy, or in groups that share the input out."""


def convert(
    module: Module,
    policy: PolicySpec | Mapping[str, PolicySpec],
    *,
    seed: int = 0,
    learning_rate: float | None = None,
    inplace: bool = False,
) -> Module:
    """A torch module whose Linear and Conv layers pass back their neurons' feedback instead of the gradient.

    The forward pass stays what it was, and so do the gradients of weights and biases, given the demands that a layer hears. The
    gradient of a layer's input is the policy's answer there; everything between two layers is differentiated as ever.

    Args:
        module: Any module; its layers of exactly the types torch.nn.Linear, Conv1d, Conv2d and Conv3d are converted.
        policy: For all these layers; or by patterns of the layers' names, such as `{"features.*": AttentionSeeking(p=1)}`: the
            first that matches decides, and layers that none matches stay ordinary. Instead of a policy there can be groups that
            share out the layer's input channels or features.
        seed: Of all chance.
        learning_rate: What the neurons take their listeners' learning rate to be, above 0; only foresighted ones ask for it.
        inplace: Whether to change the module itself, so that its parameters stay the same objects; otherwise a copy.

    Raises:
        NeuroNetError: There is no such layer, a policy cannot be played there, or something is out of range.
    """
    check_seed(seed)
    if learning_rate is not None:
        check_number("learning_rate", learning_rate, 0, above=True)
    _check_module(module)
    whole = module if inplace else deepcopy(module)
    made: list[tuple[nn.Module, LayerPolicy]] = []
    for number, (layer, name, policy_spec) in enumerate(_assigned(whole, policy)):
        if policy_spec is None:
            continue
        connectivity = connectivity_of(layer, name)
        layer_policy = LayerPolicy(
            connectivity, _policy_groups(policy_spec, connectivity, name), name, number, seed, learning_rate
        )
        made.append((layer, layer_policy))
    _convert_all(made)
    return whole


def revert(module: Module, *, inplace: bool = False) -> Module:
    """The ordinary torch module again: same layers and parameters, without policies and what they keep.

    Args:
        module: What `convert` has given; layers that are ordinary stay so.
        inplace: Whether to change the module itself; otherwise a copy.

    Raises:
        NeuroNetError: Something else has changed the class of a layer since then.
    """
    for name, layer in module.named_modules():
        if isinstance(layer, PolicyLayer) and type(layer) not in ORIGINAL_TYPES:
            raise NeuroNetError(
                f"the layer '{name}' is now a {type(layer).__name__}: undo what was done to it since, then revert"
            )
    whole = module if inplace else deepcopy(module)
    for layer in whole.modules():
        if isinstance(layer, PolicyLayer):
            _undo(layer)
    return whole


def _check_module(module: object) -> None:
    if not isinstance(module, nn.Module):
        raise NeuroNetError(f"convert takes a torch.nn.Module, got {type(module).__name__}")
    for name, layer in module.named_modules():
        if isinstance(layer, PolicyLayer):
            raise NeuroNetError(f"the layer '{name}' is converted already: revert the module first")
        if isinstance(layer, nn.modules.lazy.LazyModuleMixin):
            raise NeuroNetError(f"the layer '{name}' does not know its shape yet: show the module one batch, then convert it")


def _assigned(module: nn.Module, policy: Any) -> list[tuple[nn.Module, str, PolicySpec | None]]:
    """Every layer that can be converted, its first name, and how its input shall play; None for an ordinary layer."""
    names: dict[nn.Module, list[str]] = {}
    for name, layer in module.named_modules(remove_duplicate=False):
        if type(layer) in CONVERTED_TYPES:
            names.setdefault(layer, []).append(name)
    if not names:
        raise NeuroNetError("there is nothing to convert: the module has no layer of type Linear, Conv1d, Conv2d or Conv3d")
    if not isinstance(policy, Mapping):
        return [(layer, called[0], policy) for layer, called in names.items()]
    for pattern in policy:
        if not any(fnmatchcase(name, pattern) for called in names.values() for name in called):
            known = ", ".join(called[0] for called in names.values())
            raise NeuroNetError(f"no layer is called '{pattern}': those that can be converted are {known}")
    return [(layer, called[0], _first(policy, called)) for layer, called in names.items()]


def _first(policy: Mapping[str, PolicySpec], names: Iterable[str]) -> PolicySpec | None:
    matching = (policy_spec for pattern, policy_spec in policy.items() if any(fnmatchcase(name, pattern) for name in names))
    return next(matching, None)


def _policy_groups(policy_spec: Any, connectivity: Connectivity, name: str) -> tuple[PolicyGroup, ...]:
    neurons = connectivity.groups * connectivity.speakers
    groups = layer_groups(policy_spec, neurons, cast(Any, f"'{name}'"))  # a name serves as well as a number
    if len(groups) > 1 and connectivity.groups > 1:
        raise NeuroNetError(f"the layer '{name}' is a convolution in groups: all its input channels must follow one policy")
    if len(groups) == 1:
        policy_groups: tuple[PolicyGroup, ...] = (PolicyGroup(groups[0].policy, None, MEMORY),)
    else:
        policy_groups = tuple(PolicyGroup(group.policy, group.members, f"{MEMORY}{n}") for n, group in enumerate(groups))
    for each in policy_groups:
        each.check()
    return policy_groups


def _convert_all(made: Sequence[tuple[nn.Module, LayerPolicy]]) -> None:
    """Convert all these layers, or none if one cannot be."""
    done: list[nn.Module] = []
    try:
        for layer, layer_policy in made:
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
    if layer.layer_policy.uses_randomness:
        layer.register_buffer(ROUND, torch.zeros((), dtype=torch.int64))
    layer.__class__ = CONVERTED_TYPES[type(layer)]


def _undo(layer: Any) -> None:
    """Whatever has been done to it so far."""
    for name in [name for name in layer._buffers if name == ROUND or name.startswith(MEMORY)]:
        delattr(layer, name)
    layer.__dict__.pop("layer_policy", None)
    layer.__class__ = ORIGINAL_TYPES.get(type(layer), type(layer))
