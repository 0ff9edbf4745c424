"""States and memories that do not fit the game are refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from neuronet import LinearPolicy, Momentum, NeuroNetError, NeuronModel, Setup, TensorEngine, build_network
from neuronet.core.errors import ConfigurationError, PolicyError, StateError

ENGINES = [NeuronModel, TensorEngine]


@dataclass(frozen=True)
class Keeper(LinearPolicy):
    axes: str = "JS"
    remembers: str = "it"

    @property
    def memory_axes(self):
        return {"it": self.axes}

    def feedback_weights(self, obs, memory):
        return obs.attention

    def remember(self, change, response, obs, memory):
        return {self.remembers: change}


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_without_a_connection_are_refused(engine):
    dense = Setup(build_network([4, 6, 3]), Keeper(), Momentum())
    sparse = replace(dense, network=build_network([4, 6, 3], connectivity="sparse(0.4)"))
    with pytest.raises(StateError, match=r"'1\.weights' is non-zero"):
        engine(sparse).restore(engine(dense).state())
    engine(sparse).restore(engine(sparse).state())


@pytest.mark.parametrize("axes", ["SJ", "JJ", "JSS"])
def test_memory_axes_must_begin_with_the_neuron_axis(axes):
    with pytest.raises(NeuroNetError, match="must have the neuron axis J first and no axis twice"):
        Setup(build_network([2, 3, 2]), Keeper(axes=axes))


def test_shared_memory_needs_dense_wiring():
    Setup(build_network([4, 6, 3]), Keeper(axes="SS"))
    sparse = build_network([4, 6, 3], connectivity="sparse(0.4)")
    with pytest.raises(ConfigurationError, match="shares 'it' across layer 1"):
        Setup(sparse, Keeper(axes="SS"))


@pytest.mark.parametrize("engine", ENGINES)
def test_undeclared_memory_is_refused(engine):
    game = engine(Setup(build_network([2, 3, 2]), Keeper(remembers="else")))
    with pytest.raises(PolicyError, match="remembers else"):
        game.play([[1.0, 2.0]], [1])
