"""The attention that a run's neurons received, as its folder tells of it."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np
import pandas as pd

from neuronet.core.structure.network import Network
from neuronet.core.utility import Power
from neuronet.plotting.attention import COLUMNS
from neuronet.plotting.sources.run_data import RunData
from neuronet.recording.traces.store import part_files, traces
from neuronet.training.network_labels import policy_names

TRACE = "neuronet run --trace 'hidden:16 every 10' follows some neurons from round to round"


def attention_over_time(run: RunData) -> pd.DataFrame:
    """The attention of the hidden neurons that were traced, or, where none were, of all at the beginning and at the end."""
    if not part_files(run.folder):
        run.log(f"The run has no traces, so that only the beginning and the end of its attention are drawn: {TRACE}.")
        return initial_and_final_attention(run)
    table = traces(run.folder)
    hidden = (table["replica"] == run.replica) & (table["layer"] > 0) & table["attention"].notna()
    traced = table.loc[hidden, list(COLUMNS)]
    if traced.empty:
        run.log(f"The run's traces have no attention of hidden neurons, so that only its beginning and end are drawn: {TRACE}.")
        return initial_and_final_attention(run)
    first = traced.drop_duplicates("node").set_index("node")
    initial = _received(run.initial_network, 0)
    initial = initial[initial["node"].isin(first.index)]
    initial["policy"] = first.loc[initial["node"], "policy"].to_numpy()
    return pd.concat([initial, traced], ignore_index=True)


def initial_and_final_attention(run: RunData) -> pd.DataFrame:
    """The attention of every hidden neuron before the first round and after the last; its policy is the last that it had."""
    first, last = run.initial_network, run.network
    followed: dict[int, str] = {}
    if run.policies:
        for network, policies in ((first, policy_names(run.initial_setup)), (last, run.policies)):
            for nodes, names in zip(network.nodes[1:], policies, strict=True):
                followed |= dict(zip(nodes.tolist(), names, strict=True))
    table = pd.concat([_received(first, 0), _received(last, run.state.round)], ignore_index=True)
    return table.assign(policy=[followed.get(node, "") for node in table["node"]])


def _received(network: Network, number: int) -> pd.DataFrame:
    """What each hidden neuron receives, in the round of this number."""
    rows = [
        (number, layer, int(node), "", float(value))
        for layer, weights in enumerate(network.weights[1:], start=1)
        for node, value in zip(network.nodes[layer], np.asarray(Power().utility(xp, weights)), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
