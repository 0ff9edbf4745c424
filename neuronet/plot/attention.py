"""The attention that a run's neurons received, as its folder tells of it."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np
import pandas as pd

from neuronet.plot.run_folder import RunFolder, policies_of
from neuronet.report.attention import COLUMNS
from neuronet.utility import Power


def ends(run: RunFolder) -> pd.DataFrame:
    """The attention of every hidden neuron before the first round and after the last; its policy is the last that it had."""
    first, last = run.first_network, run.network
    followed: dict[int, str] = {}
    if run.policies:
        for network, policies in ((first, policies_of(run.first_game)), (last, run.policies)):
            for nodes, names in zip(network.nodes[1:], policies, strict=True):
                followed |= dict(zip(nodes.tolist(), names, strict=True))
    rows = [
        (number, layer, int(node), followed.get(int(node), ""), value)
        for number, network in ((0, first), (run.state.round, last))
        for layer, weights in enumerate(network.weights[1:], start=1)
        for node, value in zip(network.nodes[layer], np.asarray(Power().utility(xp, weights)), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
