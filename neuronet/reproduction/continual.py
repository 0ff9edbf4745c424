"""Comparison of methods against forgetting that are tuned with equal budgets, at equal memory: settings and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.registry import BASELINE
from neuronet.reproduction.findings import Finding, differences_to
from neuronet.reproduction.study import RunOptions
from neuronet.statistics import interval, paired

if TYPE_CHECKING:
    from neuronet.continual import ContinualResult

MEASURES = ("learning", "forgetting", "backward", "forward")
"""Measures of forgetting besides final accuracy: keys of neuronet.continual.METRICS."""

KEEPING = "keeping-promises"
BY_CONTEXT = "least-squares by context"
"""Method that all others are compared with: the best of our own that assumes nothing about the inputs."""

LENETS = {
    "LeNet": "lenet",
    "LeNet, sign-symmetric": "lenet(sign-symmetric)",
    "LeNet, random-feedback": "lenet(random-feedback)",
    "LeNet, direct-feedback": "lenet(direct-feedback)",
    "LeNet, budgeted": "lenet(budgeted)",
}
"""Convolutional networks by their names in tables; the first one's policy is attention-seeking, error backpropagation."""

AT_ANY_MEMORY = ("a-gem", "er", "der", "ridge", BY_CONTEXT, f"{BY_CONTEXT}, patches")
"""Methods that can keep any number of bytes."""

COLUMNS = {
    "setting": "object",
    "method": "object",
    "learning_rate": "duration",
    "settings": "object",
    "at_edge": "bool",
    "diverged": "bool",
    "games": "index",
    "found_half": "percentage",
    "found": "percentage",
    "seed": "index",
    **dict.fromkeys(MEASURES, "float64"),
    "accuracy": "percentage",
    "seconds": "duration",
    "bytes": "duration",
}
"""Columns of the records, with their types."""


@dataclass(frozen=True)
class ContinualSetting:
    """Conditions that the methods of one comparison share.

    Attributes:
        name: Name in tables.
        protocol: Spec of the protocol.
        environment: Spec of the environment.
        hidden: Neurons in each hidden layer.
        batch_size: Samples a round.
        iterations: Rounds a task (>= 1).
        seeds: Number of seeds.
        seed: First seed.
        memory: Bytes of the methods that store samples or sums, as many as keeping-promises keeps.
        only: Names of the methods that are compared; empty for all but LENETS.
        trials: Configurations of each method; half as many again while any best one is at an edge.
        extensions: Maximum number of times that there are half as many again.
        tuning_seeds: Seeds of each configuration.
        finalists: Best configurations of each method that six further seeds decide between; 0 to choose at once.
        contexts: Contexts that BY_CONTEXT tells apart at most (>= 1).
    """

    name: str
    protocol: str
    environment: str
    hidden: tuple[int, ...]
    batch_size: int
    iterations: int
    seeds: int
    seed: int = 200
    memory: int = 2_546_000
    trials: int = 10
    extensions: int = 0
    tuning_seeds: int = 1
    finalists: int = 0
    contexts: int = 16
    only: tuple[str, ...] = ()

    @property
    def methods(self) -> dict[str, str]:
        """Spec of each method that is compared, by its name in tables."""
        own = self._all_methods()
        return {name: spec for name, spec in {**own, **LENETS}.items() if name in (self.only or own)}

    def _all_methods(self) -> dict[str, str]:
        memory = f"memory={self.memory}"
        half = (11 * self.contexts + 1) / 2  # a mean and ten replies for each context
        features = round((self.memory / 4 + half**2) ** 0.5 - half - 1)
        return {
            BASELINE: BASELINE,
            "joint": "joint",
            "ewc": "ewc(samples=1000)",
            "si": "si",
            "mas": "mas",
            "lwf": "lwf",
            "owm": "owm",
            "gpm": "gpm",
            "a-gem": f"a-gem({memory})",
            "er": f"er({memory})",
            "der": f"der({memory})",
            "ridge": f"ridge({memory})",
            KEEPING: KEEPING,
            f"{KEEPING}(sign-symmetric)": f"{KEEPING}(sign-symmetric)",
            f"{KEEPING}(budgeted)": f"{KEEPING}(budgeted)",
            f"least-squares over {KEEPING}(clipped)": _over(f"{KEEPING}(clipped)", "least-squares(penalty=150)"),
            BY_CONTEXT: _by_context(self.contexts, features, "fixed-in-degree(16)"),
            f"{BY_CONTEXT}, patches": _by_context(self.contexts, features, "patches(4, 6)"),
        }

    def describe(self) -> str:
        """Return the setting in one line."""
        sizes = ",".join(map(str, self.hidden))
        rounds, kept = f"{self.iterations} rounds of {self.batch_size} a task", f"{self.memory / 1e6:.3g} MB"
        counts = f"{len(self.methods)} methods, {self.seeds} seeds"
        return f"{self.protocol} of {self.environment}, hidden {sizes}, {rounds}, {kept}, {counts}"

    def play(self, options: RunOptions) -> pd.DataFrame:
        """Return a row for each run.

        The columns are setting, method, learning_rate (nan for none), settings (JSON), at_edge, diverged (whether the run ended
        at 0), games (of tuning), found_half and found (best validation accuracy after half of the search, and after all), seed,
        the measures of forgetting, accuracy (final), all in %, seconds of learning, and bytes kept beyond the network.
        """
        from neuronet.continual import continual_study  # loads torch

        result = continual_study(
            self.protocol,
            self.environment,
            list(self.methods.values()),
            jobs=options.jobs,
            out=options.subfolder(self.name),
            log=lambda line: options.log(f"{self.name}: {line}"),
            seeds=self.seeds,
            seed=self.seed,
            hidden=self.hidden,
            batch_size=self.batch_size,
            iterations=self.iterations,
            tune=True,
            trials=self.trials,
            max_range_extensions=self.extensions,
            tuning_seeds=self.tuning_seeds,
            finalists=self.finalists,
            optimizers=("sgd", "momentum", "adam"),
        )
        names = {spec: name for name, spec in self.methods.items()}
        tables = []
        for row in result.table.to_dict("records"):
            spec = row["policy"]
            matrix = result.matrix(spec)
            curve = result.search[result.search["policy"] == spec]
            half = curve[curve["games"] <= max(curve["games"].iloc[-1] / 2, curve["games"].iloc[0])]
            shared = {
                "setting": self.name,
                "method": names[spec],
                **{name: row[name] for name in ("learning_rate", "settings", "at_edge")},
                "diverged": (matrix[:, -1] == 0).all(axis=-1),
                "games": int((result.tuning["policy"] == spec).sum()),
                "found_half": 100 * float(half["best"].iloc[-1]),
                "found": 100 * float(curve["best"].iloc[-1]),
            }
            tables.append(pd.DataFrame({**shared, **measured(result, spec)}))
        return pd.concat(tables, ignore_index=True)


