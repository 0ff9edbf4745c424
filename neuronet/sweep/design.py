"""Design of a sweep: fixed fields of a run, and the values of the others."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from neuronet.core import MAX_SEED, ConfigurationError, NeuroNetError, check_number, check_seed, unknown_name_error
from neuronet.training import RunConfig, read_options

GRID, RANDOM, PAIRED, SEEDS, CURVES = "grid", "random", "paired", "seeds", "curves"

EXCLUDED_FIELDS = {
    "replicas": "seeds says from how many seeds each setting is played",
    "checkpoint_every": "each cell is kept when it is done",
    "patience": "each run is evaluated at its end; neuronet run stops early",
    "monitor": "each run is evaluated at its end; neuronet run stops early",
}
"""Fields of a run that a sweep does not take, and the reason."""

LIST_FIELDS = ("policy", *(name for name, field in RunConfig.model_fields.items() if "tuple" in str(field.annotation)))
"""Fields that take a list as one value, such as the sizes of the hidden layers."""

MAX_CELLS = 1_000_000
"""Largest number of runs of a design."""

Setting = dict[str, Any]
"""Fields of a run and their values."""


@dataclass(frozen=True)
class Range:
    """Range of numbers to draw from, uniformly.

    Attributes:
        low: Lower bound.
        high: Upper bound (> low). If both are integers, integers are drawn, including `high`.
        log: Whether logarithms are uniform (low > 0).
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if self.log:
            check_number("low", self.low, 0.0, above=True)
        elif isinstance(self.low, bool) or not isinstance(self.low, int | float) or not math.isfinite(self.low):
            raise ConfigurationError(f"low must be a finite number, got {self.low!r}")
        check_number("high", self.high, self.low, above=True)
        if not isinstance(self.log, bool):
            raise ConfigurationError(f"log must be true or false, got {self.log!r}")

    def quantile(self, fraction: float) -> float:
        """Return a quantile of the distribution.

        Args:
            fraction: 0 <= fraction < 1.
        """
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        low, high = float(self.low), float(self.high) + whole
        number = low * (high / low) ** fraction if self.log else low + (high - low) * fraction
        return min(int(self.high), math.floor(number)) if whole else min(float(self.high), number)


@dataclass(frozen=True)
class Choices:
    """Values to draw from, with equal probabilities.

    Attributes:
        values: At least one.
    """

    values: tuple[Any, ...]

    def quantile(self, fraction: float) -> Any:
        """Return a quantile of the distribution, in the order of the values."""
        return self.values[int(fraction * len(self.values))]


@dataclass(frozen=True)
class Design:
    """Design of a sweep: every point of the grid, with every row of pairs, every draw and every seed.

    Attributes:
        fixed: Fields with one value.
        grid: Fields with values that are combined in every way.
        paired: Fields with values that belong together row by row.
        drawn: Fields that are drawn at random.
        draws: Number of draws.
        draw_seed: Seed of the draws; a larger number of draws begins with the same ones.
        seeds: Seeds of every setting.
        curves: Whether every cell is measured after each epoch, not after the last alone.
    """

    fixed: Setting
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    paired: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    drawn: Mapping[str, Range | Choices] = field(default_factory=dict)
    draws: int = 1
    draw_seed: int = 0
    seeds: tuple[int, ...] = (0,)
    curves: bool = False

    @property
    def swept(self) -> tuple[str, ...]:
        """Fields with several values, without the seed."""
        return (*self.grid, *self.paired, *self.drawn)

    @property
    def size(self) -> int:
        """Number of runs, including duplicate draws."""
        rows = min((len(values) for values in self.paired.values()), default=1)
        return math.prod(map(len, self.grid.values())) * rows * (self.draws if self.drawn else 1) * len(self.seeds)

    def settings(self) -> Iterator[Setting]:
        """Yield the fields of every run without its seed, in order."""
        rows = [dict(zip(self.paired, row, strict=True)) for row in zip(*self.paired.values(), strict=True)] or [{}]
        draws = [self._draw(number) for number in range(self.draws if self.drawn else 1)]
        for point in product(*self.grid.values()):
            for row, draw in product(rows, draws):
                yield {**self.fixed, **dict(zip(self.grid, point, strict=True)), **row, **draw}

    def _draw(self, number: int) -> Setting:
        """Return a draw, which depends on the seed, its number and the name of each field only."""
        return {
            name: source.quantile(np.random.default_rng([self.draw_seed, number, *name.encode()]).random())
            for name, source in self.drawn.items()
        }


def read_design(path: str | Path) -> Design:
    """Return the design in a TOML file.

    Raises:
        NeuroNetError: The file is missing or broken, or the design is wrong.
    """
    return parse_design(read_options(path))


