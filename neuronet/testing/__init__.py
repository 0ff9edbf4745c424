"""Conformance checks for authors of plug-ins.

    from neuronet.testing import check_policy
    check_policy(MyPolicy(0.5))

A plug-in that breaks its contract raises an error with one sentence: PolicyError for a policy, DataError for an environment. If
array-api-strict is installed, the check of policies is stricter: `pip install "neuronet[test]"`.
"""

from neuronet.testing.environment import check_environment
from neuronet.testing.first_run import notes_on_policies
from neuronet.testing.policy import check_policy
from neuronet.testing.synthetic_layer import SyntheticLayer, example_observation
from neuronet.testing.watched import find_non_finite

__all__ = [
    "SyntheticLayer",
    "check_environment",
    "check_policy",
    "example_observation",
    "find_non_finite",
    "notes_on_policies",
]
