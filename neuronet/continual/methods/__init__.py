"""Continual-learning methods: published ones on torch.autograd, and networks of neurons that follow policies."""

from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method, Range, TaskInfo
from neuronet.continual.methods.finetuning import Backprop, BackpropLearner, mask_outputs
from neuronet.continual.methods.k_winners import keep_largest
from neuronet.continual.methods.masked_cross_entropy import MaskedCrossEntropy
from neuronet.continual.methods.penalties import QuadraticLearner
from neuronet.continual.methods.policy_learner import PolicyLearner, PolicyMethod
from neuronet.continual.methods.registry import METHODS, parse_method, parse_methods

__all__ = [
    "METHODS",
    "Backprop",
    "BackpropLearner",
    "Batch",
    "Learner",
    "LearnerConfig",
    "MaskedCrossEntropy",
    "Method",
    "PolicyLearner",
    "PolicyMethod",
    "QuadraticLearner",
    "Range",
    "TaskInfo",
    "keep_largest",
    "mask_outputs",
    "parse_method",
    "parse_methods",
]
