"""Trace specs such as "hidden:16 every 10": which neurons, how often, which variables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from neuronet.core.errors import ConfigurationError, SpecError, unknown_name_error
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.network import Network

VARIABLES = ("attention", "paid", "bias", "change", "activity_mean", "activity_std", "demand_rms")
"""Variables of a neuron that can be traced; docs/traces.md defines them."""

DEFAULT_COUNT, DEFAULT_EVERY = 16, 10
"""Default number of neurons of a target, and default interval in rounds."""

_PATTERN = re.compile(
    r"\s*(?P<target>[^:]+?)\s*(?::\s*(?P<count>all|\d{1,9}))?(?:\s+every\s+(?P<every>\d{1,15}))?(?:\s+of\s+(?P<of>.+))?"
)
_LAYER = re.compile(r"layer\s*(\d{1,6})")
_NODES = re.compile(r"nodes?\s+(\d{1,18}(?:\s*,\s*\d{1,18})*)")
SYNTAX_HINT = "write 'hidden:16 every 10', with inputs, hidden, outputs, all, 'layer 1' or 'node 70,71' before the colon"


@dataclass(frozen=True)
class TraceSpec:
    """Neurons to trace, how often, and which of their variables.

    Attributes:
        target: "inputs", "hidden", "outputs", "all", "layer N", or "nodes".
        nodes: Graph nodes, where the target names them.
        count: Number of neurons, drawn by the seed from those at the start of the run; None for all that exist at a round.
        every: Interval in rounds (>= 1).
        variables: Some of VARIABLES.
    """

    target: str
    nodes: tuple[int, ...]
    count: int | None
    every: int
    variables: tuple[str, ...]

    def layers(self, sizes: Sequence[int]) -> range:
        """Return the layers of the target.

        Args:
            sizes: Number of neurons in each layer.

        Raises:
            ConfigurationError: The network has no such layer.
        """
        last = len(sizes) - 1
        known = {"inputs": range(1), "hidden": range(1, last), "outputs": range(last, last + 1), "all": range(last + 1)}
        if self.target in known:
            return known[self.target]
        number = int(self.target.split()[1])
        if number > last:
            raise ConfigurationError(f"a trace asks for layer {number}, but the network has layers 0 (the inputs) to {last}")
        return range(number, number + 1)

    def select_nodes(self, network: Network, seed: int, index: int) -> frozenset[int] | None:
        """Return the graph nodes to trace during the whole run; None for all that exist at a round.

        Args:
            network: Network at the start of the run.
            seed: Seed of the run.
            index: Number of this trace among the run's, so that traces draw independently.

        Raises:
            ConfigurationError: The target has no neurons.
        """
        if self.nodes:
            present = {int(node) for nodes in network.nodes for node in nodes}
            missing = next((node for node in self.nodes if node not in present), None)
            if missing is not None:
                raise ConfigurationError(f"a trace asks for node {missing}, which is not in the network")
            return frozenset(self.nodes)
        candidates = [int(node) for layer in self.layers(network.sizes) for node in network.nodes[layer]]
        if not candidates:
            raise ConfigurationError("a trace asks for hidden neurons, but the network has none")
        if self.count is None:
            return None
        rng = generator(seed, Purpose.TRACE, index)
        order = rng.permutation(len(candidates))[: self.count]
        return frozenset(candidates[position] for position in order.tolist())


def parse_trace(text: str) -> TraceSpec:
    """Return the trace that a text describes: "hidden:16 every 10", "node 70,71 every 1 of attention,change", "outputs:all".

    Raises:
        SpecError: The text cannot be parsed.
    """
    match = _PATTERN.fullmatch(text)
    target = match["target"].lower() if match is not None else ""
    layer, named = _LAYER.fullmatch(target), _NODES.fullmatch(target)
    if match is None or not (layer or named or target in ("inputs", "hidden", "outputs", "all")):
        raise SpecError(f"cannot read the trace '{text[:80]}': {SYNTAX_HINT}")
    if named and match["count"]:
        raise SpecError(f"the trace '{text[:80]}' names its nodes: leave out ':{match['count']}'")
    count = None if match["count"] == "all" else int(match["count"] or DEFAULT_COUNT)
    every = int(match["every"] or DEFAULT_EVERY)
    if count == 0 or every == 0:
        raise SpecError(f"cannot read the trace '{text[:80]}': it must be one neuron or more, every 1 round or more")
    nodes = tuple(int(node) for node in named[1].split(",")) if named else ()
    return TraceSpec("nodes" if named else f"layer {layer[1]}" if layer else target, nodes, count, every, _variables(match["of"]))


def _variables(text: str | None) -> tuple[str, ...]:
    names = VARIABLES if text is None else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in VARIABLES:
            raise unknown_name_error("variable to trace", name, VARIABLES)
    return tuple(dict.fromkeys(names))
