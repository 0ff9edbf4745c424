"""Choice of each method's configuration: equal numbers of trials, with equal seeds, and a second look at the best ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from neuronet.continual.evaluation import SequenceResult, final_accuracy, learning_accuracy
from neuronet.continual.studies.result import TUNING_COLUMNS
from neuronet.continual.studies.search import BracketSearch, Configuration

PlannedRuns = Sequence[tuple[str, Configuration]]
"""Runs to do: name of a method and its configuration."""

BRACKET_TRIALS = 4
"""Configurations that each method tries before the best one is looked for again."""


@dataclass
class Tuning:
    """Search of the configurations of several methods.

    Args:
        searches: Search of each method, by name.
        play: Function of planned runs and seeds that returns the result of each run for each seed, on validation samples.
        log: Function that is called with a line of text for each part.
    """

    searches: Mapping[str, BracketSearch]
    play: Callable[[PlannedRuns, Sequence[int]], list[list[SequenceResult]]]
    log: Callable[[str], None]
    _finals: dict[str, list[list[float]]] = field(default_factory=dict)
    _rows: list[tuple[Any, ...]] = field(default_factory=list)
    _waves: int = 0

    @property
    def table(self) -> pd.DataFrame:
        """All runs so far, with TUNING_COLUMNS."""
        return pd.DataFrame(self._rows, columns=list(TUNING_COLUMNS))

    def search(self, seeds: Sequence[int], trials: int, max_range_extensions: int) -> None:
        """Try configurations of every method, evenly spread ones first, then such as bracket its best one.

        Args:
            seeds: Seeds of every trial.
            trials: Configurations of each method, half of them spread evenly.
            max_range_extensions: Maximum number of times that every method gets half as many configurations again, while the
                best of any method is at the edge of what it tried.
        """
        self._finals = {name: [] for name in self.searches}
        extra = (trials + 1) // 2
        played, budget, extensions = 0, trials, 0
        while True:
            number = min(BRACKET_TRIALS if played else extra, budget - played)
            best = self.best() if played else {}
            planned = [(name, trial) for name, search in self.searches.items() for trial in search.ask(number, best.get(name))]
            for (name, _), finals in zip(planned, self._play(planned, seeds), strict=True):
                self._finals[name].append(finals)
            played += number
            if played < budget:
                continue
            at_edge = [name for name, configuration in self.best().items() if configuration.at_edge]
            if not at_edge or extensions == max_range_extensions:
                break
            budget, extensions = budget + extra, extensions + 1
            self.log(f"at the edge of what was tried: {', '.join(at_edge)}; each method tries {extra} more")

    def compare_finalists(self, finalists: int, seeds: Sequence[int]) -> None:
        """Run the best configurations of each method for further seeds, which then count as those of the search do.

        They are the best one and the next ones that are not at an edge.
        """
        planned, places = [], []
        for name, search in self.searches.items():
            ranked = [(place, search.mark_edge(search.trials[place])) for place in self._ranking(name)]
            chosen = [ranked[0], *((place, trial) for place, trial in ranked[1:] if not trial.at_edge)][:finalists]
            planned += [(name, trial) for _, trial in chosen]
            places += [place for place, _ in chosen]
        for (name, _), place, finals in zip(planned, places, self._play(planned, seeds), strict=True):
            self._finals[name][place] = self._finals[name][place] + finals

    def best(self) -> dict[str, Configuration]:
        """Return each method's configuration with the highest mean final accuracy, of those with the most seeds."""
        return {name: search.mark_edge(search.trials[self._ranking(name)[0]]) for name, search in self.searches.items()}

    def score(self, name: str) -> float:
        """Return the mean final accuracy on validation samples of a method's best configuration, between 0 and 1."""
        return float(np.mean(self._finals[name][self._ranking(name)[0]]))

    def _ranking(self, name: str) -> list[int]:
        """Return the places of a method's trials, the best one first."""
        finals = self._finals[name]
        return sorted(range(len(finals)), key=lambda place: (-len(finals[place]), -float(np.mean(finals[place]))))

    def _play(self, planned: PlannedRuns, seeds: Sequence[int]) -> list[list[float]]:
        """Run configurations, note the runs as a wave, and return their final accuracies."""
        self._waves += 1
        every = []
        for (name, trial), by_seed in zip(planned, self.play(planned, seeds), strict=True):
            accuracy = np.stack([result.accuracy for result in by_seed])
            final, settings = final_accuracy(accuracy), json.dumps(trial.settings)
            columns = zip(seeds, final, learning_accuracy(accuracy), strict=True)
            self._rows += [(name, trial.learning_rate, settings, *values, self._waves) for values in columns]
            every.append(final.tolist())
        return every
