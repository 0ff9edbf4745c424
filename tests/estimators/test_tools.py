"""scikit-learn's tools around the estimators: pipelines, cross-validation, grid searches."""

from __future__ import annotations

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from neuronet import NeuronClassifier, NeuronRegressor
from tests.estimators.samples import blobs, plane

OPTIONS = {"hidden": (6,), "epochs": 4, "learning_rate": 0.05}


def test_pipeline_and_cross_validation():
    inputs, numbers = blobs()
    pipeline = make_pipeline(MinMaxScaler(), NeuronClassifier(**OPTIONS))
    scores = cross_val_score(pipeline, inputs, np.array(["a", "b", "c"])[numbers], cv=3)
    assert scores.shape == (3,)
    assert scores.mean() > 0.8
    assert cross_val_score(NeuronClassifier(**OPTIONS), inputs, numbers > 0, cv=3, scoring="roc_auc").min() > 0.8


def test_scaler_in_front_changes_nothing():
    """Inputs are standardised in any case."""
    inputs, numbers = blobs()
    plain = NeuronClassifier(**OPTIONS).fit(inputs, numbers)
    scaled = make_pipeline(StandardScaler(), NeuronClassifier(**OPTIONS, standardize=False)).fit(inputs, numbers)
    assert np.allclose(plain.predict_proba(inputs), scaled.predict_proba(inputs))


def test_regressor_within_a_meta_estimator():
    inputs, targets = plane()
    wrapped = TransformedTargetRegressor(NeuronRegressor(**OPTIONS | {"epochs": 20}), func=np.log, inverse_func=np.exp)
    assert wrapped.fit(inputs, targets[:, 0]).score(inputs, targets[:, 0]) > 0.8


GRID = {"policy": ["attention", "greedy(top=1)"], "learning_rate": [1e-6, 0.05]}


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_grid_search_over_policies_and_learning_rates(backend):
    """With two jobs, in threads or processes."""
    inputs, numbers = blobs()
    with parallel_config(backend=backend):
        search = GridSearchCV(NeuronClassifier(**OPTIONS), GRID, cv=2, n_jobs=2).fit(inputs, numbers)
    assert search.best_params_["learning_rate"] == 0.05
    assert search.best_estimator_.result_.config.learning_rate == 0.05
    assert len(search.cv_results_["mean_test_score"]) == 4
    assert search.score(inputs, numbers) > 0.7


def test_grid_search_scores_a_diverged_candidate_as_failed():
    inputs, targets = plane()
    search = GridSearchCV(NeuronRegressor(**OPTIONS), {"learning_rate": [0.05, 1e6]}, cv=2, error_score=-9.0)
    with pytest.warns(Warning, match="learning_rate"):
        search.fit(inputs, targets)
    assert search.cv_results_["mean_test_score"][1] == -9.0
