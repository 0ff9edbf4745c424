"""Attention that the neurons of a recorded run received."""

from __future__ import annotations

import pandas as pd

from neuronet.core import Network
from neuronet.plotting.attention import COLUMNS
from neuronet.plotting.network.model import received_attention
from neuronet.plotting.sources.run_data import RunData
from neuronet.recording.traces import part_files, traces
from neuronet.training import policy_names

TRACE = "neuronet run --trace 'hidden:16 every 10' records some neurons from round to round"


def attention_over_time(run: RunData) -> pd.DataFrame:
    """Return the attention of the traced hidden neurons; without traces, that of all at the start and at the end."""
    if not part_files(run.folder):
        run.log(f"The run has no traces; only the start and the end of its attention are drawn ({TRACE}).")
        return initial_and_final_attention(run)
    table = traces(run.folder)
    hidden = (table["replica"] == run.replica) & (table["layer"] > 0) & table["attention"].notna()
    traced = table.loc[hidden, list(COLUMNS)]
    if traced.empty:
        run.log(f"The traces have no attention of hidden neurons; only the start and the end of the run are drawn ({TRACE}).")
        return initial_and_final_attention(run)
    first = traced.drop_duplicates("node").set_index("node")
    initial = _received(run.initial_network, 0)
    initial = initial[initial["node"].isin(first.index)]
    initial["policy"] = first.loc[initial["node"], "policy"].to_numpy()
    return pd.concat([initial, traced], ignore_index=True)


def initial_and_final_attention(run: RunData) -> pd.DataFrame:
    """Return the attention of every hidden neuron before the first round and after the last, with its last policy."""
    first, last = run.initial_network, run.network
    last_policy: dict[int, str] = {}
    if run.policies:
        for network, policies in ((first, policy_names(run.initial_setup)), (last, run.policies)):
            for nodes, names in zip(network.nodes[1:], policies, strict=True):
                last_policy |= dict(zip(nodes.tolist(), names, strict=True))
    table = pd.concat([_received(first, 0), _received(last, run.state.round)], ignore_index=True)
    return table.assign(policy=[last_policy.get(node, "") for node in table["node"]])


def _received(network: Network, number: int) -> pd.DataFrame:
    """Return the attention of each hidden neuron, as rows of this round."""
    rows = [
        (number, layer, int(node), "", float(value))
        for layer in range(1, len(network.activations))
        for node, value in zip(network.nodes[layer], received_attention(network, layer), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
