"""Reproduction of BioTorch's table of feedback rules: test errors of a LeNet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neuronet.reproduction.findings import Finding, Published, differences_to
from neuronet.reproduction.lenet_settings import LeNetSettings
from neuronet.reproduction.study import Reproduction, RunOptions
from neuronet.statistics import interval

BACKPROP = "BP"

STEPS = range(-6, -1)
"""Half decades of the learning rates that every rule tries: 0.001 to 0.1."""

LIMITS = (-14, 2)
"""Half decades beyond which no rule goes on, from 1e-7 to 10, where its best rate is the first or the last of those it tried."""

TUNING_SEED = 1000
"""Seed of the runs that choose the learning rates; the final runs have other seeds."""

GUESSES = 90.0
"""Error (%) of a run that diverged: that of guesses among ten classes."""

PUBLISHED = {
    "mnist": {"BP": 0.91, "FA": 1.7, "DFA": 1.61, "uSF": 0.94, "brSF": 0.91, "frSF": 0.97},
    "fashion-mnist": {"BP": 9.2, "FA": 13.06, "DFA": 12.81, "uSF": 9.69, "brSF": 10.02, "frSF": 9.61},
}
"""Errors (%) of one seed and 100 epochs, by setting: those of the best epoch on the test images."""

SOURCE = "BioTorch's benchmarks, LeNet (Sanfiz and Akrout 2021, arXiv 2108.13446)"

COLUMNS = {
    "setting": "object",
    "method": "object",
    "learning_rate": "duration",
    "at_edge": "bool",
    "seed": "index",
    "error": "percentage",
    "best_error": "percentage",
    "seconds": "duration",
}
"""Columns of the records, with their types."""


@dataclass(frozen=True)
class FeedbackRulesSetting:
    """Conditions that the rules share.

    Attributes:
        name: Name in tables.
        settings: Network, images and training of the final runs.
        tuning: The same for the runs that choose the learning rates, on held-out training images.
        seeds: Number of seeds of the final runs, from 0.
    """

    name: str
    settings: LeNetSettings
    tuning: LeNetSettings
    seeds: int

    def describe(self) -> str:
        """Return the setting in one line."""
        settings = self.settings
        images = f"{settings.samples:,} images of {settings.environment}" if settings.samples else settings.environment
        rounds = f"{settings.epochs} epochs of batches of {settings.batch_size}"
        return f"LeNet on {images}, {rounds}, {len(settings.rules)} rules, {self.seeds} seeds"

    def play(self, options: RunOptions) -> pd.DataFrame:
        """Return a row for each rule and seed: setting, method, learning_rate, at_edge, seed, error, best_error (%) and seconds.

        The error is that after the last epoch. The best error is that of the best epoch on the test images, which the published
        figures are, too.
        """
        from neuronet.reproduction.lenet import lenet_errors  # loads torch

        tuned = {rule: self._tune(rule, options) for rule in self.settings.rules}
        rates = {rule: rate for rule, (rate, _) in tuned.items()}
        chosen = replace(self.settings, learning_rates=rates)
        folder = options.subfolder(self.name)
        errors = lenet_errors(chosen, range(self.seeds), folder, options.jobs, options.log)
        errors["error"] = errors["error"].fillna(GUESSES)
        by_run = errors.groupby(["rule", "seed"], sort=False)
        records = by_run.agg(error=("error", "last"), best_error=("error", "min"), seconds=("seconds", "sum")).reset_index()
        records.insert(0, "setting", self.name)
        records.insert(2, "learning_rate", records["rule"].map(rates))
        records.insert(3, "at_edge", records["rule"].map({rule: at_edge for rule, (_, at_edge) in tuned.items()}))
        return records.rename(columns={"rule": "method"})[list(COLUMNS)]

    def _tune(self, rule: str, options: RunOptions) -> tuple[float, bool]:
        """Return the learning rate with the lowest error on held-out images, and whether it is the first or last one tried."""
        errors = {step: self._tuning_error(rule, step, options) for step in STEPS}
        while True:
            best = min(sorted(errors), key=errors.__getitem__)
            beyond = best - 1 if best == min(errors) else best + 1
            if beyond in errors or not LIMITS[0] <= beyond <= LIMITS[1]:
                return _rate(best), beyond not in errors
            errors[beyond] = self._tuning_error(rule, beyond, options)

    def _tuning_error(self, rule: str, step: int, options: RunOptions) -> float:
        """Return the error (%) on held-out images after the last epoch."""
        from neuronet.reproduction.lenet import lenet_errors  # loads torch

        settings = replace(self.tuning, rules={rule: self.tuning.rules[rule]}, learning_rate=_rate(step))
        folder = options.subfolder(f"{self.name}-tuning")
        errors = lenet_errors(settings, [TUNING_SEED], folder, options.jobs)
        error = float(errors["error"].fillna(GUESSES).iloc[-1])
        options.log(f"{self.name}: {rule}: error {error:.2f}% of held-out images at learning rate {_rate(step):g}")
        return error


def _rate(step: int) -> float:
    """Return the learning rate of a half decade."""
    return float(f"{10 ** (step / 2):.3g}")


def _find(records: pd.DataFrame) -> list[Finding]:
    """Return how far each rule's best error is above that of error backpropagation, beside the published distance."""
    return differences_to(BACKPROP, records, "best_error", "test error: METHOD - BP", _published_gap)


def _published_gap(setting: str, method: str) -> Published | None:
    errors = PUBLISHED.get(setting, {})
    if method not in errors:
        return None
    gap = errors[method] - errors[BACKPROP]
    return Published(round(gap, 2), f"{gap:+.2f} ({errors[method]:g} against {errors[BACKPROP]:g})", SOURCE)


def _tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return `error`: a row for each setting and rule, with mean errors (%), 95% intervals and the published errors."""
    rows = []
    for (setting, method), part in records.groupby(["setting", "method"], sort=False):
        last, best = (interval(part[name].to_numpy(dtype=np.float64)) for name in ("error", "best_error"))
        choice = (float(part["learning_rate"].iloc[0]), bool(part["at_edge"].iloc[0]))
        rows.append((setting, method, *choice, *last, *best, PUBLISHED.get(setting, {}).get(method, np.nan)))
    columns = ["setting", "method", "learning_rate", "at_edge", "error", "error_low", "error_high"]
    return {"error": pd.DataFrame(rows, columns=[*columns, "best_error", "best_error_low", "best_error_high", "published"])}


def _tuning(final: LeNetSettings) -> LeNetSettings:
    """Return the conditions of the final runs on held-out images, with as many rounds, on which the best rate depends."""
    return replace(final, validation=True)


QUICK, SHORT = LeNetSettings("mnist5k", epochs=6, milestones=(3, 4)), LeNetSettings(epochs=8, milestones=(4, 6))
MNIST, FASHION = LeNetSettings("mnist"), LeNetSettings()

FEEDBACK_RULES = Reproduction(
    "How well do neurons with other feedback learn in a LeNet?",
    SOURCE,
    "reproduction-accuracy",
    {
        "small": (FeedbackRulesSetting("mnist5k", QUICK, _tuning(QUICK), 3),),
        "medium": (FeedbackRulesSetting("fashion-mnist", SHORT, _tuning(SHORT), 3),),
        "full": (
            FeedbackRulesSetting("mnist", MNIST, _tuning(MNIST), 3),
            FeedbackRulesSetting("fashion-mnist", FASHION, _tuning(FASHION), 3),
        ),
    },
    _find,
    _tables,
    COLUMNS,
)
"""Test errors of random, direct and sign-symmetric feedback beside error backpropagation; `full` has the published settings."""
