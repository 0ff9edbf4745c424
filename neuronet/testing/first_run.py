"""A short check of policies of the user's own before they are first used, which ends in a note at most."""

from __future__ import annotations

import os
from collections.abc import Iterable

from neuronet.core import NeuroNetError, Policy, own_classes
from neuronet.testing.policy import quick_check

SWITCH = "NEURONET_POLICY_CHECK"
"""Environment variable that switches the check off: `NEURONET_POLICY_CHECK=off`."""

_CHECKED: set[type] = set()


def notes_on_policies(policies: Iterable[Policy]) -> list[str]:
    """Return a sentence for each policy of the user's own that is found to break its contract; each class is tried once.

    The check takes about a tenth of a second for each class. What the run itself refuses, such as an exception or a wrong
    shape, is left to the run.

    Args:
        policies: Policies of the games that are about to be played.
    """
    if os.environ.get(SWITCH, "").lower() in ("off", "0", "no", "false"):
        return []
    notes = []
    for policy in policies:
        classes = [cls for cls in own_classes(policy) if cls not in _CHECKED]
        _CHECKED.update(classes)
        if classes:
            notes += _note(policy, classes[0].__name__)
    return notes


def _note(policy: Policy, name: str) -> list[str]:
    try:
        quick_check(policy)
    except NeuroNetError as error:
        more = "neuronet.testing.check_policy says more"
        return [f"Note: policy {name} breaks its contract, and runs all the same: {error} ({more})."]
    except Exception:  # an exception of the policy itself is the run's to report
        return []
    return []
