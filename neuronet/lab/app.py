"""App that solara's server serves: the page of the launch configuration in `served`."""

from __future__ import annotations

from typing import Any

import solara

from neuronet.lab.launch_config import LaunchConfig
from neuronet.lab.page import Lab

served: list[LaunchConfig] = []
"""Launch configuration that this process serves, as the last item."""


@solara.component
def Page() -> None:  # noqa: N802
    """Page of one session."""
    Lab(served[-1])


@solara.component
def Layout(children: Any = ()) -> None:  # noqa: N802
    """Empty layout around the page."""
    solara.Div(children=list(children))