def measured(result: ContinualResult, policy: str) -> dict[str, NDArray[np.float64]]:
    """Return seed, measures of forgetting, accuracy (final; all in %), seconds and bytes of each run of a method, (R,) each."""
    from neuronet.continual import METRICS  # loads torch

    costs, matrix = result.costs[result.costs["policy"] == policy], result.matrix(policy)
    measures = {name: 100 * np.asarray(METRICS[name](matrix)) for name in (*MEASURES, "final")}
    measures["accuracy"] = measures.pop("final")
    return {"seed": costs["seed"].to_numpy(), **measures, **{name: costs[name].to_numpy() for name in ("seconds", "bytes")}}


def _over(hidden: str, outputs: str) -> str:
    """Return the spec of hidden neurons of one policy below outputs of another."""
    return f'layered(hidden="{hidden}", outputs="{outputs}")'


def _by_context(contexts: int, features: int, connectivity: str) -> str:
    """Return the spec of exact responses by context over imprinted features."""
    outputs = "least-squares-by-context" if contexts == 16 else f'"least-squares-by-context(contexts={contexts})"'
    return f'layered(hidden=imprinting, outputs={outputs}, features={features}, connectivity="{connectivity}")'


def methods_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each setting and method, by accuracy (final, %), with 95% intervals.

    The differences to error backpropagation and to BY_CONTEXT are paired seed by seed. A note says whether a method was not
    tuned: its configuration is at an edge of what was tried, or runs of it diverged.
    """
    rows = []
    for setting, part in records.groupby("setting", sort=False):
        by_seed = part.pivot(index="seed", columns="method", values="accuracy")
        for method in by_seed.mean().sort_values(ascending=False, kind="stable").index:
            own = part[part["method"] == method]
            spans = [number for name in ("accuracy", "learning") for number in interval(own[name].to_numpy(dtype=np.float64))]
            gaps: list[float] = []
            for reference in (BASELINE, BY_CONTEXT):
                summary = paired((by_seed[method] - by_seed[reference]).to_numpy(dtype=np.float64))
                gaps += [float("nan")] * 3 if method == reference else [summary.mean, summary.low, summary.high]
            first = own.iloc[0]
            edge = "at an edge" if first["at_edge"] else ""
            tuned = "diverged" if own["diverged"].any() else edge
            rows.append((setting, method, *spans, *gaps, own["bytes"].mean() / 1e6, f"not tuned: {tuned}" if tuned else ""))
    spans_of = [f"{name}{end}" for name in ("accuracy", "learning") for end in ("", "_low", "_high")]
    gaps_of = [f"{name}{end}" for name in ("to_backprop", "to_context") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["setting", "method", *spans_of, *gaps_of, "megabytes", "note"])


def search_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each setting and method: games of tuning, best accuracy on validation after half and all, and choice."""
    columns = ["setting", "method", "games", "found_half", "found", "learning_rate", "settings"]
    return records.drop_duplicates(["setting", "method"])[columns].reset_index(drop=True)


def find(records: pd.DataFrame) -> list[Finding]:
    """Return how far every method's final accuracy is from that of BY_CONTEXT in each setting, in points."""
    return differences_to(BY_CONTEXT, records, "accuracy", f"final accuracy: METHOD - {BY_CONTEXT}")


def tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return methods_table and search_table by the names of the tables."""
    return {"methods": methods_table(records), "search": search_table(records)}
