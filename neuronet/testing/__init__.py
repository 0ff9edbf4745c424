"""Checks for authors of plug-ins: does my policy, or my environment, keep the contract?

    from neuronet.testing import check_policy
    check_policy(MyPolicy(0.5))

A broken contract raises NeuroNetError with one sentence that says what is wrong and what would be right; silence means that all
is well. The library array-api-strict makes the check of policies stricter: `pip install "neuronet[test]"`.
"""

from neuronet.testing.environment import check_environment
from neuronet.testing.policy import check_policy
from neuronet.testing.synthetic_layer import SyntheticLayer, example_observation

__all__ = ["SyntheticLayer", "check_environment", "check_policy", "example_observation"]
