"""A run from its beginning, or from its last checkpoint, to its end."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from neuronet.core import ConfigurationError, NeuroNetError, StateError
from neuronet.execution import Interrupted, Interruption, distributed
from neuronet.interventions import InterventionExecutor, build_schedule
from neuronet.models import Model, model_to_arrays
from neuronet.recording import (
    ALIGNMENT,
    ALIGNMENT_COLUMNS,
    COLUMNS,
    EVENT_COLUMNS,
    INEQUALITY,
    INEQUALITY_COLUMNS,
    METRICS,
    Checkpoint,
    MemoryTraceStore,
    ParquetTraceStore,
    RunDirectory,
    TraceRecorder,
    library_versions,
)
from neuronet.registry import describe_population
from neuronet.training.alignment import Alignment
from neuronet.training.assembly import RunContext
from neuronet.training.callbacks.base import Callback, CallbackError, RunProgress
from neuronet.training.callbacks.best_checkpoint import BestCheckpoint
from neuronet.training.callbacks.early_stopping import EarlyStopping
from neuronet.training.callbacks.group import CallbackGroup
from neuronet.training.callbacks.recording import RecordMeasurement, RecordMetrics, SaveCheckpoints
from neuronet.training.callbacks.rounds import ApplyInterventions, RecordTraces, StopOnRequest
from neuronet.training.config import RunConfig
from neuronet.training.evaluation import confusion_matrices
from neuronet.training.inequality import Inequality
from neuronet.training.labels import network_labels
from neuronet.training.result import Result
from neuronet.training.trainer import Trainer


class Run:
    """Run of a configuration: the training loop with everything that it measures and records.

    Args:
        context: Parts of the run.
        run_directory: Record of the run; None if it is not recorded.
        callbacks: Callbacks of the caller.
    """

    def __init__(
        self,
        context: RunContext,
        run_directory: RunDirectory[RunConfig] | None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        config, engine, rounds = context.config, context.engine, context.batches.per_epoch
        self.config, self.context, self.engine, self.run_directory = config, context, engine, run_directory
        self._seconds_before, self._started = 0.0, time.perf_counter()
        self._interruption = Interruption(ignore_repeats=distributed.world_size() > 1)
        schedule = build_schedule(config.interventions, engine, rounds, config.epochs * rounds)
        on_events = None if run_directory is None else run_directory.append_events
        self.interventions = InterventionExecutor(schedule, engine, context.setups, rounds, on_events)
        self.recorder: TraceRecorder | None = None
        if config.trace:
            store = MemoryTraceStore() if run_directory is None else ParquetTraceStore(run_directory.folder)
            self.recorder = TraceRecorder(config.trace, engine, context.setups, rounds, store)
        self.metrics = RecordMetrics(context, config.learning_rate, lambda: self.seconds, run_directory)
        self.measurements = {
            file: RecordMeasurement(make, context, self.interventions, file, run_directory)
            for file, make, is_wanted in (
                (ALIGNMENT, lambda setups: Alignment(setups, context.environment), config.alignment),
                (INEQUALITY, Inequality, config.inequality),
            )
            if is_wanted
        }
        own = [EarlyStopping(config.monitor, config.patience)] if config.patience is not None else []
        self.callbacks = CallbackGroup([*own, *callbacks])
        parts: list[Callback | None] = [
            StopOnRequest(self._interruption, self._save_and_interrupt),
            ApplyInterventions(self.interventions),
            self.metrics,
            RecordTraces(self.recorder) if self.recorder is not None else None,
            *self.measurements.values(),
            self.callbacks,
            SaveCheckpoints(self._save, config.checkpoint_every),
        ]
        self.progress = RunProgress(
            engine,
            config.epochs,
            rounds,
            config.replicas,
            np.full(config.replicas, np.nan),
            config=config,
            environment=context.environment,
            folder=None if run_directory is None else run_directory.folder,
            build_models=self._models,
            offset=context.offset,
        )
        self._trainer = Trainer(
            engine,
            context.batches,
            self.metrics.samples,
            epochs=config.epochs,
            lr_schedule=config.lr_schedule,
            offset=context.offset,
            callbacks=[part for part in parts if part is not None],
            progress=self.progress,
        )

    @property
    def seconds(self) -> float:
        """Seconds spent on the run, earlier processes included."""
        return self._seconds_before + time.perf_counter() - self._started

    def resume(self) -> None:
        """Continue from the last checkpoint of the run directory, or from the beginning if there is none.

        Raises:
            StateError: The samples, policies or first networks differ from those of the checkpoint.
            ConfigurationError: More epochs have been played than the configuration has.
        """
        if self.run_directory is None:
            return
        if not distributed.is_main_process():
            distributed.barrier()  # the main process has truncated the files when it arrives at its barrier below
        checkpoint = self.run_directory.load()
        if checkpoint is not None:
            self._check_provenance(checkpoint)
            if len(checkpoint.loss_sum) != self.config.replicas:
                found = f"{len(checkpoint.loss_sum)} in its checkpoint"
                raise StateError(
                    f"cannot resume: the run must have a loss for each of {self.config.replicas} replicas, got {found}"
                )
            self.interventions.restore(checkpoint.state, checkpoint.intervention_log)
            self.metrics.loss_sum = checkpoint.loss_sum
            self._seconds_before = checkpoint.seconds
        self.run_directory.truncate_after(self.engine.round_number)
        self.run_directory.rewrite_events(self.interventions.rows)
        if self.recorder is not None:
            self.recorder.store.truncate_after(self.engine.round_number)
        self.progress.history = self._recorded_rows(self.run_directory, METRICS)
        for file, measurement in self.measurements.items():
            measurement.rows = self._recorded_rows(self.run_directory, file)
        if distributed.is_main_process():
            distributed.barrier()

    def _recorded_rows(self, run_directory: RunDirectory[RunConfig], name: str) -> list[dict[str, Any]]:
        """Return the rows of a table, which must have every epoch and replica until the checkpoint."""
        table, per_epoch = run_directory.table(name), self.context.batches.per_epoch
        epochs = range(1, self.engine.round_number // per_epoch + 1)
        keys = [(epoch, epoch * per_epoch, replica) for epoch in epochs for replica in range(self.config.replicas)]
        found = list(dict.fromkeys(table[["epoch", "round", "replica"]].itertuples(index=False, name=None)))
        if found != keys:
            path, count = run_directory.folder / name, len(epochs)
            raise StateError(f"cannot resume: '{path}' must have {count} epochs, as the checkpoint, each once and in order")
        return [dict(row) for row in table.to_dict("records")]

    def _check_provenance(self, checkpoint: Checkpoint) -> None:
        for part, text in self.context.provenance.items():
            if checkpoint.provenance.get(part) != text:
                raise StateError(f"cannot resume: the {part} differ from those the run was started with")
        played = -(-checkpoint.state.round // self.context.batches.per_epoch)
        if self.config.epochs < played:
            raise ConfigurationError(f"epochs must be at least the {played} played, got {self.config.epochs}")

    def run(self) -> Result:
        """Play to the end; a request to stop is checked several times a second.

        Raises:
            Interrupted: A stop was requested by a signal; the run is saved as it stands between two rounds.
            DivergedError: The loss is not finite.
            CallbackError: A callback of the caller has failed; the run is saved as it stands.
        """
        with self._interruption:
            try:
                self._trainer.run()
            except CallbackError as error:
                saved = self._save_after_failure()
                raise CallbackError(f"{error}{saved}") from error.__cause__
            except NeuroNetError:
                if self.callbacks.failed:
                    self._save_after_failure()
                raise
            return self._result()

    def _save_and_interrupt(self) -> None:
        self._save()
        raise Interrupted(self._result())

    def _save_after_failure(self) -> str:
        """Save what was played before a callback failed, and return where, as the end of a sentence."""
        if self.engine.round_number == 0:
            return ""
        try:
            self._save()
            self._save_model(self._models())
        except NeuroNetError:
            return ""
        return "" if self.run_directory is None else f"; the run is saved in '{self.run_directory.folder}' and can be resumed"

    def _save(self) -> None:
        epoch = self.progress.epoch + 1
        self.metrics.check_finite(self.metrics.loss_sum, epoch)  # do not overwrite the last checkpoint with a diverged state
        if self.recorder is not None:
            self.recorder.store.flush()
        if self.run_directory is not None:
            state, interventions = self.engine.state(), self.interventions.intervention_log()
            self.run_directory.save(
                Checkpoint(state, self.metrics.loss_sum, self.seconds, self.context.provenance, interventions)
            )

    def _models(self) -> tuple[Model, ...]:
        """Return the network of each replica as it is now."""
        env, engine, replicas = self.context.environment, self.engine, self.config.replicas
        state, encoding, last = engine.state().without_messages(), env.encoding, self.progress.history[-replicas:]
        counts = confusion_matrices(engine, self.metrics.test_samples, replicas, env.outputs) if env.payoff.classes else None
        models = []
        for replica, setup in enumerate(engine.setups):
            model = Model.of(setup, state if replicas == 1 else state.replica(replica), encoding)
            facts = _model_facts(self.config, last[replica] if last else {}, self.seconds, self.progress.stop_reason)
            models.append(replace(model, facts=facts, confusion=None if counts is None else counts[replica]))
        return tuple(models)

    def _save_model(self, models: Sequence[Model]) -> None:
        """Write the network of the first replica to the run directory."""
        if self.run_directory is not None:
            with suppress(ConfigurationError):  # a policy that fires at random and cannot be written as text
                self.run_directory.save_model(*model_to_arrays(models[0]))

    def _result(self) -> Result:
        measured = {file: measurement.rows for file, measurement in self.measurements.items()}
        models = self._models()
        self._save_model(models)
        best = next((member for member in self.callbacks.members if isinstance(member, BestCheckpoint)), None)
        return Result(
            config=self.config,
            metrics=pd.DataFrame(self.progress.history, columns=list(COLUMNS)),
            alignment=pd.DataFrame(measured.get(ALIGNMENT, []), columns=list(ALIGNMENT_COLUMNS)),
            inequality=pd.DataFrame(measured.get(INEQUALITY, []), columns=list(INEQUALITY_COLUMNS)),
            events=pd.DataFrame(self.interventions.rows, columns=list(EVENT_COLUMNS)),
            models=models,
            best_models=() if best is None else best.models,
            stop_reason=self.progress.stop_reason,
            rounds=self.engine.round_number,
            seconds=self.seconds,
            payoff=self.context.environment.payoff,
            labels=network_labels(self.engine.setups[0], self.context.environment.shape),
            folder=None if self.run_directory is None else self.run_directory.folder,
            trace_store=None if self.recorder is None else self.recorder.store,
        )


def _model_facts(config: RunConfig, metrics: Mapping[str, Any], seconds: float, stop_reason: str | None = None) -> dict[str, Any]:
    """Return facts about a run that its trained network keeps, as plain data.

    Args:
        config: Configuration of the run.
        metrics: Last row of the replica's metrics; empty before the end of the first epoch.
        seconds: Duration of the run.
        stop_reason: Reason why a callback stopped the run; None if it did not.
    """
    numbers = {name: metrics.get(name) for name in ("epoch", "train_loss", "test_loss", "test_accuracy")}
    return {
        "environment": config.environment,
        "policy": describe_population(config.policy),
        **{name: None if value is None or math.isnan(value) else value for name, value in numbers.items()},
        "seconds": round(seconds, 3),
        "stopped": stop_reason,
        "config": json.loads(config.model_dump_json(context={"recorded": True})),
        "versions": library_versions(),
    }
