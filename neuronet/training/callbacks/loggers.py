"""Loggers: callbacks that hand the metrics of a run to TensorBoard, MLflow or Weights & Biases."""

from __future__ import annotations

import json
import math
import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from neuronet.core import ConfigurationError, MissingExtraError, unknown_name_error
from neuronet.training.callbacks.base import KEYS, Callback, RunProgress


class MetricsLogger(Callback):
    """Callback that hands every epoch's metrics to a library.

    With replicas, the means have the names of the metrics, and each replica's values have the name "replica-0/test_loss". Where a
    run is resumed, the epochs before are handed over again, so that what the library has is complete.
    """

    def on_run_begin(self, run: RunProgress) -> None:
        """Open the library's record."""
        config = {} if run.config is None else json.loads(run.config.model_dump_json(context={"recorded": True}))
        self._open(run, config)
        for first in range(0, len(run.history), run.replicas):
            self._log(run.history[first : first + run.replicas])

    def on_epoch_end(self, run: RunProgress) -> None:
        """Hand over the metrics of the epoch."""
        self._log(run.history[-run.replicas :])

    def on_run_end(self, run: RunProgress) -> None:
        """Close the library's record."""
        self._close("finished" if run.error is None else "stopped" if isinstance(run.error, KeyboardInterrupt) else "failed")

    def _log(self, rows: list[dict[str, Any]]) -> None:
        names = [name for name in rows[0] if name not in KEYS] if rows else []
        values = {name: sum(row[name] for row in rows) / len(rows) for name in names}
        if len(rows) > 1:
            values |= {f"replica-{row['replica']}/{name}": row[name] for row in rows for name in names}
        if values:
            self._write({name: float(value) for name, value in values.items() if math.isfinite(value)}, rows[0]["epoch"])

    @abstractmethod
    def _open(self, run: RunProgress, config: Mapping[str, Any]) -> None:
        """Open a record with the options of the run."""

    @abstractmethod
    def _write(self, values: Mapping[str, float], epoch: int) -> None:
        """Write the values of an epoch."""

    @abstractmethod
    def _close(self, status: str) -> None:
        """Close the record, if it is open: the run has "finished", was "stopped" by a signal, or has "failed"."""


