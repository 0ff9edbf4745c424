"""Every kind of picture, by name, for every kind of folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from neuronet.control.record import EPISODES
from neuronet.core.errors import NeuroNetError, unknown_name_error
from neuronet.plotting.sources.plot_options import Folder, Kind, PlotOptions
from neuronet.plotting.sources.run_plots import RUN_KINDS, draw_multiple_runs
from neuronet.plotting.sources.study_plots import COMPARISON_KINDS, CONTROL_KINDS, FORGETTING_KINDS
from neuronet.recording import CONFIG, STUDY, study_kind
from neuronet.training.config import read_options

KINDS: dict[str, str] = {
    "network": "who listens to whom, how much, and who is listened to",
    "attention": "the attention that neurons receive, from round to round",
    "alignment": "how far each layer's update is from error backpropagation's",
    "fields": "what the first listening layer listens to, as images where the inputs are images",
    "curves": "loss and accuracy while learning, of one or several runs; accuracy so far, of a study of forgetting",
    "forgetting": "the accuracy on each task after each, of a study of forgetting",
    "frontier": "final against learning accuracy, of a study of forgetting that was tuned",
}
"""Every kind of picture by its name."""


@dataclass(frozen=True)
class ResultKind:
    """A kind of folder.

    Attributes:
        what: What is in such a folder, such as "a run".
        marker_files: Files that all must be there.
        kinds: The pictures that it may have.
        study: The kind that the metadata of a study names; None for a run.
    """

    what: str
    marker_files: tuple[str, ...]
    kinds: dict[str, Kind]
    study: str | None = None

    def is_in(self, folder: Path) -> bool:
        """Return whether a folder holds this kind."""
        present = all((folder / file).exists() for file in self.marker_files)
        return present and (self.study is None or study_kind(folder) == self.study)


RESULT_KINDS = (
    ResultKind("a run with rewards", (CONFIG, EPISODES), CONTROL_KINDS),
    ResultKind("a run", (CONFIG,), RUN_KINDS),
    ResultKind("a study of forgetting", (STUDY,), FORGETTING_KINDS, "continual study"),
    ResultKind("a comparison", (STUDY,), COMPARISON_KINDS, "comparison"),
)
"""Every kind of folder; the first whose marks are there says what it is."""


def plot(
    folders: str | Path | Sequence[str | Path],
    kind: str,
    path: str | Path,
    *,
    max_neurons: int | None = None,
    replica: int = 0,
    log: Callable[[str], None] | None = None,
) -> Path:
    """Draw a picture of a run or study that is recorded in a folder.

    Args:
        folders: Where it is; for "curves", several runs go into one picture.
        kind: One of KINDS.
        path: A .png, .svg or .pdf file in a folder that exists.
        max_neurons: Neurons that are drawn of a layer, where there are too many; None for the picture's own number.
        replica: Which replica of the run is drawn, from 0, where a picture shows one.
        log: Called with a sentence where something could not be had, and the picture shows less for it.

    Returns:
        The path.

    Raises:
        NeuroNetError: The kind is unknown, a folder holds nothing of it, or the file cannot be written.
    """
    if kind not in KINDS:
        raise unknown_name_error("kind of picture", kind, KINDS)
    paths = [Path(each) for each in ([folders] if isinstance(folders, (str, Path)) else folders)]
    options = PlotOptions(max_neurons, replica, log or (lambda line: None))
    if not paths:
        raise NeuroNetError("a picture needs the folder of a run, such as runs/digits")
    result_kinds = [detect_result_kind(each) for each in paths]
    if len(paths) == 1:
        return _kind_of(result_kinds[0], paths[0], kind).draw(paths[0], Path(path), options)
    if kind != "curves":
        raise NeuroNetError(f"'{kind}' shows a single run: give one folder, or --kind curves for {len(paths)}")
    wrong = next((each for each, result_kind in zip(paths, result_kinds, strict=True) if result_kind.what != "a run"), None)
    if wrong is not None:
        raise NeuroNetError(f"only runs go into one picture: '{wrong}' holds {detect_result_kind(wrong).what}")
    twice = next((each for number, each in enumerate(paths) if each.resolve() in {p.resolve() for p in paths[:number]}), None)
    if twice is not None:
        raise NeuroNetError(f"'{twice}' is to be drawn twice: give each run once")
    return draw_multiple_runs(paths, Path(path), options)


def kinds_of(folder: str | Path) -> list[str]:
    """The kinds of pictures that a folder has something for.

    Raises:
        NeuroNetError: It holds no run or study.
    """
    where = Path(folder)
    return [name for name, kind in detect_result_kind(where).kinds.items() if kind.missing(where) is None]


def detect_result_kind(folder: Path) -> ResultKind:
    """What a folder holds.

    Raises:
        NeuroNetError: It is none, or holds nothing of the kind; the sentence says what there is.
    """
    if not folder.is_dir():
        raise NeuroNetError(f"there is no folder '{folder}': give one in which a run or study was recorded")
    result_kind = next((each for each in RESULT_KINDS if each.is_in(folder)), None)
    if result_kind is not None and result_kind.what == "a run":
        read_options(folder / CONFIG)
    if result_kind is not None:
        return result_kind
    names = sorted(each.name + "/" * each.is_dir() for each in folder.iterdir())
    there = f"it has {', '.join(names[:4])}{' and more' * (len(names) > 4)}" if names else "it is empty"
    raise NeuroNetError(f"'{folder}' holds no run and no study, with neither {CONFIG} nor {STUDY}: {there}")


def _kind_of(result_kind: ResultKind, folder: Folder, kind: str) -> Kind:
    there = [name for name, each in result_kind.kinds.items() if each.missing(folder) is None]
    has = f"there is {', '.join(there)}" if there else "there is nothing to draw yet"
    if kind not in result_kind.kinds:
        raise NeuroNetError(f"'{folder}' holds {result_kind.what}, which has no '{kind}': {has}")
    missing = result_kind.kinds[kind].missing(folder)
    if missing is not None:
        raise NeuroNetError(f"cannot draw '{kind}' of '{folder}', since {missing}: {has}")
    return result_kind.kinds[kind]
