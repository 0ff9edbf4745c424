"""Traces: which quantities of which neurons are recorded, and where."""

from neuronet.recording.traces.spec import TraceSpec, parse_trace
from neuronet.recording.traces.store import part_files, traces

__all__ = ["TraceSpec", "parse_trace", "part_files", "traces"]
