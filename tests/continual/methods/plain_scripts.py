"""Methods against forgetting in plain torch, that share no code and no random numbers with `neuronet.continual`."""

from itertools import pairwise

import numpy as np
import torch
from torch.nn.functional import cross_entropy

HIDDEN, BATCH, ROUNDS = 100, 64, 40


def relus(inputs, rng):
    """Return a network of relus with two outputs, as He et al. 2015 begin."""
    sizes = (inputs, HIDDEN, HIDDEN, 2)
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
    for layer in layers:
        layer.weight.data = torch.tensor(rng.normal(0, (2 / layer.in_features) ** 0.5, layer.weight.shape), dtype=torch.float32)
        layer.bias.data.zero_()
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])


def heard(network, x):
    """Return what each linear layer hears, a constant 1 last."""
    found = []
    for module in network:
        if isinstance(module, torch.nn.Linear):
            found.append(torch.cat((x, torch.ones(len(x), 1)), 1).detach())
        x = module(x)
    return found


def batches(count, rng):
    """Return the samples of each round: shuffled epochs, one after another."""
    epochs = -(-ROUNDS * BATCH // count)
    return np.concatenate([rng.permutation(count) for _ in range(epochs)])[: ROUNDS * BATCH].reshape(ROUNDS, BATCH)


def projected(network, x, y, rate, kept):
    """Make a step of plain gradient descent whose change for each layer is multiplied by a matrix."""
    gradients = torch.autograd.grad(cross_entropy(network(x), y), list(network.parameters()))
    with torch.no_grad():
        for layer, matrix in enumerate(kept):
            change = torch.cat((gradients[2 * layer], gradients[2 * layer + 1][:, None]), 1) @ matrix
            network[2 * layer].weight -= rate * change[:, :-1]
            network[2 * layer].bias -= rate * change[:, -1]


def owm(tasks, rng, rate, alpha):
    """Orthogonal weights modification: projectors by recursive least squares over the mean input of each batch."""
    network = relus(tasks[0][0].shape[1], rng)
    kept = [torch.eye(m.in_features + 1) for m in network if isinstance(m, torch.nn.Linear)]
    for x, y in tasks:
        for rows in batches(len(x), rng):
            projected(network, x[rows], y[rows], rate, kept)
        for rows in np.array_split(rng.permutation(len(x)), -(-len(x) // BATCH)):
            for layer, inputs in enumerate(heard(network, x[rows])):
                k = kept[layer] @ inputs.mean(0)
                kept[layer] = kept[layer] - torch.outer(k, k) / (alpha + inputs.mean(0) @ k)
    return network


def gpm(tasks, rng, rate, threshold, samples=300):
    """Gradient projection memory: changes are orthogonal to the main directions of what was heard."""
    network = relus(tasks[0][0].shape[1], rng)
    bases = [torch.zeros(m.in_features + 1, 0) for m in network if isinstance(m, torch.nn.Linear)]
    for x, y in tasks:
        kept = [torch.eye(len(basis)) - basis @ basis.T for basis in bases]
        for rows in batches(len(x), rng):
            projected(network, x[rows], y[rows], rate, kept)
        for layer, inputs in enumerate(heard(network, x[rng.permutation(len(x))[:samples]])):
            outside = inputs.T - bases[layer] @ (bases[layer].T @ inputs.T)
            directions, sizes, _ = torch.linalg.svd(outside, full_matrices=False)
            total, inside = inputs.square().sum(), inputs.square().sum() - outside.square().sum()
            held = torch.cat((inside[None], inside + sizes.square().cumsum(0)))
            bases[layer] = torch.cat((bases[layer], directions[:, : int((held < threshold * total).sum())]), 1)
    return network


def rehearsal(tasks, rng, optimizer, capacity, alpha=None, beta=0.5):
    """Experience replay from a reservoir; with alpha, DER++."""
    network = relus(tasks[0][0].shape[1], rng)
    step, memory, seen = optimizer(network.parameters()), [], 0

    def drawn():
        rows = rng.integers(len(memory), size=BATCH)
        return [torch.stack(part) for part in zip(*(memory[row] for row in rows), strict=True)]

    for x, y in tasks:
        for rows in batches(len(x), rng):
            outputs = network(x[rows])
            loss = cross_entropy(outputs, y[rows])
            if memory and alpha is None:
                old, targets, _ = drawn()
                loss = (loss + cross_entropy(network(old), targets)) / 2
            elif memory:
                (old, _, answers), (other, targets, _) = drawn(), drawn()
                loss = loss + alpha * (network(old) - answers).square().mean() + beta * cross_entropy(network(other), targets)
            step.zero_grad()
            loss.backward()
            step.step()
            for sample in zip(x[rows], y[rows], outputs.detach(), strict=True):
                seen += 1
                place = len(memory) if len(memory) < capacity else int(rng.integers(seen))
                if place < capacity:
                    memory[place : place + 1] = [sample]
    return network


def ridge(tasks, rng, features, penalty):
    """Return the regression of all samples of all rounds on random relus, at once, as a function."""
    hidden = torch.tensor(rng.normal(0, (2 / tasks[0][0].shape[1]) ** 0.5, (tasks[0][0].shape[1], features)), dtype=torch.float64)

    def relu(x):
        return torch.cat(((x.double() @ hidden).relu(), torch.ones(len(x), 1, dtype=torch.float64)), 1)

    played = [(x[rows], y[rows]) for x, y in tasks for rows in batches(len(x), rng).ravel()[None]]
    heard_, answers = (torch.cat(part) for part in zip(*played, strict=True))
    targets = torch.nn.functional.one_hot(answers).double()
    augmented = torch.cat((relu(heard_), penalty**0.5 * torch.eye(features + 1, dtype=torch.float64)))
    readout = torch.linalg.lstsq(augmented, torch.cat((targets, torch.zeros(features + 1, 2, dtype=torch.float64)))).solution
    return lambda x: relu(x) @ readout
