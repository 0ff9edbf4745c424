"""Search a policy and a learning rate with Optuna, which ends bad trials after a few epochs: `partial_fit` trains epoch by epoch.

Needs `pip install 'neuronet[optuna]'`. `python examples/optuna_search.py 30` plays 30 trials.
"""

import sys

import optuna
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from neuronet import NeuronClassifier

POLICIES = ["attention", "greedy(top=3)", "random-sign-symmetric", "direct-feedback"]
EPOCHS = 8

trials = int(sys.argv[1]) if len(sys.argv) > 1 else 10
inputs, digits = load_digits(return_X_y=True)
train, validation, train_digits, validation_digits = train_test_split(inputs, digits, random_state=0, stratify=digits)


def accuracy(trial):
    estimator = NeuronClassifier(
        policy=trial.suggest_categorical("policy", POLICIES),
        learning_rate=trial.suggest_float("learning_rate", 1e-3, 0.2, log=True),
        hidden=32,
    )
    for epoch in range(EPOCHS):
        estimator.partial_fit(train, train_digits, classes=range(10))
        trial.report(estimator.score(validation, validation_digits), epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return estimator.score(validation, validation_digits)


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(accuracy, n_trials=trials)

pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)
policy, rate = study.best_params["policy"], study.best_params["learning_rate"]
print(f"{trials} trials, {pruned} of them ended early")
print(f"best: {policy}, learning rate {rate:.3g}, accuracy {study.best_value:.4f}")
