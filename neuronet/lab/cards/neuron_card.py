"""The card of one neuron: which, what is done to it, and its picture."""

from __future__ import annotations

from collections.abc import Callable

import solara

from neuronet.lab.cards.neuron_panel import neuron_panel
from neuronet.lab.clickable_figure import ClickableFigure
from neuronet.lab.snapshot import Snapshot
from neuronet.lab.widgets import Button, Select, Title
from neuronet.plotting import style

NeuronPosition = tuple[int, int]
"""A neuron's layer and its place there."""


@solara.component  # type: ignore[untyped-decorator]
def NeuronCard(  # noqa: N802
    snapshot: Snapshot,
    picked: NeuronPosition,
    size: tuple[int, int],
    other: str,
    *,
    on_choose: Callable[[NeuronPosition], None],
    on_intervene: Callable[[str], None],
) -> None:
    """A neuron, to be looked into and meddled with.

    Args:
        snapshot: What there is to see.
        picked: Which neuron.
        size: Of its picture, in pixels.
        other: The policy that it can be made to follow.
        on_choose: Called with another neuron.
        on_intervene: Called with what is to be done to this one.
    """
    layer, position = picked
    layers = [{"text": snapshot.layer_name(number), "value": number} for number in range(len(snapshot.network.sizes))]
    silent, frozen = position in snapshot.silent[layer], position in snapshot.frozen[layer]
    with solara.Div(classes=["lab-card"]):
        Title(snapshot.describe(*picked))
        with solara.Div(classes=["lab-buttons"]):
            Select("", layers, layer, lambda value: on_choose((int(value), 0)), "layer", width=92)
            places = range(snapshot.network.sizes[layer])
            Select("", list(places), position, lambda value: on_choose((layer, int(value))), "place", width=50)
            Button("Revive" if silent else "Silence", lambda: on_intervene("revive" if silent else "silence"), "silence")
            if layer:
                Button(
                    "Thaw" if frozen else "Freeze",
                    lambda: on_intervene("thaw" if frozen else "freeze"),
                    "freeze",
                    disabled=silent,
                )
            if 0 < layer < snapshot.outputs and snapshot.policies[layer - 1][position] != other:
                Button(f"To {style.truncate(other, 10)}", lambda: on_intervene("follow"), "follow")
        ClickableFigure(
            lambda: (neuron_panel(snapshot, picked, *size), ()),
            text=f"The neuron {snapshot.describe(*picked)}",
            size=size,
            dependencies=[snapshot.number, picked],
        )
