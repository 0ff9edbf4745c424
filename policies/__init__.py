"""The policies that come with NeuroNet, one short file each."""

from __future__ import annotations

from neuronet.policies.attention import AttentionSeeking
from neuronet.policies.greedy import Greedy
from neuronet.policies.noisy import Noisy
from neuronet.policy import Policy

POLICIES: dict[str, type[Policy]] = {
    "attention": AttentionSeeking,
    "greedy": Greedy,
    "noisy": Noisy,
}
"""Every policy by its name on the command line."""

__all__ = ["POLICIES", "AttentionSeeking", "Greedy", "Noisy"]
