"""JAX: a jitted step, and many steps in one jitted loop; one thread if torch has one."""

from __future__ import annotations

import os

import torch

if torch.get_num_threads() == 1:  # before jax is imported
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp
import numpy as np

from neuronet.benchmarking.contestants import LEARNING_RATE, MOMENTUM, BenchmarkCase

BATCHES = 8
"""Copies of the batch that the loop visits in turn, so that each round gathers a batch."""


def cost(parameters, inputs, targets):
    weights, biases = parameters
    activity = inputs
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        activity = activity @ w.T + b
        if layer < len(weights) - 1:
            activity = jax.nn.relu(activity)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(activity), targets[:, None], axis=1))


def step(state, inputs, targets):
    parameters, velocity = state
    gradient = jax.grad(cost)(parameters, inputs, targets)
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v - g, velocity, gradient)
    return jax.tree.map(lambda p, v: p + LEARNING_RATE * v, parameters, velocity), velocity


def many(state, rounds, inputs, targets):
    return jax.lax.fori_loop(0, rounds, lambda i, s: step(s, inputs[i % BATCHES], targets[i % BATCHES]), state)


_step = jax.jit(step, donate_argnums=0)
_many = jax.jit(many, donate_argnums=0)


class Step:
    """Peer with one call of a jitted step for each round."""

    def __init__(self, case: BenchmarkCase) -> None:
        weights = [jnp.asarray(w, dtype=jnp.float32) for w in case.network.weights]
        biases = [jnp.asarray(b, dtype=jnp.float32) for b in case.network.biases]
        self.state = (weights, biases), jax.tree.map(jnp.zeros_like, (weights, biases))
        self.inputs, self.targets = jnp.asarray(case.inputs), jnp.asarray(case.targets.astype(np.int32))

    def play(self, rounds):
        for _ in range(rounds):
            self.state = _step(self.state, self.inputs, self.targets)
        jax.block_until_ready(self.state)

    def parameters(self):
        weights, biases = self.state[0]
        return [np.array(array) for array in (*weights, *biases)]


class Scan(Step):
    """Peer with one call for all rounds."""

    def __init__(self, case: BenchmarkCase) -> None:
        super().__init__(case)
        self.inputs, self.targets = jnp.stack([self.inputs] * BATCHES), jnp.stack([self.targets] * BATCHES)

    def play(self, rounds):
        self.state = jax.block_until_ready(_many(self.state, rounds, self.inputs, self.targets))
