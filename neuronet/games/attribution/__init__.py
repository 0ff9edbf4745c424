"""Attribution of a network's payoff to its neurons."""

from neuronet.games.attribution.credit import Credit, CreditStudy, attribute_credit, correlation_interval, credit_study

__all__ = ["Credit", "CreditStudy", "attribute_credit", "correlation_interval", "credit_study"]
