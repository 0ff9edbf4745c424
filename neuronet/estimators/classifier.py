"""Classification with scikit-learn's interface."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from neuronet.core import CrossEntropy, DataError
from neuronet.estimators.base import NeuronEstimator
from neuronet.models import shown

Floats = NDArray[np.float64]


@final
class NeuronClassifier(ClassifierMixin, NeuronEstimator):
    """Classifier of scikit-learn: a network of neurons that follow policies, paid by softmax cross-entropy.

    The parameters are options of `neuronet.train` by the same names, with its defaults: `policy`, `hidden`, `epochs`,
    `learning_rate` and the others of `__init__`; the engine is "tensors". They are stored as they are given, and checked by
    `fit`. Two classes or more are needed. Weights of samples are not supported: a weighted sample would not equal a repeated one,
    since repetition changes the rounds.

    Attributes:
        classes_: (O,) the classes, sorted: integers or texts.
        n_features_in_, feature_names_in_: Number of inputs, and their names where the inputs were a frame.
        n_iter_: Number of epochs played.
        loss_curve_, validation_loss_curve_: Loss of each epoch, in training and on held-out samples.
        model_: Trained network (neuronet.models.Model), which can be saved, loaded and exported.
        result_: Result of `fit`, or of the last `partial_fit`.
    """

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any) -> Self:
        """Train a fresh network.

        Args:
            X: (N, I) finite numbers: array, frame or nested list; not sparse.
            y: (N,) classes: integers or texts.

        Returns:
            The estimator.

        Raises:
            ValueError: Data or a parameter are not valid; NeuroNetError where the parameter is NeuroNet's.
            DivergedError: The loss is not finite.
        """
        inputs, labels = self._labelled(X, y, reset=True)
        classes = _checked_classes(labels, "y")
        self._train(inputs, _numbers(labels, classes), CrossEntropy(), classes)
        self.classes_ = classes
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Train for one epoch on these samples, from where the training stands.

        The learning rate is constant: the end of the training is not known. The first call fixes the classes and, if
        `standardize`, the scaling of inputs.

        Args:
            X: (N, I) finite numbers, as for `fit`.
            y: (N,) classes.
            classes: All classes that will occur; needed by the first call, unless it follows `fit`.

        Returns:
            The estimator.

        Raises:
            ValueError: As for `fit`; or the classes are missing or others than before, or a parameter that shapes the network
                has changed.
        """
        begun = hasattr(self, "model_")
        inputs, labels = self._labelled(X, y, reset=not begun)
        known = self._known_classes(classes, begun)
        self._train_epoch(inputs, _numbers(labels, known), CrossEntropy(), known)
        self.classes_ = known
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each sample, (N,).

        Args:
            X: (N, I) finite numbers, with the columns of the training samples.
        """
        inputs = self._inputs(X)
        return self.model_.predict(inputs)

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, (N, O), in the order of `classes_`.

        Args:
            X: As for `predict`.
        """
        inputs = self._inputs(X)
        return self.model_.predict_proba(inputs)

    def decision_function(self, X: Any) -> Floats:
        """Return the logit of each class, (N, O); of two classes, the log-odds of the second, (N,).

        Args:
            X: As for `predict`.
        """
        inputs = self._inputs(X)
        logits = self.model_.outputs(inputs)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def _labelled(self, X: Any, y: Any, *, reset: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        inputs, labels = self._validated(X, y, reset=reset)
        check_classification_targets(labels)
        return inputs, labels

    def _known_classes(self, classes: Any, begun: bool) -> NDArray[Any]:
        """Return the classes of the training, given or known from before."""
        if not begun and classes is None:
            raise DataError("the first call of partial_fit needs all classes that will occur: partial_fit(X, y, classes=[...])")
        given = None if classes is None else _checked_classes(np.asarray(classes), "classes")
        if begun and given is not None and given.tolist() != self.classes_.tolist():
            raise DataError(f"classes must be those of the first call, {shown(self.classes_)}, got {shown(given)}")
        return self.classes_ if begun or given is None else given


def _checked_classes(labels: NDArray[Any], what: str) -> NDArray[Any]:
    """Return the sorted classes among labels, two or more."""
    check_classification_targets(labels)
    classes = np.unique(labels)
    if len(classes) < 2:
        raise DataError(f"{what} must have two or more classes, got {len(classes)} class: {shown(classes)}")
    return classes


def _numbers(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the position of each label among the classes, (N,)."""
    found, which = np.unique(labels, return_inverse=True)
    positions = {label: position for position, label in enumerate(classes.tolist())}
    unknown = next((label for label in found.tolist() if label not in positions), None)
    if unknown is not None:
        raise DataError(f"y has the class {unknown!r}, which is not among the classes of the training: {shown(classes)}")
    return np.array([positions[label] for label in found.tolist()], dtype=np.int64)[which]
