"""Baselines that policies are compared with: error backpropagation by torch's autograd."""

from neuronet.baselines.backprop import (
    TORCH_ACTIVATIONS,
    Backprop,
    Layer,
    activities,
    losses,
    negative_gradient,
    torch_optimizer,
)

__all__ = ["TORCH_ACTIVATIONS", "Backprop", "Layer", "activities", "losses", "negative_gradient", "torch_optimizer"]
