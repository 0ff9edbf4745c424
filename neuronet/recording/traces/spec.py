"""Specs of traces: which neurons are traced, how often, and which variables, such as "hidden:16 every 10"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from neuronet.core import ConfigurationError, Network, Purpose, SpecError, generator, unknown_name_error
from neuronet.registry import syntax_error

VARIABLES = ("attention", "paid", "bias", "change", "activity_mean", "activity_std", "demand_rms")
"""Variables that can be traced of a neuron; docs/traces.md says what each means."""

DEFAULT_COUNT, DEFAULT_EVERY = 16, 10
"""Neurons that are traced, and rounds between two rows, by default."""

EPOCH = "epoch"
"""Interval in a spec: the last round of every epoch."""

EXAMPLE = "'hidden:16 every 10' or 'every epoch', with inputs, hidden, outputs, all, 'layer 1' or 'node 70,71' before the colon"

_PATTERN = re.compile(
    r"\s*(?P<target>[^:]+?)\s*(?::\s*(?P<count>all|[0-9]{1,9}))?(?:\s+every\s+(?P<every>epoch|[0-9]{1,15}))?(?:\s+of\s+(?P<of>.+))?"
)
_LAYER = re.compile(r"layer\s*([0-9]{1,6})")
_NODES = re.compile(r"nodes?\s+([0-9]{1,18}(?:\s*,\s*[0-9]{1,18})*)")


@dataclass(frozen=True)
class TraceSpec:
    """Which neurons are traced, how often, and which of their variables.

    Attributes:
        target: "inputs", "hidden", "outputs", "all", "layer N", or "nodes".
        nodes: Node ids, where the target is "nodes".
        count: Neurons that are chosen by the seed from those present at the beginning; None for all present at the time.
        every: Rounds from one row to the next (>= 1); None for the last round of every epoch.
        variables: Some of VARIABLES.
    """

    target: str
    nodes: tuple[int, ...]
    count: int | None
    every: int | None
    variables: tuple[str, ...]

    def __str__(self) -> str:
        return self.spec()

    def spec(self, *, all_parameters: bool = False) -> str:
        """Return the spec; without `all_parameters`, the variables are left out if all are traced."""
        target = f"node {','.join(map(str, self.nodes))}" if self.nodes else f"{self.target}:{self.count or 'all'}"
        of = f" of {','.join(self.variables)}" if all_parameters or self.variables != VARIABLES else ""
        return f"{target} every {self.every or EPOCH}{of}"

    def interval(self, per_epoch: int) -> int:
        """Return the number of rounds from one row to the next.

        Args:
            per_epoch: Rounds in an epoch.
        """
        return per_epoch if self.every is None else self.every

    def layers(self, sizes: Sequence[int]) -> range:
        """Return the layers from which neurons are chosen.

        Raises:
            ConfigurationError: The network has no such layer.
        """
        last = len(sizes) - 1
        known = {"inputs": range(1), "hidden": range(1, last), "outputs": range(last, last + 1), "all": range(last + 1)}
        if self.target in known:
            return known[self.target]
        number = int(self.target.split()[1])
        if number > last:
            raise ConfigurationError(f"trace of layer {number}: the network has layers 0 (the inputs) to {last}")
        return range(number, number + 1)

    def select_nodes(self, network: Network, seed: int, index: int) -> frozenset[int] | None:
        """Return the nodes that are traced from the beginning of a run to its end, or None for all present at the time.

        Args:
            network: The network at the beginning of the run.
            seed: Random seed of the run.
            index: Number of this trace in the run, so that each trace has a choice of its own.

        Raises:
            ConfigurationError: The network has no such neurons.
        """
        if self.nodes:
            present = {int(node) for nodes in network.nodes for node in nodes}
            missing = next((node for node in self.nodes if node not in present), None)
            if missing is not None:
                raise ConfigurationError(f"trace of node {missing}: it is not in the network")
            return frozenset(self.nodes)
        candidates = [int(node) for layer in self.layers(network.sizes) for node in network.nodes[layer]]
        if not candidates:
            raise ConfigurationError("trace of hidden neurons: the network has none")
        if self.count is None:
            return None
        order = generator(seed, Purpose.TRACE, index).permutation(len(candidates))[: self.count]
        return frozenset(candidates[position] for position in order.tolist())


def parse_trace(text: str) -> TraceSpec:
    """Return the trace of a spec: "hidden:16 every 10", "node 70,71 every 1 of attention,change" or "outputs:all every epoch".

    Raises:
        SpecError: The text cannot be parsed, or names an unknown variable.
    """
    match = _PATTERN.fullmatch(text)
    target = match["target"].lower() if match is not None else ""
    layer, named = _LAYER.fullmatch(target), _NODES.fullmatch(target)
    if match is None or not (layer or named or target in ("inputs", "hidden", "outputs", "all")):
        raise syntax_error("trace", text, EXAMPLE)
    if named and match["count"]:
        raise SpecError(f"the trace '{text}' names its nodes: leave out ':{match['count']}'")
    count = None if match["count"] == "all" else int(match["count"] or DEFAULT_COUNT)
    every = None if match["every"] == EPOCH else int(match["every"] or DEFAULT_EVERY)
    if count == 0 or every == 0:
        raise syntax_error("trace", text, "a number of neurons and of rounds of 1 or more")
    nodes = tuple(int(node) for node in named[1].split(",")) if named else ()
    return TraceSpec("nodes" if named else f"layer {layer[1]}" if layer else target, nodes, count, every, _variables(match["of"]))


def _variables(text: str | None) -> tuple[str, ...]:
    names = VARIABLES if text is None else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in VARIABLES:
            raise unknown_name_error("variable to trace", name, VARIABLES)
    return tuple(dict.fromkeys(names))
