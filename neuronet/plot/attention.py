"""The attention that a run's neurons received, as its folder tells of it."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np
import pandas as pd

from neuronet.network import Network
from neuronet.plot.run_folder import RunFolder
from neuronet.report.attention import COLUMNS
from neuronet.utility import Power


def ends(run: RunFolder) -> pd.DataFrame:
    """The attention of every hidden neuron before the first round and after the last."""
    return pd.concat(
        [_at(run, number, network) for number, network in ((0, run.first_network), (run.state.round, run.network))],
        ignore_index=True,
    )


def _at(run: RunFolder, number: int, network: Network) -> pd.DataFrame:
    rows = [
        (number, layer, int(network.nodes[layer][place]), run.policies[layer - 1][place] if run.policies else "", value)
        for layer in range(1, len(network.weights))
        for place, value in enumerate(np.asarray(Power().utility(xp, network.weights[layer])))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
