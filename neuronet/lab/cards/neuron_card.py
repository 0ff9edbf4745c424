"""The card of one neuron: which, what is done to it, and its picture."""

from __future__ import annotations

from collections.abc import Callable

import solara

from neuronet.lab.cards.neuron_panel import neuron_panel
from neuronet.lab.clickable_figure import Picture
from neuronet.lab.snapshot import Look
from neuronet.lab.widgets import Button, Choice, Title
from neuronet.plotting import style

Place = tuple[int, int]
"""A neuron's layer and its place there."""


@solara.component  # type: ignore[untyped-decorator]
def NeuronCard(  # noqa: N802
    look: Look,
    picked: Place,
    size: tuple[int, int],
    other: str,
    *,
    on_choose: Callable[[Place], None],
    on_meddle: Callable[[str], None],
) -> None:
    """A neuron, to be looked into and meddled with.

    Args:
        look: What there is to see.
        picked: Which neuron.
        size: Of its picture, in pixels.
        other: The policy that it can be made to follow.
        on_choose: Called with another neuron.
        on_meddle: Called with what is to be done to this one.
    """
    layer, place = picked
    layers = [{"text": look.layer_name(number), "value": number} for number in range(len(look.network.sizes))]
    silent, frozen = place in look.silent[layer], place in look.frozen[layer]
    with solara.Div(classes=["lab-card"]):
        Title(look.describe(*picked))
        with solara.Div(classes=["lab-buttons"]):
            Choice("", layers, layer, lambda value: on_choose((int(value), 0)), "layer", width=92)
            places = range(look.network.sizes[layer])
            Choice("", list(places), place, lambda value: on_choose((layer, int(value))), "place", width=50)
            Button("Revive" if silent else "Silence", lambda: on_meddle("revive" if silent else "silence"), "silence")
            if layer:
                Button(
                    "Thaw" if frozen else "Freeze", lambda: on_meddle("thaw" if frozen else "freeze"), "freeze", disabled=silent
                )
            if 0 < layer < look.outputs and look.policies[layer - 1][place] != other:
                Button(f"To {style.short(other, 10)}", lambda: on_meddle("follow"), "follow")
        Picture(
            lambda: (neuron_panel(look, picked, *size), ()),
            text=f"The neuron {look.describe(*picked)}",
            size=size,
            dependencies=[look.number, picked],
        )
