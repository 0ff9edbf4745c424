"""Cost of sparse networks by connections, by neurons and by layout, and of loading a graph of a million edges.

    OMP_NUM_THREADS=1 python benchmarks/sparse.py growth    # time and memory from 10^5 to 10^7 connections
    OMP_NUM_THREADS=1 python benchmarks/sparse.py layouts   # a round in either layout, by size and density
    OMP_NUM_THREADS=1 python benchmarks/sparse.py interventions  # each intervention on two of these networks
    OMP_NUM_THREADS=1 python benchmarks/sparse.py products  # sparse rows against padded lists of neighbours
    python benchmarks/sparse.py load                        # networkx, scipy.sparse and arrays of edges

It prints tables in Markdown, all for one thread, float32 and batch 32. Every row of the growth is measured in a process of its
own. Times are CPU time, which excludes other programs on the machine; that of a round is the smallest of ten. Memory is the peak
of the process beyond what it takes to import NeuroNet and torch.
"""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import networkx as nx
import numpy as np
import torch
from safetensors.numpy import save_file

from neuronet import AttentionSeeking, Momentum, Samples, Setup, TensorEngine, build_network, from_edges, from_graph, to_graph
from neuronet.interventions import apply_intervention, parse_intervention

BATCH, ROUNDS = 32, 10

GROWTH = [
    *((f"784-{n}-{n}-10", "fixed-in-degree(50)") for n in (1_000, 10_000, 100_000)),
    *((f"1000-{n}-{n}-10", "fixed-in-degree(10)") for n in (5_000, 50_000, 500_000)),
    ("784-10000-10000-10", "sparse(0.005)"),
]
CHANGED = [("784-10000-10000-10", "sparse(0.005)"), ("1000-500000-500000-10", "fixed-in-degree(10)")]
CHANGES = [
    "lesion(layer=1, share=0.1)",
    "freeze(layer=1, share=0.1, select='most')",
    "noise(sigma=0.1)",
    "rewire(fraction=0.1)",
    "rewire(fraction=0.1, which='weakest')",
    "add(layer=1, neurons=100)",
    "remove(layer=1, share=0.1)",
    "switch(layer=1, share=0.1, policy='contrarian')",
]
LAYOUTS = [(n, density) for n in (512, 1024) for density in (0.05, 0.1, 0.2, 0.4)]


def smallest(function: Callable[[], object], repeats: int = ROUNDS) -> float:
    """Return the smallest time of some calls, in seconds; the first is not counted."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def memory() -> int:
    """Return the peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def game(sizes: tuple[int, ...], wiring: str, layout: str = "auto") -> tuple[TensorEngine, Callable[[], object]]:
    """Return an engine, and a function that plays one round."""
    network = build_network(sizes, connectivity=wiring, layout=layout)
    engine = TensorEngine(Setup(network, AttentionSeeking(), Momentum(), 0.01, dtype="float32"), device="cpu")
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((BATCH, sizes[0])).astype(np.float32), rng.integers(0, sizes[-1], BATCH)
    samples, order = engine.prepare(Samples(inputs, targets)), np.arange(BATCH)
    return engine, lambda: engine.play_rounds(samples, order, BATCH)


def measure(sizes: str, wiring: str) -> str:
    """Return a row of the table of growth, measured in this process."""
    torch.set_num_threads(1)
    game((4, 4), "sparse(0.5)", "sparse")[1]()  # imports are not a part of building
    before, start = memory(), time.process_time()
    engine, play = game(tuple(map(int, sizes.split("-"))), wiring)
    built = time.process_time() - start
    seconds = smallest(play)
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        save_file(engine.state().to_arrays(), Path(folder) / "state")
        saved = time.process_time() - start
    connections = engine.setup.network.connections
    name = f"{sizes}, {wiring}"
    numbers = (
        f"{built:.1f} s | {seconds * 1e3:.1f} ms | {seconds * 1e9 / connections:.0f} ns | {saved:.1f} s | {memory() - before} MB"
    )
    return f"| {name} | {connections:,} | {numbers} |"


def growth() -> Iterator[str]:
    """Yield the table of growth."""
    yield "| network | connections | built | a round | for a connection | saved | memory |"
    yield "|---|---|---|---|---|---|---|"
    for sizes, wiring in GROWTH:
        yield in_own_process("row", sizes, wiring)


def change(sizes: str, wiring: str) -> str:
    """Return the rows of the table of interventions on a network, measured in this process."""
    torch.set_num_threads(1)
    game((4, 4), "sparse(0.5)", "sparse")[1]()
    before = memory()
    engine, play = game(tuple(map(int, sizes.split("-"))), wiring)
    play()
    rows = []
    for spec in CHANGES:
        start = time.process_time()
        apply_intervention(engine, parse_intervention(spec))
        seconds, name = time.process_time() - start, "" if rows else f"{sizes}, {wiring}"
        rows.append(f"| {name} | `{spec}` | {seconds:.2f} s | {memory() - before} MB |")
    return "\n".join(rows)


