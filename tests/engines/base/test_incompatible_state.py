"""What belongs to another game is refused, not bent into shape."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from neuronet import LinearPolicy, Momentum, NeuroNetError, NeuronModel, Setup, TensorEngine, build_network

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
def test_weights_where_nobody_is_connected(engine):
    dense = Setup(build_network([4, 6, 3]), Keeper(), Momentum())
    sparse = replace(dense, network=build_network([4, 6, 3], connectivity="sparse(0.4)"))
    with pytest.raises(NeuroNetError, match=r"'1\.weights' has some where nobody is connected"):
        engine(sparse).restore(engine(dense).state())
    engine(sparse).restore(engine(sparse).state())


@pytest.mark.parametrize("axes", ["SJ", "JJ", "JSS"])
def test_memory_without_the_neurons_first(axes):
    with pytest.raises(NeuroNetError, match="must have the neuron axis J first and no axis twice"):
        Setup(build_network([2, 3, 2]), Keeper(axes=axes))


def test_memory_in_common_where_not_everybody_hears_everybody():
    Setup(build_network([4, 6, 3]), Keeper(axes="SS"))
    sparse = build_network([4, 6, 3], connectivity="sparse(0.4)")
    with pytest.raises(
        NeuroNetError, match="keeps 'it' in common, but not all neurons of layer 1 hear all speakers: use dense wiring"
    ):
        Setup(sparse, Keeper(axes="SS"))


@pytest.mark.parametrize("engine", ENGINES)
def test_memory_by_another_name(engine):
    game = engine(Setup(build_network([2, 3, 2]), Keeper(remembers="else")))
    with pytest.raises(NeuroNetError, match="must keep it, as it declares, but it remembers else"):
        game.play([[1.0, 2.0]], [1])
