"""Several finished studies together: one table of all comparisons, adjusted for how many they are, and one picture."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.comparison.contestant import BASELINE
from neuronet.continual.evaluation.metrics import final_accuracy
from neuronet.continual.protocols.registry import PROTOCOLS
from neuronet.continual.studies.result import PAIRED_COLUMNS, TABLE_COLUMNS, relative_times, to_json_value
from neuronet.core.errors import NeuroNetError, unknown_name_error
from neuronet.recording.atomic_write import write_atomically
from neuronet.statistics import holm, paired

TESTS = ("p_t", "p_wilcoxon")


@dataclass(frozen=True, eq=False)
class FinishedStudy:
    """A study that was finished.

    Attributes:
        name: Its protocol and data, such as "split-class(tasks=5), digits"; with its folder, where others have the same.
        table: As a Forgetting has it, and `time`: seconds of learning as a multiple of backprop's.
        matrices: Each method's accuracies, (R, tasks + 1, tasks).
    """

    name: str
    table: pd.DataFrame
    matrices: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class StudySummary:
    """Several studies together.

    Attributes:
        studies: In the order in which they were given.
        table: Their tables, one below the other, with a first column `study`; `p_t_holm` and `p_wilcoxon_holm` are adjusted
            for all comparisons of all studies.
        reference: With which method the others are compared.
    """

    studies: tuple[FinishedStudy, ...]
    table: pd.DataFrame
    reference: str = BASELINE

    def plot(self, path: str | Path) -> Path:
        """Draw final accuracies with intervals beside accuracies over time, study by study, to a .png, .svg or .pdf file."""
        from neuronet.plotting.continual.study_summary import draw_study_summary

        return draw_study_summary(self.studies, path)

    def save(self, folder: str | Path) -> Path:
        """Write `summary.csv`, `summary.png` and `summary.pdf` to a folder, which is made where there is none.

        Raises:
            NeuroNetError: Something cannot be written.
        """
        target = Path(folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
            write_atomically(target / "summary.csv", self.table.to_csv(index=False).encode())
        except OSError as error:
            raise NeuroNetError(f"cannot write to the folder '{target}': {error.strerror}") from None
        for suffix in ("png", "pdf"):
            self.plot(target / f"summary.{suffix}")
        return target

    def to_records(self) -> list[dict[str, Any]]:
        """The table as plain data, as `neuronet continual-summary --json` prints it."""
        lines = [{str(name): to_json_value(value) for name, value in line.items()} for line in self.table.to_dict("records")]
        return [{**line, "settings": json.loads(line["settings"])} for line in lines]


def summarize_studies(folders: Sequence[str | Path], reference: str = BASELINE) -> StudySummary:
    """Read finished studies.

    Args:
        folders: The `out` of each.
        reference: The method, as the studies name it, with which the others are compared, seed by seed.

    Raises:
        NeuroNetError: There is none, or one holds no finished study, or is given twice, or has no such method.
    """
    paths = [Path(folder) for folder in folders]
    if not paths:
        raise NeuroNetError("a summary needs the folders of finished studies, such as runs/split runs/permuted")
    twice = next((path for path, count in Counter(path.resolve() for path in paths).items() if count > 1), None)
    if twice is not None:
        raise NeuroNetError(f"'{twice}' is to be summed up twice")
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
    """A study's table with the paired differences to this method."""
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
    """The protocol and the data of a study, as they are given."""
    description = _read_description(folder)
    spelled, data = str(description["protocol"]), Path(str(description["data"])).stem
    texts = {cls.__name__: name for name, cls in PROTOCOLS.items()}
    return f"{re.sub(r'^[A-Za-z]+', lambda found: texts.get(found[0], found[0]), spelled)}, {data}"


def _read_description(folder: Path) -> dict[str, Any]:
    try:
        description: dict[str, Any] = json.loads((folder / "study.json").read_text(encoding="utf-8"))
        _ = description["protocol"], description["data"]
    except (OSError, ValueError, KeyError, TypeError):
        raise NeuroNetError(f"'{folder}' holds no study of forgetting: give the --out of one") from None
    return description


def _read_study(folder: Path, name: str) -> FinishedStudy:
    parts = {}
    for part in ("table", "accuracy", "costs"):
        path = folder / f"{part}.csv"
        if path.exists():
            parts[part] = pd.read_csv(path)
        elif part != "costs":  # which studies of earlier versions have not
            raise NeuroNetError(f"the study in '{folder}' is not finished: start it again with this folder as --out")
    lines = parts["accuracy"]
    tasks = int(lines["task"].max())
    matrices = {
        str(policy): lines.loc[lines["policy"] == policy, "accuracy"].to_numpy(dtype=np.float64).reshape(-1, tasks + 1, tasks)
        for policy in dict.fromkeys(lines["policy"])
    }
    times = relative_times(parts["costs"]) if "costs" in parts else {}
    table = parts["table"].reindex(columns=list(TABLE_COLUMNS))
    return FinishedStudy(name, table.assign(time=[times.get(policy, np.nan) for policy in table["policy"]]), matrices)
