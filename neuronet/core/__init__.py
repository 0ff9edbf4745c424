"""Contracts and value types that everything else is built on; no torch and no Mesa."""
