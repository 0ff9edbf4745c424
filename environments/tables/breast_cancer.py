"""Breast cancer Wisconsin: malignant or benign tumours, 569 samples included in scikit-learn.

Source: Street, Wolberg and Mangasarian 1993, "Nuclear feature extraction for breast tumor diagnosis", UCI machine learning
repository.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.tables.table import Table


@dataclass(frozen=True)
class BreastCancer(LazyEnvironment):
    """Malignant (0) or benign (1) tumours from 30 measures of their cells: 455 for training and 114 for the test.

    The split is fixed and has the same share of both classes; measures are standardised by the training samples alone.
    """

    def load(self) -> Table:
        """Return the samples of scikit-learn."""
        from sklearn.datasets import load_breast_cancer

        return Table.from_bunch(load_breast_cancer(), payoff="cross-entropy", name="breast-cancer")
