"""Attribution of a network's payoff to its neurons."""

from neuronet.games.attribution.credit import Credit, CreditStudy, attribute_credit, correlation_interval, credit_study
from neuronet.games.attribution.shapley import Bools

__all__ = ["Bools", "Credit", "CreditStudy", "attribute_credit", "correlation_interval", "credit_study"]
