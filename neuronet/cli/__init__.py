"""The command line."""

from neuronet.cli.main import start

__all__ = ["start"]
