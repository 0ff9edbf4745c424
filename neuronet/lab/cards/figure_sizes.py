"""Sizes of the figures that fill a window of the browser."""

from __future__ import annotations

from dataclasses import dataclass

Size = tuple[int, int]

SIDEBAR, GAP, CARD, SCROLLBAR = 216, 8, 18, 16
"""Pixels of the settings, between two cards, of a card's padding and frame on both sides, and kept for a bar to scroll."""

WIDE, MEDIUM, LEAST, MOST = 1280, 700, 320, 2400
"""Widths of a window from which all cards stand in two rows, and from which the settings stand on the left; the limits."""


@dataclass(frozen=True)
class Sizes:
    """Sizes in pixels of the network's figure, of the neuron's, and of the three below."""

    network: Size
    neuron: Size
    small: tuple[Size, Size, Size]


def sizes_for(width: int) -> Sizes:
    """Return the sizes of the figures that fill a window of this width in pixels."""
    width = min(max(width, LEAST), MOST)
    if width >= WIDE:
        inner = width - SIDEBAR - 3 * GAP - SCROLLBAR
        height = 412 + max(0, min(inner - 1030, 400)) // 4
        network = (inner - GAP - 2 * CARD) * 61 // 99
        third = (inner - 2 * GAP - 3 * CARD) // 3
        neuron = inner - GAP - 2 * CARD - network
        return Sizes((network, height), (neuron, height - 30), ((third, 246 + (height - 412) // 2),) * 3)
    inner = width - 2 * GAP - CARD - SCROLLBAR - (SIDEBAR + GAP if width > MEDIUM else 0)
    network_height = 412 if inner >= 560 else 440
    half = (inner - GAP - CARD) // 2
    small = ((half, 246), (half, 246), (inner, 246)) if half >= 300 else ((inner, 246),) * 3
    return Sizes((inner, network_height), (inner, 382), small)