def interventions() -> Iterator[str]:
    """Yield the table of interventions."""
    yield "| network | | time | memory until then |"
    yield "|---|---|---|---|"
    for sizes, wiring in CHANGED:
        yield in_own_process("change", sizes, wiring)


def in_own_process(*arguments: str) -> str:
    """Return what this script prints in another process."""
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def layouts() -> Iterator[str]:
    """Yield the table of both layouts, by size and density."""
    torch.set_num_threads(1)
    yield "| network | density | dense | sparse | ratio |"
    yield "|---|---|---|---|---|"
    for n, density in LAYOUTS:
        plays = [game((n, n, n, 10), f"sparse({density})", layout)[1] for layout in ("dense", "sparse")]
        times = [np.inf, np.inf]
        for _ in range(3):  # interleaved, since other programs come and go
            times = [min(before, smallest(play)) for before, play in zip(times, plays, strict=True)]
        yield f"| {n}-{n}-{n}-10 | {density} | {times[0] * 1e3:.2f} ms | {times[1] * 1e3:.2f} ms | {times[1] / times[0]:.2f} |"


def products() -> Iterator[str]:
    """Yield the table of the products of a layer of 10,000 neurons with 50 speakers each."""
    from neuronet.engines.tensors.sparse.connections import Connections

    torch.set_num_threads(1)
    neurons, degree = 10_000, 50
    network = build_network((neurons, neurons, 10), connectivity=f"fixed-in-degree({degree})", layout="sparse")
    pattern = network.patterns[0]
    rows = Connections(pattern, torch.zeros(1))
    weights, into = torch.from_numpy(network.values[0]).float(), torch.zeros(pattern.count)
    heard, demand, out = (torch.rand(neurons, BATCH).mT for _ in range(3))
    columns = torch.from_numpy(pattern.columns).long().view(neurons, degree)
    padded_into, padded_out = into.view(neurons, degree, 1), torch.empty(neurons, 1, BATCH)
    step = 200  # neurons whose lists are gathered together: the gathered numbers stay in the cache

    def by_lists(respond: bool) -> None:
        for start in range(0, neurons, step):
            some = columns[start : start + step]
            gathered = heard.mT.index_select(0, some.reshape(-1)).view(len(some), degree, BATCH)
            if respond:
                torch.bmm(gathered, demand.mT[start : start + step, :, None], out=padded_into[start : start + step])
            else:
                torch.bmm(weights.view(neurons, 1, degree)[start : start + step], gathered, out=padded_out[start : start + step])

    yield f"| product, {neurons:,} neurons with {degree} speakers, batch {BATCH} | sparse rows | padded lists |"
    yield "|---|---|---|"
    zero = torch.zeros(neurons)
    speak = smallest(lambda: rows.potential(heard, weights, zero, out)), smallest(lambda: by_lists(False))
    respond = smallest(lambda: rows.respond(demand, heard, into, 0.9)), smallest(lambda: by_lists(True))
    for name, (first, second) in (("potential", speak), ("response", respond)):
        yield f"| {name} | {first * 1e3:.2f} ms | {second * 1e3:.2f} ms |"


def load() -> Iterator[str]:
    """Yield the table of loading a graph of a million edges."""
    network = build_network((30_000, 36_000, 36_000, 10), connectivity="fixed-in-degree(14)")
    graph, sizes = to_graph(network), network.sizes
    matrix = nx.to_scipy_sparse_array(graph, nodelist=np.concatenate(network.nodes).tolist())
    edges = np.asarray(graph.edges)
    yield f"| {network.connections:,} edges from | seconds |"
    yield "|---|---|"
    for name, function in (
        ("networkx, `from_graph(graph)`", lambda: from_graph(graph)),
        ("scipy.sparse, `from_edges(matrix, sizes)`", lambda: from_edges(matrix, sizes)),
        ("an array, `from_edges(edges, sizes)`", lambda: from_edges(edges, sizes)),
    ):
        yield f"| {name} | {smallest(function, 3):.1f} |"


def main() -> None:
    """Print a table."""
    tables = {"growth": growth, "interventions": interventions, "layouts": layouts, "products": products, "load": load}
    kind = sys.argv[1] if len(sys.argv) > 1 else ""
    rows = {"row": measure, "change": change}
    if kind in rows:
        print(rows[kind](*sys.argv[2:]))
        return
    if kind not in tables or len(sys.argv) > 2:
        sys.exit(f"usage: python benchmarks/sparse.py {{{','.join(tables)}}}")
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    print(f"{capabilities.get('cpu_name') or platform.processor()}, torch {torch.__version__}", flush=True)
    for line in tables[kind]():
        print(line, flush=True)


if __name__ == "__main__":
    main()
