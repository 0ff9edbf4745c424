"""The policies that come with NeuroNet, one short file each."""

from __future__ import annotations

from neuronet.policies.attention import AttentionSeeking
from neuronet.policies.best_response import BestResponse
from neuronet.policies.clipped import Clipped
from neuronet.policies.contrarian import Contrarian
from neuronet.policies.copycat import Copycat
from neuronet.policies.diminishing_returns import DiminishingReturns
from neuronet.policies.direct_feedback import DirectFeedback
from neuronet.policies.free_rider import FreeRider
from neuronet.policies.greedy import Greedy
from neuronet.policies.hebbian import Hebbian
from neuronet.policies.income_protecting import IncomeProtecting
from neuronet.policies.keeping_promises import KeepingPromises
from neuronet.policies.node_perturbation import NodePerturbation
from neuronet.policies.noisy import Noisy
from neuronet.policies.random_feedback import RandomFeedback
from neuronet.policies.reinforce import Reinforce
from neuronet.policies.sign_symmetric import SignSymmetric
from neuronet.policies.stubborn import Stubborn
from neuronet.policies.trembling_hand import TremblingHand
from neuronet.policies.weight_maximization import WeightMaximization
from neuronet.policy import Policy

POLICIES: dict[str, type[Policy]] = {
    "attention": AttentionSeeking,
    "best-response": BestResponse,
    "clipped": Clipped,
    "contrarian": Contrarian,
    "copycat": Copycat,
    "diminishing-returns": DiminishingReturns,
    "direct-feedback": DirectFeedback,
    "free-rider": FreeRider,
    "greedy": Greedy,
    "hebbian": Hebbian,
    "income-protecting": IncomeProtecting,
    "keeping-promises": KeepingPromises,
    "node-perturbation": NodePerturbation,
    "noisy": Noisy,
    "random-feedback": RandomFeedback,
    "reinforce": Reinforce,
    "sign-symmetric": SignSymmetric,
    "stubborn": Stubborn,
    "trembling-hand": TremblingHand,
    "weight-maximization": WeightMaximization,
}
"""Every policy by its name on the command line."""

__all__ = [
    "POLICIES",
    "AttentionSeeking",
    "BestResponse",
    "Clipped",
    "Contrarian",
    "Copycat",
    "DiminishingReturns",
    "DirectFeedback",
    "FreeRider",
    "Greedy",
    "Hebbian",
    "IncomeProtecting",
    "KeepingPromises",
    "NodePerturbation",
    "Noisy",
    "RandomFeedback",
    "Reinforce",
    "SignSymmetric",
    "Stubborn",
    "TremblingHand",
    "WeightMaximization",
]
