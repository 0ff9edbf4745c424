"""What a run traces: which neurons, how often, which variables; read from a line of text such as "hidden:16 every 10"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from neuronet.core.errors import NeuroNetError, unknown_name_error
from neuronet.core.random_streams import Purpose, generator
from neuronet.core.structure.network import Network

VARIABLES = ("attention", "paid", "bias", "change", "activity_mean", "activity_std", "demand_rms")
"""What can be traced of a neuron besides who it is: docs/traces.md says what each means."""

DEFAULT_COUNT, DEFAULT_EVERY = 16, 10
"""How many of a crowd are traced, and every how many rounds, if that is not said."""

_PATTERN = re.compile(
    r"\s*(?P<target>[^:]+?)\s*(?::\s*(?P<count>all|\d{1,9}))?(?:\s+every\s+(?P<every>\d{1,15}))?(?:\s+of\s+(?P<of>.+))?"
)
_LAYER = re.compile(r"layer\s*(\d{1,6})")
_NODES = re.compile(r"nodes?\s+(\d{1,18}(?:\s*,\s*\d{1,18})*)")
SYNTAX_HINT = "write 'hidden:16 every 10', with inputs, hidden, outputs, all, 'layer 1' or 'node 70,71' before the colon"


@dataclass(frozen=True)
class TraceSpec:
    """Which neurons are traced, how often, and what of them.

    Attributes:
        target: "inputs", "hidden", "outputs", "all", "layer N", or "nodes".
        nodes: Those that are named.
        count: How many of the others, chosen by the seed from those there at the beginning; None for all there at the time.
        every: Every how many rounds, 1 or more.
        variables: Some of VARIABLES.
    """

    target: str
    nodes: tuple[int, ...]
    count: int | None
    every: int
    variables: tuple[str, ...]

    def layers(self, sizes: Sequence[int]) -> range:
        """The layers from which they are chosen.

        Raises:
            NeuroNetError: There is no such layer.
        """
        last = len(sizes) - 1
        known = {"inputs": range(1), "hidden": range(1, last), "outputs": range(last, last + 1), "all": range(last + 1)}
        if self.target in known:
            return known[self.target]
        number = int(self.target.split()[1])
        if number > last:
            raise NeuroNetError(f"a trace asks for layer {number}, but the network has layers 0 (the inputs) to {last}")
        return range(number, number + 1)

    def select_nodes(self, network: Network, seed: int, index: int) -> frozenset[int] | None:
        """The nodes that are traced from the beginning of a run to its end; None if it is all there are at the time.

        Args:
            network: As the run begins.
            seed: The run's.
            index: Which of the run's traces this is, so that each has a choice of its own.

        Raises:
            NeuroNetError: There are none such.
        """
        if self.nodes:
            present = {int(node) for nodes in network.nodes for node in nodes}
            missing = next((node for node in self.nodes if node not in present), None)
            if missing is not None:
                raise NeuroNetError(f"a trace asks for node {missing}, which is not in the network")
            return frozenset(self.nodes)
        candidates = [int(node) for layer in self.layers(network.sizes) for node in network.nodes[layer]]
        if not candidates:
            raise NeuroNetError("a trace asks for hidden neurons, but the network has none")
        if self.count is None:
            return None
        rng = generator(seed, Purpose.TRACE, index)
        order = rng.permutation(len(candidates))[: self.count]
        return frozenset(candidates[each] for each in order.tolist())


def parse_trace(text: str) -> TraceSpec:
    """The trace that a line of text describes: "hidden:16 every 10", "node 70,71 every 1 of attention,change", "outputs:all".

    Raises:
        NeuroNetError: It cannot be read.
    """
    match = _PATTERN.fullmatch(text)
    target = match["target"].lower() if match is not None else ""
    layer, named = _LAYER.fullmatch(target), _NODES.fullmatch(target)
    if match is None or not (layer or named or target in ("inputs", "hidden", "outputs", "all")):
        raise NeuroNetError(f"cannot read the trace '{text[:80]}': {SYNTAX_HINT}")
    if named and match["count"]:
        raise NeuroNetError(f"the trace '{text[:80]}' names its nodes: leave out ':{match['count']}'")
    count = None if match["count"] == "all" else int(match["count"] or DEFAULT_COUNT)
    every = int(match["every"] or DEFAULT_EVERY)
    if count == 0 or every == 0:
        raise NeuroNetError(f"cannot read the trace '{text[:80]}': it must be one neuron or more, every 1 round or more")
    nodes = tuple(int(node) for node in named[1].split(",")) if named else ()
    return TraceSpec("nodes" if named else f"layer {layer[1]}" if layer else target, nodes, count, every, _variables(match["of"]))


def _variables(text: str | None) -> tuple[str, ...]:
    names = VARIABLES if text is None else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in VARIABLES:
            raise unknown_name_error("variable to trace", name, VARIABLES)
    return tuple(dict.fromkeys(names))
