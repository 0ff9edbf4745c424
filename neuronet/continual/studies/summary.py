"""Summary of several finished studies: one table with p values adjusted for all comparisons, and one figure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.continual.evaluation import final_accuracy
from neuronet.continual.protocols import PROTOCOLS
from neuronet.continual.studies.jobs import STUDY_KIND
from neuronet.continual.studies.result import (
    ACCURACY_COLUMNS,
    ACCURACY_TYPES,
    COST_TYPES,
    PAIRED_COLUMNS,
    TABLE_COLUMNS,
    TABLE_TYPES,
    FinishedStudy,
    accuracy_matrix,
    plain_records,
    relative_times,
)
from neuronet.core import ConfigurationError, DataError, NeuroNetError, named_path, parse_json, unknown_name_error
from neuronet.recording import STUDY, StudyStore, draw, reading
from neuronet.registry import BASELINE
from neuronet.statistics import holm, paired

TESTS = ("p_t", "p_wilcoxon")


@dataclass(frozen=True, eq=False)
class StudySummary:
    """Summary of several studies.

    Attributes:
        studies: The studies, in the order given.
        table: Their tables, one below the other, with a first column `study`; `p_t_holm` and `p_wilcoxon_holm` are adjusted
            for all comparisons of all studies.
        reference: Method that the others are compared with.
    """

    studies: tuple[FinishedStudy, ...]
    table: pd.DataFrame
    reference: str = BASELINE

    def plot(self, path: str | Path) -> Path:
        """Draw final accuracies with intervals and accuracies over time, a row for each study, to a .png, .svg or .pdf file."""
        return draw("continual-summary", self.studies, path)

    def save(self, folder: str | Path) -> Path:
        """Write `summary.csv`, `summary.png` and `summary.pdf` to a folder, which is created if needed.

        Raises:
            DataError: A file cannot be written.
        """
        target = named_path("out", folder)
        store = StudyStore(target, "summary")
        store.make_folder()
        store.write_table("summary.csv", self.table)
        for suffix in ("png", "pdf"):
            self.plot(target / f"summary.{suffix}")
        return target

    def to_records(self) -> list[dict[str, Any]]:
        """Return the table as plain data, as printed by `neuronet continual-summary --json`."""
        return plain_records(self.table)


def summarize_studies(folders: Sequence[str | Path], reference: str = BASELINE) -> StudySummary:
    """Read finished studies and compare their methods with a reference.

    Args:
        folders: The `out` of each study.
        reference: Method, as named in the studies, that the others are compared with, seed by seed.

    Raises:
        NeuroNetError: There is no folder, or a folder holds no finished study, is given twice, or has no such method.
    """
    paths = [named_path("folder", folder) for folder in folders]
    if not paths:
        raise ConfigurationError("a summary needs the folders of finished studies, such as runs/split runs/permuted")
    repeated = next((path for path, count in Counter(path.resolve() for path in paths).items() if count > 1), None)
    if repeated is not None:
        raise ConfigurationError(f"folders has '{repeated}' twice: give each study once")
    names = [_study_name(path) for path in paths]
    studies = tuple(
        _read_study(path, name if names.count(name) == 1 else f"{name} ({path.name})")
        for path, name in zip(paths, names, strict=True)
    )
    tables = [_compared_to_reference(study, reference).assign(study=study.name) for study in studies]
    table = pd.concat(tables, ignore_index=True)
    for test in TESTS:
        table[f"{test}_holm"] = holm(table[test].tolist())
    return StudySummary(studies, table[["study", *TABLE_COLUMNS, "time"]], reference)


def _compared_to_reference(study: FinishedStudy, reference: str) -> pd.DataFrame:
    """Return a study's table with the paired differences to the reference."""
    if reference not in study.matrices:
        raise unknown_name_error(f"method of the study {study.name},", reference, study.matrices)
    reference_accuracy = final_accuracy(study.matrices[reference])
    rows = [
        (math.nan,) * len(PAIRED_COLUMNS)
        if policy == reference
        else astuple(paired(final_accuracy(study.matrices[policy]) - reference_accuracy))
        for policy in study.table["policy"]
    ]
    return study.table.assign(**dict(zip(PAIRED_COLUMNS, zip(*rows, strict=True), strict=True)))


def _study_name(folder: Path) -> str:
    """Return the specs of a study's protocol and environment."""
    try:
        description = StudyStore(folder, STUDY_KIND).read_json(STUDY)
        protocol, data = str(description["protocol"]), Path(str(description["data"])).stem
    except (NeuroNetError, LookupError, TypeError):
        raise DataError(f"'{folder}' does not hold a continual study: give the --out of one") from None
    specs = {cls.__name__: name for name, cls in PROTOCOLS.items()}
    return f"{re.sub(r'^[A-Za-z]+', lambda match: specs.get(match[0], match[0]), protocol)}, {data}"


def _read_study(folder: Path, name: str) -> FinishedStudy:
    store = StudyStore(folder, STUDY_KIND)
    if not (store.has("table.csv") and store.has("accuracy.csv")):
        raise DataError(f"the study in '{folder}' is not finished: start it again with this folder as --out")
    matrices = _read_matrices(store)
    table = store.read_table("table.csv", TABLE_TYPES, optional=TABLE_COLUMNS[1:]).reindex(columns=list(TABLE_COLUMNS))
    with reading(store.file("table.csv"), STUDY_KIND):
        if sorted(table["policy"]) != sorted(matrices):
            raise ValueError(f"it must have a line for each of {', '.join(matrices)}")
        if not all(isinstance(parse_json(settings), dict) for settings in table["settings"].dropna()):
            raise ValueError("its settings must be objects of JSON")
    costs = store.read_table("costs.csv", COST_TYPES)  # studies of earlier versions have none
    with reading(store.file("costs.csv"), STUDY_KIND):
        times = {} if costs.empty else relative_times(costs)
    return FinishedStudy(name, table.assign(time=[times.get(policy, np.nan) for policy in table["policy"]]), matrices)


def _read_matrices(store: StudyStore) -> dict[str, NDArray[np.float64]]:
    """Return the accuracies of each method, whose lines must be those of every seed, number of tasks learned, and task."""
    accuracy = store.read_table("accuracy.csv", ACCURACY_TYPES)
    with reading(store.file("accuracy.csv"), STUDY_KIND):
        tasks, policies = int(accuracy["task"].max()), list(dict.fromkeys(accuracy["policy"]))
        seeds = accuracy["seed"].unique()
        if len(accuracy) != len(policies) * len(seeds) * (tasks + 1) * tasks:
            raise ValueError(f"it must have {tasks + 1} times {tasks} lines for each method and seed, got {len(accuracy)} in all")
        keys = pd.MultiIndex.from_product([policies, seeds, range(tasks + 1), range(1, tasks + 1)])
        if not keys.equals(pd.MultiIndex.from_frame(accuracy[list(ACCURACY_COLUMNS[:4])])):
            raise ValueError("it must have every method, seed, number of tasks learned, and task, each once and in order")
        return {str(policy): accuracy_matrix(accuracy, policy, tasks) for policy in policies}
