"""The figure of a network."""

from neuronet.plotting.network.figure import draw_layers
from neuronet.plotting.network.input_layout import pixel_at
from neuronet.plotting.network.model import Layout, NetworkView, NeuronPosition, PolicyStyles, received_attention
from neuronet.plotting.policy_styles import policy_styles

__all__ = [
    "Layout",
    "NetworkView",
    "NeuronPosition",
    "PolicyStyles",
    "draw_layers",
    "pixel_at",
    "policy_styles",
    "received_attention",
]
