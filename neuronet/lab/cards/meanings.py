"""What the words on the page mean, for tooltips."""

from __future__ import annotations

ATTENTION = (
    "Attention: how much the listeners of a neuron hear of it. A listener's attention is its weight w; "
    "a neuron receives the sum of w\u00b2 / 2 over its listeners."
)
DEMAND = "Demand: what a listener asks of the neurons it hears, the direction in which its input should change on each sample."
FEEDBACK = "Feedback: how a neuron wants its own activity to change, which its policy decides from its listeners' demands."
ALIGNMENT = (
    "Alignment: the angle between a layer's update and that of error backpropagation. 0\u00b0 is the direction of the gradient; "
    "at 90\u00b0 the loss does not fall to first order."
)
LEARNING = "Loss and accuracy: how far the outputs are from their targets, on the rounds' batches and on test samples."
