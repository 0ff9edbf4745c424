"""Small torch networks of every kind, and a backward pass by other means."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """A residual block with batch norm."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Conv2d(before, after, 1, stride=stride, bias=False)

    def forward(self, x):
        y = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)))))
        return functional.relu(y + self.shortcut(x))


class AttentionBlock(nn.Module):
    """A transformer block with attention heads of its own, and a reader."""

    def __init__(self, width=8, heads=2):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries, self.keys, self.values = (nn.Linear(width, width) for _ in range(3))
        self.mix = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 16), nn.GELU(), nn.Linear(16, width))
        self.read = nn.Linear(width, 3)

    def forward(self, x):
        said = self.norm1(x)
        heads = (each(said).unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in (self.queries, self.keys, self.values))
        x = x + self.mix(functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))
        x = x + self.mlp(self.norm2(x))
        return self.read(x.mean(1))


def mlp():
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 7), nn.ReLU(), nn.Linear(7, 3)), torch.randn(5, 6)


def lenet():
    layers = (
        *(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(24, 10), nn.ReLU(), nn.Linear(10, 3)),
    )
    return nn.Sequential(*layers), torch.randn(5, 1, 12, 12)


def resnet():
    ends = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), Block(4, 4, 1), Block(4, 6, 2), *ends), torch.randn(5, 2, 9, 9)


def transformer():
    return nn.Sequential(nn.Linear(6, 8), AttentionBlock()), torch.randn(5, 4, 6)


NETS = {"mlp": mlp, "lenet": lenet, "resnet": resnet, "transformer": transformer}


def made(name, dtype=torch.float64):
    """A network, a batch of inputs and its classes, always the same ones."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        net, inputs = NETS[name]()
        return net.to(dtype), inputs.to(dtype), torch.randint(0, 3, (len(inputs),))


def gradients(net, inputs, classes):
    """Of a mean loss, by the name of the parameter."""
    net.zero_grad()
    functional.cross_entropy(net(inputs), classes).backward()
    return {name: parameter.grad.clone() for name, parameter in net.named_parameters()}


def with_backward_weights(net, weigh):
    """The network with other weights in the backward pass, by sums of ordinary operations: an oracle that autograd works out."""

    def hook(layer, inputs, output):
        (x,) = inputs
        back = functional.linear if isinstance(layer, nn.Linear) else layer._conv_forward
        shadow = back(x, weigh(layer.weight.detach()), None)
        # forward the ordinary output; backward the ordinary gradients to the parameters, and to the input by the shadow alone
        own = back(x.detach(), layer.weight, layer.bias)
        return own + shadow - shadow.detach()

    for layer in net.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            layer.register_forward_hook(hook)
    return net
