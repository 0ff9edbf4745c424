"""Run registered reproductions, and read their records."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core import DataError, check_number, named_path, unknown_name_error
from neuronet.reproduction.findings import Finding, adjust
from neuronet.reproduction.registry import REPRODUCTIONS
from neuronet.reproduction.study import Reproduction, RunOptions

KIND, RECORDS, FINDINGS, FIGURE = "reproduction", "records.csv", "findings.csv", "figure.png"


@dataclass(frozen=True, eq=False)
class ReproductionResult:
    """Result of a reproduction.

    Attributes:
        name: Name of the study.
        size: Its size.
        study: The study.
        records: A row for each run.
        findings: Measured figures beside published ones; p-values are adjusted by Holm's method for all of them.
        seconds: Duration of this process's part; 0 for records that were read.
        folder: Folder with the results; None for none.
    """

    name: str
    size: str
    study: Reproduction
    records: pd.DataFrame
    findings: Sequence[Finding]
    seconds: float
    folder: Path | None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables computed from the records, by name."""
        return dict(self.study.tables(self.records))

    def plot(self, path: str | Path) -> Path:
        """Draw the study's figure to a .png, .svg or .pdf file."""
        from neuronet.recording import draw  # loads torch

        return draw(self.study.figure, self.records, path)

    def summary(self) -> dict[str, Any]:
        """Return the result as plain data, as printed by `neuronet reproduce --json`."""
        return {
            "study": self.name,
            "size": self.size,
            "source": self.study.source,
            "findings": [finding.as_record() for finding in self.findings],
            "tables": {name: table.to_dict("records") for name, table in self.tables.items()},
            "seconds": round(self.seconds, 3),
            "out": None if self.folder is None else str(self.folder),
        }


def reproduce(
    name: str,
    *,
    size: str = "small",
    jobs: int | None = None,
    out: str | Path | None = None,
    log: Callable[[str], None] | None = None,
) -> ReproductionResult:
    """Play a registered reproduction and return what it found beside what was published.

    Args:
        name: A key of REPRODUCTIONS, such as "budgeted-forgetting".
        size: A size of the study: "small" takes minutes.
        jobs: Number of processes (>= 1); None for one for each core. The results are the same.
        out: Folder that keeps every result; a study begun in it is continued.
        log: Called with a line of text for each finished part.

    Raises:
        SpecError: There is no such study or size.
        StudyMismatchError: The folder holds something else.
        NeuroNetError: Data are missing, or a process was lost.
    """
    from neuronet.recording import StudyStore, lock_folder  # loads torch
    from neuronet.version import __version__

    started = time.perf_counter()
    study = get_reproduction(name)
    study.check_size(size)  # before anything is written
    if jobs is not None:
        check_number("jobs", jobs, 1, whole=True)
    store = StudyStore(None if out is None else named_path("out", out), KIND)
    with lock_folder(store.path):
        store.begin({"version": __version__, "study": name, "size": size}, log=log)
        records = study.play(size, RunOptions(store.path, jobs, log or (lambda line: None)))
        findings = adjust(study.find(records))
        store.write_table(RECORDS, records)
        store.write_table(FINDINGS, pd.DataFrame([finding.as_record() for finding in findings]))
    return ReproductionResult(name, size, study, records, findings, time.perf_counter() - started, store.path)


def read_reproduction(folder: str | Path) -> ReproductionResult:
    """Return the result of a finished reproduction, computed again from the records in its folder.

    Raises:
        DataError: The folder holds no finished reproduction.
    """
    from neuronet.recording import STUDY, StudyStore, reading  # loads torch

    path = named_path("folder", folder)
    store = StudyStore(path, KIND)
    metadata = store.read_json(STUDY) or {}
    if not isinstance(metadata, dict) or metadata.get("kind") != KIND or str(metadata.get("study")) not in REPRODUCTIONS:
        raise DataError(f"'{path}' does not hold a reproduction: give the --out of neuronet reproduce")
    if not (path / RECORDS).exists():
        raise DataError(f"the reproduction in '{path}' is not finished: start it again with this folder as --out")
    name = str(metadata["study"])
    study = REPRODUCTIONS[name]
    records = store.read_table(RECORDS, study.columns)
    with reading(path / RECORDS, KIND):  # a method or seed may be missing
        findings = adjust(study.find(records))
    return ReproductionResult(name, str(metadata.get("size")), study, records, findings, 0.0, path)


def get_reproduction(name: str) -> Reproduction:
    """Return a registered study.

    Raises:
        SpecError: There is no study of this name.
    """
    if name not in REPRODUCTIONS:
        raise unknown_name_error("reproduction", name, REPRODUCTIONS)
    return REPRODUCTIONS[name]
