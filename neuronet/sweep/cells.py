"""Cells of a sweep: the runs of a design, all checked before the first one starts, and the groups that run together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Any

from neuronet.core import ConfigurationError, NeuroNetError
from neuronet.engines.tensors import MAX_BATCHED_WORK, resolve_device
from neuronet.registry import parse_environment
from neuronet.sweep.design import Design
from neuronet.sweep.environment_info import EnvironmentInfo
from neuronet.training import SECONDS_PER_CONNECTION, SECONDS_PER_NEURON, RunConfig, make_config, select_engine

BATCHABLE_FIELDS = {"seed", "learning_rate"}
"""Fields in which cells that run together may differ."""

SECONDS_PER_LAYER = 1e-4
"""Estimated seconds of the tensor engine for a layer of any size, in a round."""

SECONDS_PER_PRODUCT = 3e-10
"""Estimated seconds of the tensor engine for a multiplication, and the two of learning."""


@dataclass(frozen=True)
class Cell:
    """Run of a sweep.

    Attributes:
        number: Its number in the plan, from 1.
        config: Its configuration.
        options: Fields of the configuration that differ from the defaults, as plain data.
        swept: Values of the swept fields and the seed, as they appear in the table.
    """

    number: int
    config: RunConfig
    options: Mapping[str, Any]
    swept: Mapping[str, Any]

    def __str__(self) -> str:
        return _cell_label(self.number, self.swept)

    @cached_property
    def key(self) -> str:
        """Hash of the options."""
        return sha256(json.dumps(self.options, sort_keys=True).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Plan:
    """Plan of a sweep.

    Attributes:
        cells: Its cells without duplicates, in order.
        columns: Swept fields, with the seed last.
        duplicates: Number of settings that were equal to an earlier one.
        curves: Whether every cell is measured after each epoch.
    """

    cells: tuple[Cell, ...]
    columns: tuple[str, ...]
    duplicates: int
    curves: bool = False

    @property
    def has_traces(self) -> bool:
        """Whether neurons of a cell are traced."""
        return any(cell.config.trace for cell in self.cells)


def make_plan(design: Design) -> Plan:
    """Return the cells of a design, all checked.

    Raises:
        ConfigurationError: A cell is not possible; the sentence names the cell and the field.
    """
    columns = (*design.swept, "seed")
    cells: dict[str, Cell] = {}
    settings = list(design.settings())
    for setting in settings:
        try:
            config = _config(setting)
        except NeuroNetError as error:
            varied = {name: format_value(setting.get(name, design.seeds[0])) for name in columns}
            raise ConfigurationError(f"{_cell_label(len(cells) + 1, varied)}: {error}") from None
        plain = config.model_dump(mode="json")
        options = {name: value for name, value in plain.items() if value != _default_options()[name]}
        as_written: dict[str, Any] = {name: setting[name] for name in ("environment", "data_dir") if name in design.swept}
        swept = {name: format_value(as_written.get(name, plain[name])) for name in design.swept}
        for seed in design.seeds:
            cell_options = options | ({"seed": seed} if seed else {})
            cell = Cell(len(cells) + 1, config.model_copy(update={"seed": seed}), cell_options, {**swept, "seed": seed})
            cells.setdefault(cell.key, cell)
    return Plan(tuple(cells.values()), columns, len(settings) * len(design.seeds) - len(cells), design.curves)


@cache
def _default_options() -> dict[str, Any]:
    return make_config({"environment": ""}).model_dump(mode="json") | {"environment": None}


def _cell_label(number: int, swept: Mapping[str, Any]) -> str:
    return f"cell {number} ({', '.join(f'{name}={value}' for name, value in swept.items())})"


def format_value(value: Any) -> Any:
    """Return the value of a field as it appears in a table: a number, or a text."""
    if not isinstance(value, (list, tuple)):
        return value
    words = all(isinstance(item, str) for item in value)
    return (" | " if words and value else ",").join(str(item) for item in value) or "none"


def _config(options: Mapping[str, Any]) -> RunConfig:
    config = make_config(options)
    _check_environment(config.environment, *config.data_options.items())
    if config.engine == "auto":  # the quicker one: a sweep needs no inspection of neurons
        config = config.model_copy(update={"engine": "tensors" if config.update_schedule.is_layerwise else "agents"})
    select_engine(config, 0, 0, 0)  # refuses an engine that cannot do it
    return config.with_absolute_paths()


@cache
def _check_environment(environment: str, *options: tuple[str, Any]) -> None:
    parse_environment(environment, **dict(options))


def make_groups(cells: Sequence[Cell], max_group_size: int, batched: Callable[[RunConfig], bool]) -> list[tuple[Cell, ...]]:
    """Return the groups of cells that run together, as replicas: cells that differ in seed and learning rate only.

    When a sweep resumes without the groups that are done, the remaining cells form the same groups as before, since all groups
    but the last of a family are full.

    Args:
        cells: The cells to run.
        max_group_size: Largest size of a group.
        batched: Returns whether runs of a configuration are faster together.
    """
    families: dict[str, list[Cell]] = {}
    for cell in cells:
        family = json.dumps({name: value for name, value in cell.options.items() if name not in BATCHABLE_FIELDS}, sort_keys=True)
        families.setdefault(family, []).append(cell)
    groups = []
    for members in families.values():
        size = max_group_size if batched(members[0].config) else 1
        groups += [tuple(members[first : first + size]) for first in range(0, len(members), size)]
    return sorted(groups, key=lambda group: group[0].number)


def benefits_from_batching(config: RunConfig, environment_info: EnvironmentInfo) -> bool:
    """Return whether runs of a configuration are faster together: small layers on the tensor engine, or a GPU."""
    if config.engine != "tensors":
        return False
    sizes = (environment_info.inputs, *config.hidden, environment_info.outputs)
    return (
        config.batch_size * max(a * b for a, b in pairwise(sizes)) <= MAX_BATCHED_WORK or resolve_device(config.device) != "cpu"
    )


def estimated_seconds(group: Sequence[Cell], environment_info: EnvironmentInfo) -> float:
    """Return about how many seconds a group takes on one core."""
    config = group[0].config
    sizes = (environment_info.inputs, *config.hidden, environment_info.outputs)
    products = len(group) * config.batch_size * sum(a * b for a, b in pairwise(sizes))
    rounds = config.epochs * -(-environment_info.samples // config.batch_size)
    if config.engine == "agents":
        return rounds * (sum(sizes[1:]) * SECONDS_PER_NEURON + products * SECONDS_PER_CONNECTION)
    return rounds * (len(sizes) * SECONDS_PER_LAYER + products * SECONDS_PER_PRODUCT)
