"""Methods that add a quadratic penalty to the loss: EWC, MAS and SI."""

from neuronet.continual.methods.penalties.ewc import EWC, OnlineEWC
from neuronet.continual.methods.penalties.mas import MAS
from neuronet.continual.methods.penalties.quadratic_penalty import QuadraticLearner
from neuronet.continual.methods.penalties.si import SI

__all__ = ["EWC", "MAS", "SI", "OnlineEWC", "QuadraticLearner"]
