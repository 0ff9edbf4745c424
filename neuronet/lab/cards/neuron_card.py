"""Card of the selected neuron: menus, buttons and its figure."""

from __future__ import annotations

from collections.abc import Callable

import solara

from neuronet.lab.cards.meanings import ATTENTION
from neuronet.lab.cards.neuron_panel import neuron_panel
from neuronet.lab.clickable_figure import ClickableFigure
from neuronet.lab.snapshot import Snapshot
from neuronet.lab.widgets import Button, Select, Title
from neuronet.plotting import style
from neuronet.plotting.network import NeuronPosition


@solara.component
def NeuronCard(  # noqa: N802
    snapshot: Snapshot,
    selected: NeuronPosition,
    size: tuple[int, int],
    other: str,
    *,
    on_select: Callable[[NeuronPosition], None],
    on_intervene: Callable[[str], None],
) -> None:
    """Selected neuron, with buttons to change it.

    Args:
        snapshot: State of the session.
        selected: Selected neuron.
        size: Size of the figure in pixels.
        other: Policy that a button assigns to it.
        on_select: Called with another neuron.
        on_intervene: Called with an action on this neuron.
    """
    layer, position = selected
    layers = [{"text": snapshot.layer_name(number), "value": number} for number in range(len(snapshot.network.sizes))]
    silent, frozen = position in snapshot.silent[layer], position in snapshot.frozen[layer]
    with solara.Div(classes=["lab-card"]):
        Title(snapshot.describe(*selected), meaning=ATTENTION)
        with solara.Div(classes=["lab-buttons"]):
            Select("", layers, layer, lambda value: on_select((int(value), 0)), "layer", width=92)
            positions = range(snapshot.network.sizes[layer])
            Select("", list(positions), position, lambda value: on_select((layer, int(value))), "place", width=50)
            Button("Revive" if silent else "Silence", lambda: on_intervene("revive" if silent else "silence"), "silence")
            if layer:
                Button(
                    "Thaw" if frozen else "Freeze",
                    lambda: on_intervene("thaw" if frozen else "freeze"),
                    "freeze",
                    disabled="it is silent: revive it first" if silent else "",
                )
            if 0 < layer < snapshot.outputs and snapshot.policies[layer - 1][position] != other:
                Button(f"To {style.truncate(other, 10)}", lambda: on_intervene("follow"), "follow", meaning=f"follow {other}")
            if snapshot.node(selected) in snapshot.earlier:
                earlier = snapshot.earlier[snapshot.node(selected)]
                Button(
                    f"Back to {style.truncate(earlier, 10)}",
                    lambda: on_intervene("return"),
                    "return",
                    meaning=f"follow {earlier} again",
                )
        ClickableFigure(
            lambda: (neuron_panel(snapshot, selected, *size), ()),
            text=f"The neuron {snapshot.describe(*selected)}",
            size=size,
            dependencies=[snapshot.number, selected],
        )
