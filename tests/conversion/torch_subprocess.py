"""What test_convert_torch.py does in a process of its own: torch's compiler and process groups change the whole process."""

from __future__ import annotations

import json
import sys
import warnings

import torch
from torch.distributed import destroy_process_group, init_process_group
from torch.nn.parallel import DistributedDataParallel

import neuronet
from neuronet import AttentionSeeking, Noisy
from tests.conversion import networks

POLICIES = [AttentionSeeking(p=1), Noisy()]


def apart(found, expected):
    """The largest difference of gradients, whatever the wrapper calls them."""
    named = {name.removeprefix("_orig_mod.").removeprefix("module."): gradient for name, gradient in found.items()}
    assert named.keys() == expected.keys()
    return max(float((named[name] - gradient).abs().max()) for name, gradient in expected.items())


def compiled(policy):
    """By torch's compiler, but without the part that writes C++: three rounds, each with other noise."""
    net, inputs, classes = networks.made("lenet")
    expected = [networks.gradients(each, inputs, classes) for each in [neuronet.convert(net, policy)] * 3]
    module = torch.compile(neuronet.convert(net, policy), backend="aot_eager")
    return max(apart(networks.gradients(module, inputs, classes), gradients) for gradients in expected)


def parallel(policy):
    """Data-parallel training, in a group of one."""
    net, inputs, classes = networks.made("lenet")
    expected = networks.gradients(neuronet.convert(net, policy), inputs, classes)
    return apart(networks.gradients(DistributedDataParallel(neuronet.convert(net, policy)), inputs, classes), expected)


def main():
    """Prints, as JSON, how far each lies from the ordinary module."""
    # what torch's compiler does to itself
    warnings.filterwarnings("ignore", "The .grad attribute of a Tensor that is not a leaf", UserWarning)
    warnings.filterwarnings("ignore", ".*torch.autograd.function.Function.* should not be instantiated", DeprecationWarning)
    gaps = {f"compiled {policy!r}": compiled(policy) for policy in POLICIES}
    init_process_group("gloo", init_method=f"file://{sys.argv[1]}", rank=0, world_size=1)
    gaps |= {f"parallel {policy!r}": parallel(policy) for policy in POLICIES}
    destroy_process_group()
    print(json.dumps(gaps))


if __name__ == "__main__":
    main()