def parse_design(options: Mapping[str, Any]) -> Design:
    """Return the design in the content of a TOML file.

    Raises:
        ConfigurationError: A field is given twice, has no values, or is not possible.
        SpecError: A field is unknown.
    """
    sections = {name: _section(name, options.get(name, {})) for name in (GRID, PAIRED, RANDOM)}
    fixed = {name: value for name, value in options.items() if name not in (*sections, SEEDS, CURVES)}
    draws, draw_seed = sections[RANDOM].pop("draws", None), sections[RANDOM].pop("seed", 0)
    _check_fields(fixed, sections)
    if draws is None and sections[RANDOM]:
        raise ConfigurationError("[random] says what is drawn but not how often: add draws = 20")
    if draws is not None and not sections[RANDOM]:
        raise ConfigurationError("[random] says how often but not what is drawn: add learning_rate = { low = 0.001, high = 0.1 }")
    curves = options.get(CURVES, False)
    if not isinstance(curves, bool):
        raise ConfigurationError(f"curves must be true or false, got {curves!r}")
    check_number("draws in [random]", 1 if draws is None else draws, 1, whole=True)
    check_number("seed in [random]", draw_seed, 0, MAX_SEED, whole=True)
    pairs = {name: _values(PAIRED, name, value, unique=False) for name, value in sections[PAIRED].items()}
    _check_pairs(pairs)
    design = Design(
        fixed={name: value for name, value in fixed.items() if name != "seed"},
        grid={name: _values(GRID, name, value) for name, value in sections[GRID].items()},
        paired=pairs,
        drawn={name: _parse_distribution(name, value) for name, value in sections[RANDOM].items()},
        draws=draws or 1,
        draw_seed=draw_seed,
        seeds=_seeds(options.get(SEEDS, 1), fixed.get("seed")),
        curves=curves,
    )
    if design.size > MAX_CELLS:
        raise _too_many_cells_error(design.size)
    return design


def _too_many_cells_error(cells: int) -> ConfigurationError:
    return ConfigurationError(
        f"a sweep may have {MAX_CELLS:,} cells, this one has {cells:,} or more: leave some out, or draw at random"
    )


def _section(name: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"[{name}] must hold fields of a run, each with its values, got {given!r}")
    return dict(given)


def _check_fields(fixed: Setting, sections: Mapping[str, Setting]) -> None:
    known = [name for name in RunConfig.model_fields if name not in EXCLUDED_FIELDS]
    section_of: dict[str, str] = {}
    for section, names in {"the fixed fields": fixed, **{f"[{name}]": fields for name, fields in sections.items()}}.items():
        for name in names:
            if name in EXCLUDED_FIELDS:
                raise ConfigurationError(f"{name} is not a field of a sweep: {EXCLUDED_FIELDS[name]}")
            if name not in known:
                raise unknown_name_error(
                    f"field in {section}", name, [*known, *((SEEDS, CURVES, *sections) if names is fixed else ())]
                )
            if name == "seed" and names is not fixed:
                raise ConfigurationError(f"seed is in {section}: write seeds = 5, or seeds = [0, 7], above the sections")
            if names is fixed and name not in LIST_FIELDS and isinstance(names[name], (list, tuple)):
                where = "write seeds = " if name == "seed" else "put it under [grid]: "
                raise ConfigurationError(f"{name} stands above the sections with several values: {where}{list(names[name])!r}")
            if name in section_of:
                raise ConfigurationError(f"{name} is given twice, in {section_of[name]} and in {section}: leave one of them out")
            section_of[name] = section


def _values(section: str, name: str, given: Any, *, unique: bool = True) -> tuple[Any, ...]:
    """Return the values of a field; `unique` refuses duplicates."""
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence) or not given:
        raise ConfigurationError(f"{name} in [{section}] must be a list of values, got {given!r}")
    duplicate = _first_duplicate(given) if unique else None
    if duplicate is not None:
        raise ConfigurationError(f"{name} in [{section}] holds {given[duplicate]!r} twice")
    return tuple(given)


def _first_duplicate(values: Sequence[Any]) -> int | None:
    """Return the index of the first value that is equal to an earlier one."""
    texts = [json.dumps(value, default=str) for value in values]
    return next((index for index, text in enumerate(texts) if text in texts[:index]), None)


def _check_pairs(pairs: Mapping[str, tuple[Any, ...]]) -> None:
    counts = {name: len(values) for name, values in pairs.items()}
    if len(set(counts.values())) > 1:
        details = " and ".join(f"{name} has {count}" for name, count in counts.items())
        raise ConfigurationError(f"fields in [paired] must have equally many values: {details}")
    rows = list(zip(*pairs.values(), strict=True))
    duplicate = _first_duplicate(rows)
    if duplicate is not None:
        raise ConfigurationError(f"[paired] holds {dict(zip(pairs, rows[duplicate], strict=True))} twice")


def _parse_distribution(name: str, given: Any) -> Range | Choices:
    if not isinstance(given, Mapping):
        if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
            what = "a range such as { low = 0.001, high = 0.1, log = true } or a list of choices"
            raise ConfigurationError(f"{name} in [random] must be {what}, got {given!r}")
        return Choices(_values(RANDOM, name, given))
    unknown_key = next((key for key in given if key not in ("low", "high", "log")), None)
    missing = next((key for key in ("low", "high") if key not in given), None)
    if unknown_key is not None or missing is not None:
        details = f"has no {missing}" if unknown_key is None else f"has an unknown '{unknown_key}'"
        raise ConfigurationError(f"{name} in [random] {details}: a range is {{ low = 0.001, high = 0.1, log = true }}")
    try:
        return Range(**given)
    except NeuroNetError as error:
        raise ConfigurationError(f"{name} in [random]: {error}") from None


def _seeds(given: Any, first: Any) -> tuple[int, ...]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        if first is not None:
            raise ConfigurationError("seed is given, and seeds is a list: leave seed out, or write seeds = 5 for five seeds")
        duplicate = _first_duplicate(given)
        if not given or duplicate is not None:
            raise ConfigurationError(f"seeds must be how many, or a list of them, each once, got {list(given)!r}")
        return tuple(check_seed(seed) for seed in given)
    check_number("seeds", given, 1, whole=True)
    if given > MAX_CELLS:
        raise _too_many_cells_error(given)
    start = 0 if first is None else first
    check_seed(start)
    check_seed(start + given - 1)
    return tuple(range(start, start + given))
