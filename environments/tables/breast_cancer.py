"""Breast cancer in Wisconsin: is a tumour malignant? 569 samples that come with scikit-learn.

Source: Street, Wolberg and Mangasarian 1993, "Nuclear feature extraction for breast tumor diagnosis", UCI machine learning
repository.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.tables.table import Table


@dataclass(frozen=True)
class BreastCancer(LazyEnvironment):
    """30 measures of the cells of a tumour, malignant (0) or benign (1): 455 to learn from and 114 to be judged by.

    The split is fixed and has the same share of both; measures are standardised by the training samples alone.
    """

    def load(self) -> Table:
        """The samples in scikit-learn."""
        from sklearn.datasets import load_breast_cancer

        return Table.from_bunch(load_breast_cancer(), payoff="cross-entropy", name="breast-cancer")
