"""Every kind of figure, by name, for every kind of folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from neuronet.control import EPISODES
from neuronet.core import Access, ConfigurationError, DataError, SpecError, named_path, record_access, unknown_name_error
from neuronet.plotting import style
from neuronet.plotting.sources.plot_options import Folder, Kind, PlotOptions
from neuronet.plotting.sources.run_plots import RUN_KINDS, joint_inequality_figure, multiple_runs_figure
from neuronet.plotting.sources.study_plots import (
    COMPARISON_KINDS,
    CONTINUAL_KINDS,
    CONTROL_KINDS,
    REPRODUCTION_KINDS,
    SWEEP_KINDS,
)
from neuronet.recording import CONFIG, STUDY, check_regular, study_kind
from neuronet.sweep import SWEEP
from neuronet.training import read_options

KINDS: dict[str, str] = {
    "network": "attention between neurons: weights, and the attention that each neuron receives",
    "attention": "attention that neurons receive, from round to round; of a sweep, the mean of each setting and policy",
    "alignment": "angle and length of each layer's update relative to error backpropagation's",
    "inequality": "inequality of the attention of hidden neurons per epoch, and the accuracy; of a run or sweep",
    "fields": "receptive fields of the first listening layer, as images where the inputs are images",
    "curves": "loss and accuracy per epoch of runs, sweeps and comparisons, or mean accuracy over tasks of a continual study",
    "forgetting": "accuracy on each task after each task, of a continual study",
    "frontier": "final against learning accuracy, of a continual study with --tune",
    "reproduction": "results of a reproduction: frontiers, or accuracy by rule or depth",
}
"""Description of each kind of figure."""


@dataclass(frozen=True)
class ResultKind:
    """Kind of folder.

    Attributes:
        description: Content of such a folder, such as "a run".
        marker_files: Files that all exist in it.
        kinds: Figures that it may have.
        study: Kind that the metadata of a study names; None for a run.
    """

    description: str
    marker_files: tuple[str, ...]
    kinds: dict[str, Kind]
    study: str | None = None

    def is_in(self, folder: Path) -> bool:
        """Return whether a folder holds this kind."""
        present = all((folder / file).exists() for file in self.marker_files)
        return present and (self.study is None or study_kind(folder) == self.study)

    def available(self, folder: Path) -> list[str]:
        """Return the kinds of figures for which a folder has data."""
        return [name for name, kind in self.kinds.items() if kind.missing(folder) is None]

    def kind_of(self, folder: Path, name: str) -> Kind:
        """Return a kind of figure.

        Raises:
            DataError: Such a folder does not have the figure, or lacks data for it.
        """
        available = ", ".join(self.available(folder)) or "none yet"
        if name not in self.kinds:
            raise DataError(f"'{folder}' holds {self.description}, which has no '{name}': available figures are {available}")
        missing = self.kinds[name].missing(folder)
        if missing is not None:
            raise DataError(f"cannot draw '{name}' of '{folder}' because {missing}: available figures are {available}")
        return self.kinds[name]


RUN = ResultKind("a run", (CONFIG,), RUN_KINDS)

RESULT_KINDS = (
    ResultKind("a control run", (CONFIG, EPISODES), CONTROL_KINDS),
    RUN,
    ResultKind("a continual study", (STUDY,), CONTINUAL_KINDS, "continual study"),
    ResultKind("a reproduction", (STUDY,), REPRODUCTION_KINDS, "reproduction"),
    ResultKind("a sweep", (SWEEP,), SWEEP_KINDS),
    ResultKind("a comparison", (STUDY,), COMPARISON_KINDS, "comparison"),
)
"""Every kind of folder; the first one that fits is used."""


OTHER_WORDS = {"gini": "inequality", "loss": "curves", "accuracy": "curves", "weights": "network"}
"""Words for what a kind of figure shows."""


def plot(
    folders: str | Path | Sequence[str | Path],
    kind: str,
    path: str | Path,
    *,
    max_neurons: int | None = None,
    replica: int = 0,
    trust: bool = False,
    log: Callable[[str], None] | None = None,
) -> Path:
    """Draw a figure of a recorded run or study, and return the path.

    Args:
        folders: Folder of the run or study; for "curves" also of several runs, for "inequality" of runs that differ in seeds.
        kind: A key of KINDS.
        path: A .png, .svg or .pdf file in an existing folder.
        max_neurons: Neurons drawn per layer (>= 1); None for the default of the figure.
        replica: Replica of the run that is drawn, from 0.
        trust: Whether modules that the folders name are imported, which runs their code, and data sets downloaded. Otherwise
            the figure shows what it can without them.
        log: Called with a sentence where data are missing and the figure shows less.

    Raises:
        SpecError: The kind is unknown.
        ConfigurationError: There is no folder, one is given twice, or the figure shows single runs only.
        DataError: A folder has no data for the figure, or the file cannot be written.
    """
    if kind in OTHER_WORDS:
        raise SpecError(f"unknown kind of figure '{kind}': did you mean '{OTHER_WORDS[kind]}'?")
    if kind not in KINDS:
        raise unknown_name_error("kind of figure", kind, KINDS)
    paths = [named_path("folder", folder) for folder in ([folders] if isinstance(folders, (str, Path)) else folders)]
    options = PlotOptions(max_neurons, replica, log or (lambda line: None))
    if not paths:
        raise ConfigurationError("plot needs the folder of a run, such as runs/digits")
    with record_access(Access.TRUSTED if trust else Access.LOOK):
        return style.save(_figure(paths, kind, options), path)


def _figure(paths: Sequence[Path], kind: str, options: PlotOptions) -> Figure:
    if len(paths) == 1:
        return detect_result_kind(paths[0]).kind_of(paths[0], kind).figure(paths[0], options)
    figures = {"curves": multiple_runs_figure, "inequality": joint_inequality_figure}
    if kind not in figures:
        raise ConfigurationError(
            f"'{kind}' shows a single run: give one folder, or --kind curves or inequality for {len(paths)} folders"
        )
    for number, folder in enumerate(paths):
        if detect_result_kind(folder) is not RUN:
            found = detect_result_kind(folder).description
            raise DataError(f"a figure of several folders needs runs, but '{folder}' holds {found}")
        if folder.resolve() in {other.resolve() for other in paths[:number]}:
            raise ConfigurationError(f"folder '{folder}' is given twice: give each run once")
    return figures[kind](paths, options)


def kinds_of(folder: str | Path, *, trust: bool = False, required: bool = False) -> list[str]:
    """Return the kinds of figures for which a folder has data.

    Args:
        folder: Folder of a run or study.
        trust: Whether modules that the folder names are imported, which runs their code.
        required: Whether a folder without data for any figure is refused, with the reason.

    Raises:
        DataError: The folder holds no run or study, or a figure is required and there is none.
    """
    with record_access(Access.TRUSTED if trust else Access.LOOK):
        path = named_path("folder", folder)
        result_kind = detect_result_kind(path)
        found = result_kind.available(path)
        if required and not found:
            reason = next(kind.missing(path) for kind in result_kind.kinds.values())
            raise DataError(f"no figure can be drawn yet from '{folder}', because {reason}")
        return found


def detect_result_kind(folder: Folder) -> ResultKind:
    """Return the kind of a folder.

    Raises:
        DataError: The folder does not exist, or holds no run or study.
    """
    if not folder.is_dir():
        raise DataError(f"folder '{folder}' does not exist: give the folder of a run or study")
    result_kind = next((known for known in RESULT_KINDS if known.is_in(folder)), None)
    if result_kind is not None:
        if result_kind is RUN:
            check_regular(folder / CONFIG, "run")
            read_options(folder / CONFIG)
        return result_kind
    study = study_kind(folder)
    if study is not None:
        raise DataError(f"'{folder}' holds a study of the kind '{study}', of which there are no figures")
    names = sorted(item.name + "/" * item.is_dir() for item in folder.iterdir())
    content = f"it contains {', '.join(names[:4])}{' and more' * (len(names) > 4)}" if names else "it is empty"
    raise DataError(f"'{folder}' holds no run or study, since it has no {CONFIG} or {STUDY}: {content}")
