"""Models in files: numbers and text of a safetensors file; reading one runs no code of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.channels import ChannelAt
from neuronet.core import (
    PAYOFFS,
    Access,
    Column,
    ConfigurationError,
    CrossEntropy,
    DataError,
    Encoding,
    Group,
    NeuroNetError,
    Scaling,
    SquaredError,
    Standardisation,
    StateError,
    named_path,
    parse_json,
    record_access,
)
from neuronet.engines.base import Setup, State
from neuronet.models.parts import ModelParts
from neuronet.policies import AttentionSeeking
from neuronet.recording import MODEL, StudyStore, network_from_arrays, network_to_arrays, reading
from neuronet.registry import as_channels, format_channel, parse_policy, spec_of

FORMAT = "neuronet-model-1"
"""Version of the file."""

SUFFIX = ".safetensors"

NETWORK, STATE, SCALING, TARGETS, CONFUSION = "network.", "state.", "scaling.", "targets.", "confusion"

Arrays = dict[str, NDArray[Any]]


def save_parts(model: ModelParts, path: str | Path) -> Path:
    """Write a model to a .safetensors file and return its path.

    Raises:
        ConfigurationError: The name ends differently, or a policy or channel that prediction needs cannot be written as text.
        DataError: The file cannot be written.
    """
    file = named_path("path", path)
    if file.suffix != SUFFIX:
        raise ConfigurationError(f"a model is saved in a {SUFFIX} file, got '{file.name}'")
    arrays, metadata = model_to_arrays(model)
    StudyStore(file.parent, "model").save_arrays(file.name, arrays, metadata)
    return file


def load_parts(path: str | Path, *, trust: bool = False) -> ModelParts:
    """Return the parts of the model in a file, or in the folder of a run; arguments and errors are those of `neuronet.load`."""
    given = named_path("path", path)
    file = given / MODEL if given.is_dir() else given
    if not file.is_file():
        raise DataError(f"there is no trained model in '{given}': give the folder of a finished run, or a file that save() wrote")
    try:
        found = StudyStore(file.parent, "model").load_arrays(file.name)
    except StateError as error:
        if file.suffix != SUFFIX:
            raise DataError(
                f"'{file}' is no model file: give a {SUFFIX} file that save() wrote, or the folder of a finished run"
            ) from None
        raise DataError(str(error)) from None
    assert found is not None
    metadata, arrays = found
    if metadata.get("format") != FORMAT:
        raise DataError(f"'{file}' is not a model that this version can read")
    with reading(file, "model"):
        content = parse_json(metadata["model"])
        with record_access(Access.TRUSTED if trust else Access.LOOK):
            policies, channels = _parsed_policies(content["policies"]), as_channels(content["channels"])
        try:
            return _from_arrays(file, content, arrays, policies, channels)
        except NeuroNetError as error:
            raise DataError(f"'{file}' is broken: {error}") from None


def model_to_arrays(model: ModelParts) -> tuple[Arrays, dict[str, str]]:
    """Return the arrays and the metadata of a model's file.

    Raises:
        ConfigurationError: A policy or channel that prediction needs cannot be written as text.
    """
    setup, encoding = model.setup, model.encoding
    network_arrays, network_metadata = network_to_arrays(model.setup.network)
    arrays = {f"{NETWORK}{name}": array for name, array in network_arrays.items()}
    if model.state is not None:
        arrays |= {f"{STATE}{name}": array for name, array in model.state.to_arrays().items()}
    for prefix, scaling in ((SCALING, encoding.scaling), (TARGETS, encoding.targets)):
        if scaling is not None:
            arrays |= {f"{prefix}{name}": np.asarray(array) for name, array in vars(scaling).items()}
    if model.confusion is not None:
        arrays[CONFUSION] = model.confusion
    content = {
        "activations": network_metadata["activations"],
        "payoff": next((name for name, cls in PAYOFFS.items() if cls is type(setup.payoff)), None),
        "seed": setup.seed,
        "dtype": setup.dtype,
        "silent": sorted(setup.silent),
        "channels": [format_channel(channel, all_parameters=True) for channel in setup.channels],
        "policies": None if model.state is None else _policies(setup),
        "round": model.round,
        "inputs": encoding.inputs,
        "features": list(encoding.features),
        "columns": [vars(column) for column in encoding.columns],
        "unseen": encoding.unseen,
        "classes": None if encoding.classes is None else encoding.classes.tolist(),
        "facts": dict(model.facts),
    }
    return arrays, {"format": FORMAT, "model": json.dumps(content)}


def _policies(setup: Setup) -> list[list[tuple[str, list[int]]]]:
    """Return spec and members of each group of each layer."""
    layers = []
    for layer in range(1, len(setup.network.sizes)):
        groups = []
        for group in setup.groups(layer):
            spec = spec_of(group.policy, all_parameters=True)
            if spec is None:
                raise ConfigurationError(f"{group.policy!r} cannot be written as text, so that its model cannot be saved")
            groups.append((spec, list(group.members)))
        layers.append(groups)
    return layers


def _parsed_policies(layers: Any) -> Any:
    """Return the groups of each layer; the policy without a voice where the file has none."""
    if layers is None:
        return AttentionSeeking()
    return [[Group(parse_policy(spec), tuple(members)) for spec, members in layer] for layer in layers]


def _from_arrays(
    file: Path, content: Mapping[str, Any], arrays: Arrays, policies: Any, channels: tuple[ChannelAt, ...]
) -> ModelParts:
    network = network_from_arrays(file, {"activations": content["activations"]}, _part(arrays, NETWORK))
    own = _part(arrays, STATE)
    classes = None if content["classes"] is None else np.array(content["classes"])
    payoff = PAYOFFS.get(content["payoff"], SquaredError if classes is None else CrossEntropy)()
    setup = Setup(
        network,
        policies,
        payoff=payoff,
        seed=content["seed"],
        dtype=content["dtype"],
        silent=frozenset(content["silent"]),
        channels=channels,
    )
    scaling, targets = (_scaling(_part(arrays, prefix)) for prefix in (SCALING, TARGETS))
    if isinstance(targets, Scaling):
        raise ValueError("targets have no factor")
    columns = tuple(Column(tuple(column["categories"]), column["fill"]) for column in content.get("columns", ()))
    unseen, features = content.get("unseen", "refuse"), tuple(content["features"])
    encoding = Encoding(int(content["inputs"]), scaling, features, classes, targets, columns, unseen)
    encoding.check_sizes(network.sizes[0], network.sizes[-1])
    state = State.from_arrays(int(content["round"]), own) if own else None
    return ModelParts(setup, encoding, int(content["round"]), state, content["facts"], arrays.get(CONFUSION))


def _part(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _scaling(arrays: Arrays) -> Scaling | Standardisation | None:
    if not arrays:
        return None
    return Scaling(**arrays) if "factor" in arrays else Standardisation(**arrays)
