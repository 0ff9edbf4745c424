"""Play a random game on both engines, in each way that they can play it, and say where their numbers part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import torch
from hypothesis import assume

from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import Adam
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base.array_names import SynapseKey, format_name
from neuronet.engines.parity import state_differences
from neuronet.engines.tensors import TensorEngine
from neuronet.engines.tensors.kernels.processor import processor_family
from neuronet.engines.tensors.kernels.product_table import PRODUCT_TABLE, ProductRow
from neuronet.interventions import apply_intervention

TOLERANCES = {"float64": 1e-9, "float32": 2e-3}
"""Largest difference after all rounds; in float32 rounding adds up to much more."""

LARGEST = 10.0
"""Numbers in a state up to which a game is compared: rounding is in proportion to them."""

ADAM_ROUNDING = 1e-10
"""Largest difference in one round of Adam that is not due to its division by a small root mean square."""


class Violation(AssertionError):
    """Two ways to play the same game differ."""


@contextmanager
def poisoned_memory() -> Iterator[None]:
    """Fill new tensors with NaN, or with the largest integer, instead of leaving what was there."""
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def products_of_all_sizes():
    """Return a context in which oneDNN's products, where they are asked for, are for all sizes."""
    return mock.patch.dict(PRODUCT_TABLE, {processor_family(): ProductRow(0, 0, "known")})


def check(game):
    """Play a game in all ways.

    Raises:
        Violation: Two of them differ.
    """
    is_resynced = _is_resynced(game)
    with poisoned_memory(), products_of_all_sizes():
        rounds, fused = (TensorEngine(list(game.setups), device="cpu", kernels=game.kernels) for _ in range(2))
        models = [NeuronModel(setup) for setup in game.setups]
        try:
            for start, stop, changes in game.segments():
                for change in changes:
                    _intervene(change, models, [rounds, fused])
                for number in range(start, stop):
                    _play_round(game, number, models, rounds, resync=is_resynced)
                fused.play_rounds(fused.prepare(game.samples), game.round_order(start, stop), game.batch_size)
            _assume_bounded(rounds)
            _compare_fused(game, rounds, fused)
            if not is_resynced:
                _compare(game, models, rounds)
        finally:
            for engine in (*models, rounds, fused):
                engine.close()


def _is_resynced(game):
    """Return whether the engines are compared after each round: Adam multiplies rounding in every round."""
    return isinstance(game.setup.optimizer, Adam) and game.setup.optimizer.epsilon < 1e-4


def _intervene(change, models, engines):
    """Apply an intervention to all engines, or to none if the network has no place for it."""
    before = [(engine, engine.setups, engine.state()) for engine in (*models, *engines)]
    refusals = []
    for engine in (*engines, *models):
        try:
            apply_intervention(engine, change)
            refusals.append("")
        except NeuroNetError as error:
            refusals.append(str(error))
    if any(refusals):
        if len(models) == 1 and len(set(refusals)) > 1:
            raise Violation(f"{change} is refused by some engines only: {refusals}")
        for engine, setups, state in before:
            engine.replace_game(setups, state)
        return
    nodes = [[layer.tolist() for layer in setup.network.nodes] for setup in engines[0].setups]
    others = [[layer.tolist() for layer in model.setup.network.nodes] for model in models]
    if nodes != others or engines[0].setups[0].silent != models[0].setup.silent:
        raise Violation(f"{change} changes other neurons on agents than on tensors")


def _play_round(game, number, models, engine, *, resync):
    order = game.round_order(number, number + 1)
    if resync:
        for replica, model in enumerate(models):
            model.restore(_replica_state(engine, replica))
    for replica, model in enumerate(models):
        batch = model.prepare(game.samples).at(order if order.ndim == 1 else order[replica])
        model.play(batch.inputs, batch.targets)
    batch = engine.prepare(game.samples).at(torch.as_tensor(order))
    engine.play(batch.inputs, batch.targets)
    if resync:
        _assume_bounded(engine)
        _compare_adam(game, models, engine)


def _replica_state(engine, replica):
    return engine.state().replica(replica) if len(engine.setups) > 1 else engine.state()


def _assume_bounded(engine):
    assume(all(np.abs(array).max(initial=0.0) < LARGEST for array in engine.state().to_arrays().values()))


def _compare_fused(game, rounds, fused):
    first, second = rounds.state(), fused.state()
    gaps = {name: float(np.abs(array - second.to_arrays()[name]).max(initial=0.0)) for name, array in first.to_arrays().items()}
    tolerance = TOLERANCES[game.setup.dtype]
    if _is_resynced(game):
        return  # these are the same calls, as fused rounds know no Adam
    _refuse(gaps, tolerance, "play and play_rounds")


def _compare(game, models, engine):
    tolerance = TOLERANCES[game.setup.dtype]
    for replica, model in enumerate(models):
        gaps = state_differences(model.state(), _replica_state(engine, replica), engine.setups[replica])
        _refuse({format_name(key): gap for key, gap in gaps.items()}, tolerance, f"agents and tensors, replica {replica}")
    outputs = np.asarray(engine.outputs(game.samples.inputs)).reshape(len(models), len(game.samples), -1)
    ours = np.stack([model.outputs(game.samples.inputs) for model in models])
    _refuse({"outputs": float(np.abs(outputs - ours).max(initial=0.0))}, 100 * tolerance, "agents and tensors")


def _compare_adam(game, models, engine):
    """Hold one round of Adam to the bound of docs/parity.md: twice the learning rate, times the intents' gap over epsilon."""
    optimizer = game.setup.optimizer
    for replica, model in enumerate(models):
        state, setup = _replica_state(engine, replica), engine.setups[replica]
        gain = 2 * setup.learning_rate / (optimizer.epsilon * (1 - optimizer.beta1))
        ours, theirs = model.state().arrays, state.arrays
        excess, steps = {}, []
        for key, array in ours.items():
            if isinstance(key, SynapseKey) and not key.optimizer:
                mean = SynapseKey(key.layer, key.part, "mean")
                bound = gain * np.abs(ours[mean] - theirs[mean])
                excess[format_name(key)] = float((np.abs(array - theirs[key]) - bound).max(initial=0.0))
                steps.append(float(np.abs(array - theirs[key]).max(initial=0.0)))
            elif isinstance(key, SynapseKey):
                excess[format_name(key)] = float(np.abs(array - theirs[key]).max(initial=0.0))
        _refuse(excess, ADAM_ROUNDING, f"a round of Adam on agents and tensors, replica {replica}")
        memory = state_differences(model.state(), state, setup)
        others = {format_name(key): gap for key, gap in memory.items() if not isinstance(key, SynapseKey)}
        _refuse(others, TOLERANCES["float64"] + 100 * max(steps), f"agents and tensors with Adam, replica {replica}")


def _refuse(gaps, tolerance, what):
    if not gaps:
        return
    worst = max(gaps, key=lambda name: gaps[name] if np.isfinite(gaps[name]) else np.inf)
    if not gaps[worst] <= tolerance:
        raise Violation(f"{what} differ by {gaps[worst]:.3g} in {worst}, by more than {tolerance:.3g}")
