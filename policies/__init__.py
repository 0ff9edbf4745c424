"""Built-in policies, one short file each."""

from __future__ import annotations

if __name__ == "policies":
    raise ImportError("import neuronet.policies instead: a second copy of its classes would compare unequal to them")

from neuronet.core import Policy
from neuronet.policies.attention.attention_seeking import AttentionSeeking
from neuronet.policies.attention.best_response import BestResponse
from neuronet.policies.attention.budgeted import Budgeted
from neuronet.policies.attention.contrarian import Contrarian
from neuronet.policies.attention.diminishing_returns import DiminishingReturns
from neuronet.policies.attention.greedy import Greedy
from neuronet.policies.attention.income_protecting import IncomeProtecting
from neuronet.policies.attention.keeping_promises import KeepingPromises
from neuronet.policies.attention.least_squares import LeastSquares
from neuronet.policies.attention.least_squares_by_context import LeastSquaresByContext
from neuronet.policies.attention.weight_maximization import WeightMaximization
from neuronet.policies.feedback.direct_feedback import DirectFeedback
from neuronet.policies.feedback.random_feedback import RandomFeedback
from neuronet.policies.feedback.random_sign_symmetric import RandomSignSymmetric
from neuronet.policies.feedback.sign_symmetric import SignSymmetric
from neuronet.policies.reward.node_perturbation import NodePerturbation
from neuronet.policies.reward.reinforce import Reinforce
from neuronet.policies.social.copycat import Copycat
from neuronet.policies.social.free_rider import FreeRider
from neuronet.policies.social.hebbian import Hebbian
from neuronet.policies.social.imprinting import Imprinting
from neuronet.policies.social.stubborn import Stubborn
from neuronet.policies.wrappers.clipped import Clipped
from neuronet.policies.wrappers.damped import Damped
from neuronet.policies.wrappers.frugal import Frugal
from neuronet.policies.wrappers.noisy import Noisy
from neuronet.policies.wrappers.trembling_hand import TremblingHand

POLICIES: dict[str, type[Policy]] = {
    "attention": AttentionSeeking,
    "best-response": BestResponse,
    "budgeted": Budgeted,
    "clipped": Clipped,
    "contrarian": Contrarian,
    "copycat": Copycat,
    "damped": Damped,
    "diminishing-returns": DiminishingReturns,
    "direct-feedback": DirectFeedback,
    "free-rider": FreeRider,
    "frugal": Frugal,
    "greedy": Greedy,
    "hebbian": Hebbian,
    "imprinting": Imprinting,
    "income-protecting": IncomeProtecting,
    "keeping-promises": KeepingPromises,
    "least-squares": LeastSquares,
    "least-squares-by-context": LeastSquaresByContext,
    "node-perturbation": NodePerturbation,
    "noisy": Noisy,
    "random-feedback": RandomFeedback,
    "random-sign-symmetric": RandomSignSymmetric,
    "reinforce": Reinforce,
    "sign-symmetric": SignSymmetric,
    "stubborn": Stubborn,
    "trembling-hand": TremblingHand,
    "weight-maximization": WeightMaximization,
}
"""All policies by their names on the command line."""

__all__ = [
    "POLICIES",
    "AttentionSeeking",
    "BestResponse",
    "Budgeted",
    "Clipped",
    "Contrarian",
    "Copycat",
    "Damped",
    "DiminishingReturns",
    "DirectFeedback",
    "FreeRider",
    "Frugal",
    "Greedy",
    "Hebbian",
    "Imprinting",
    "IncomeProtecting",
    "KeepingPromises",
    "LeastSquares",
    "LeastSquaresByContext",
    "NodePerturbation",
    "Noisy",
    "RandomFeedback",
    "RandomSignSymmetric",
    "Reinforce",
    "SignSymmetric",
    "Stubborn",
    "TremblingHand",
    "WeightMaximization",
]