class TensorBoard(MetricsLogger):
    """Write the metrics of every epoch to an event file of TensorBoard.

    `tensorboard --logdir FOLDER` shows them.

    Args:
        folder: Folder of the event files; None for `tensorboard` in the folder of the run.

    Raises:
        MissingExtraError: tensorboard is not installed.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        _import("tensorboard", "TensorBoard", "tensorboard")
        self.folder = None if folder is None else Path(folder)
        self._writer: Any = None

    def _open(self, run: RunProgress, config: Mapping[str, Any]) -> None:
        folder = _folder(self.folder, run, "tensorboard", "TensorBoard('logs')")
        purge_step = 1 if folder.exists() else None  # what an interrupted run has left is replaced
        self._writer = import_module("torch.utils.tensorboard").SummaryWriter(str(folder), purge_step=purge_step)
        self._writer.add_text("config", "\n".join(f"- {name}: {value}" for name, value in config.items()))

    def _write(self, values: Mapping[str, float], epoch: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, epoch)

    def _close(self, status: str) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class MLflow(MetricsLogger):
    """Write the options and the metrics of a run to MLflow, as a run of its own.

    Args:
        experiment: Name of the experiment, which is created if there is none.
        tracking_uri: Address of a server or store, such as "http://localhost:5000"; None for the one that the environment
            variable MLFLOW_TRACKING_URI names, or else the default of MLflow.
        run_name: Name of the run; None for that of the run's folder.

    Raises:
        MissingExtraError: mlflow is not installed.
    """

    def __init__(self, experiment: str = "neuronet", tracking_uri: str | None = None, run_name: str | None = None) -> None:
        _import("mlflow", "MLflow", "mlflow")
        self.experiment, self.tracking_uri, self.run_name = experiment, tracking_uri, run_name
        self._client: Any = None
        self._run_id = ""

    def _open(self, run: RunProgress, config: Mapping[str, Any]) -> None:
        client: Any = import_module("mlflow").MlflowClient(tracking_uri=self.tracking_uri)
        found = client.get_experiment_by_name(self.experiment)
        experiment = client.create_experiment(self.experiment) if found is None else found.experiment_id
        name = self.run_name or (None if run.folder is None else run.folder.name)
        self._client, self._run_id = client, client.create_run(experiment, run_name=name).info.run_id
        param: Any = import_module("mlflow.entities").Param
        client.log_batch(self._run_id, params=[param(key, str(value)[:MAX_PARAM]) for key, value in config.items()])

    def _write(self, values: Mapping[str, float], epoch: int) -> None:
        metric, now = import_module("mlflow.entities").Metric, int(time.time() * 1000)
        self._client.log_batch(self._run_id, metrics=[metric(name, value, now, epoch) for name, value in values.items()])

    def _close(self, status: str) -> None:
        if self._client is not None:
            self._client.set_terminated(self._run_id, {"stopped": "KILLED"}.get(status, status.upper()))
            self._client = None


class WandB(MetricsLogger):
    """Write the options and the metrics of a run to Weights & Biases; without mode="online", to files of this machine alone.

    `wandb sync FOLDER` sends an offline run later.

    Args:
        project: Name of the project.
        mode: "offline" or "online".
        folder: Folder for the files; None for that of the run, or the working directory if the run is not recorded.
        name: Name of the run; None for that of the run's folder.

    Raises:
        MissingExtraError: wandb is not installed.
    """

    def __init__(
        self, project: str = "neuronet", mode: str = "offline", folder: str | Path | None = None, name: str | None = None
    ) -> None:
        if mode not in ("offline", "online"):
            raise ConfigurationError(f"mode of WandB must be offline or online, got {mode!r}")
        _import("wandb", "WandB", "wandb")
        self.project, self.mode, self.name = project, mode, name
        self.folder = None if folder is None else Path(folder)
        self._run: Any = None

    def _open(self, run: RunProgress, config: Mapping[str, Any]) -> None:
        wandb: Any = import_module("wandb")
        name = self.name or (None if run.folder is None else run.folder.name)
        folder = str(self.folder or run.folder or Path.cwd())
        settings = wandb.Settings(silent=True, console="off")
        self._run = wandb.init(
            project=self.project, mode=self.mode, dir=folder, name=name, config=dict(config), settings=settings
        )

    def _write(self, values: Mapping[str, float], epoch: int) -> None:
        self._run.log({**values, "epoch": epoch}, step=epoch)

    def _close(self, status: str) -> None:
        if self._run is not None:
            self._run.finish(exit_code=0 if status == "finished" else 1)
            self._run = None


MAX_PARAM = 5000
"""Characters of an option that MLflow stores, at most."""

LOGGERS: dict[str, type[MetricsLogger]] = {"tensorboard": TensorBoard, "mlflow": MLflow, "wandb": WandB}
"""Loggers by their name on the command line."""


def make_loggers(names: Iterable[str]) -> list[Callback]:
    """Return loggers by name, each once.

    Raises:
        SpecError: There is no logger of this name.
        MissingExtraError: Its library is not installed.
    """
    unknown = next((name for name in names if name not in LOGGERS), None)
    if unknown is not None:
        raise unknown_name_error("logger", unknown, LOGGERS)
    return [LOGGERS[name]() for name in dict.fromkeys(names)]


def _import(module: str, logger: str, extra: str) -> None:
    try:
        import_module(module)
    except ImportError:
        raise MissingExtraError(f"{logger} needs {module}: pip install 'neuronet[{extra}]'") from None


def _folder(given: Path | None, run: RunProgress, name: str, example: str) -> Path:
    """Return the given folder, or one in that of the run.

    Raises:
        ConfigurationError: There is neither.
    """
    if given is not None:
        return given
    if run.folder is None:
        raise ConfigurationError(f"the run has no folder for the logger: name one, as in {example}, or record the run with out=")
    return run.folder / name
