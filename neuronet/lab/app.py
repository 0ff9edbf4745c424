"""What solara's server serves: the page of the start that was put here."""

from __future__ import annotations

from typing import Any

import solara

from neuronet.lab.launch_config import LaunchConfig
from neuronet.lab.page import Lab

served: list[LaunchConfig] = []
"""The one start that this process serves."""


@solara.component  # type: ignore[untyped-decorator]
def Page() -> None:  # noqa: N802
    """The page of a reader's own session."""
    Lab(served[-1])


@solara.component  # type: ignore[untyped-decorator]
def Layout(children: Any = ()) -> None:  # noqa: N802
    """Nothing around the page."""
    solara.Div(children=list(children))
