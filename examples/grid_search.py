"""Search policies and learning rates by cross-validation on digits, beside scikit-learn's MLPClassifier.

Both have 64 hidden neurons, batches of 32, momentum 0.9, 10 epochs, and the same three constant learning rates to choose from.
They differ in their first weights and in the order of the samples. A quarter of the digits is kept for the test.
"""

import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neuronet import NeuronClassifier

POLICIES = ["attention", "greedy(top=3)", "direct-feedback"]
RATES = [0.01, 0.03, 0.1]

inputs, digits = load_digits(return_X_y=True)
train, test, train_digits, test_digits = train_test_split(inputs, digits, random_state=0, stratify=digits)
warnings.simplefilter("ignore", ConvergenceWarning)  # of MLPClassifier, which would train for longer

options = {"solver": "sgd", "nesterovs_momentum": False, "alpha": 0, "batch_size": 32, "max_iter": 10, "random_state": 0}
mlp = make_pipeline(StandardScaler(), MLPClassifier((64,), **options))
candidates = [(policy, NeuronClassifier(policy, epochs=10, lr_schedule="constant"), "learning_rate") for policy in POLICIES]
candidates.append(("MLPClassifier", mlp, "mlpclassifier__learning_rate_init"))

print(f"{'':15} {'rate':>5} {'validation':>11} {'test':>7}")
for name, estimator, rate in candidates:
    search = GridSearchCV(estimator, {rate: RATES}, cv=3).fit(train, train_digits)
    accuracy = search.score(test, test_digits)
    print(f"{name:15} {search.best_params_[rate]:>5} {search.best_score_:>11.4f} {accuracy:>7.4f}")
