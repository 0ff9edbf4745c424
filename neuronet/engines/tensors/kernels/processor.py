"""Family of the processor, which decides how large products are computed."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ZEN_3_AND_4, ZEN_5 = 25, 26
"""CPU families of AMD's processors."""

ZEN_4_MODELS = (range(0x10, 0x20), range(0x60, 0x80), range(0xA0, 0xB0))
"""Models of family 25 that are Zen 4; the others are Zen 3."""


@cache
def processor_family() -> str:
    """Return the family of this machine's processor, such as "amd zen 4"; "other" for one without a name here."""
    return family_of(platform.machine(), _cpu_info())


def family_of(architecture: str, info: Mapping[str, str]) -> str:
    """Return the family of a processor.

    Args:
        architecture: As `platform.machine()` has it.
        info: Fields of /proc/cpuinfo by name; empty where there is no such file.
    """
    if architecture.lower() in ("aarch64", "arm64"):
        return "arm"
    vendor = info.get("vendor_id", "")
    if vendor == "GenuineIntel":
        return "intel"
    family, model = (int(text) if (text := info.get(name, "")).isdigit() else -1 for name in ("cpu family", "model"))
    if vendor != "AuthenticAMD":
        return "other"
    if family == ZEN_3_AND_4:
        return "amd zen 4" if any(model in models for models in ZEN_4_MODELS) else "amd zen 3"
    return "amd zen 5" if family == ZEN_5 else "other"


def _cpu_info() -> dict[str, str]:
    """Return the fields of the first processor in /proc/cpuinfo; none where there is no such file."""
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
