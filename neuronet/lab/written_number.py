"""Numbers that a reader of the lab writes."""

from __future__ import annotations

from neuronet.core import ConfigurationError


def read_number(text: str) -> int:
    """Return the integer (>= 0) that a reader has written.

    Raises:
        ConfigurationError: It is none.
    """
    written = text.strip()
    if written.isascii() and written.isdigit():
        return int(written)
    raise ConfigurationError(
        f"write a whole number, 0 or more, not '{written[:20]}'" if written else "write a whole number, 0 or more"
    )
