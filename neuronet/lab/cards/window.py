"""Width of the browser's window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipyvue
import solara
import traitlets

STEP = 20
"""Widths are rounded down to a multiple, so that figures are not drawn again for every pixel."""


class WindowWidthWidget(ipyvue.VueTemplate):  # type: ignore[misc]
    """Invisible element that reports the width of the window, at first and when it changes."""

    template = traitlets.Unicode(
        """
<template><span style="display: none"></span></template>
<script>
  module.exports = {
    mounted() {
      this.tell = () => this.report(window.innerWidth);
      this.later = () => { clearTimeout(this.timer); this.timer = setTimeout(this.tell, 150); };
      window.addEventListener("resize", this.later);
      this.tell();
    },
    beforeDestroy() { window.removeEventListener("resize", this.later); },
  };
</script>
"""
    ).tag(sync=True)
    reported = traitlets.Any(None, allow_none=True)

    def vue_report(self, data: Any) -> None:
        """Report the width in pixels."""
        if self.reported is not None:
            self.reported(int(data))


@solara.component
def WindowWidth(on_width: Callable[[int], Any]) -> None:  # noqa: N802
    """Call `on_width` with the width of the window in pixels, rounded down."""
    WindowWidthWidget.element(reported=lambda width: on_width(width // STEP * STEP))
