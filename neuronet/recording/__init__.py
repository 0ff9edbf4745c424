"""Run directories, studies that resume, traces and atomic files."""

from neuronet.recording.atomic_write import remove_partial_files, write_atomically
from neuronet.recording.checkpoint import Checkpoint, network_from_arrays, network_to_arrays, read_progress
from neuronet.recording.figures import draw, make_figure
from neuronet.recording.files import check_regular, inside, lock_folder, read_text, reading, writing
from neuronet.recording.manifest import MANIFEST, library_versions, read_manifest
from neuronet.recording.run_directory import (
    ALIGNMENT,
    ALIGNMENT_COLUMNS,
    BEST_MODEL,
    CHECKPOINT,
    COLUMNS,
    CONFIG,
    EVENT_COLUMNS,
    INEQUALITY,
    INEQUALITY_COLUMNS,
    METRICS,
    MODEL,
    BaseRunDirectory,
    ReadOnlyRunDirectory,
    RunDirectory,
)
from neuronet.recording.study_store import STUDY, StudyStore, json_bytes, read_json, study_kind
from neuronet.recording.traces.recorder import TraceRecorder
from neuronet.recording.traces.store import COLUMNS as TRACE_COLUMNS
from neuronet.recording.traces.store import FOLDER as TRACES
from neuronet.recording.traces.store import (
    MemoryTraceStore,
    ParquetTraceStore,
    TraceStore,
    import_pyarrow,
    read_trace_file,
    traces,
    traces_to_parquet,
)

__all__ = [
    "ALIGNMENT",
    "ALIGNMENT_COLUMNS",
    "BEST_MODEL",
    "CHECKPOINT",
    "COLUMNS",
    "CONFIG",
    "EVENT_COLUMNS",
    "INEQUALITY",
    "INEQUALITY_COLUMNS",
    "MANIFEST",
    "METRICS",
    "MODEL",
    "STUDY",
    "TRACES",
    "TRACE_COLUMNS",
    "BaseRunDirectory",
    "Checkpoint",
    "MemoryTraceStore",
    "ParquetTraceStore",
    "ReadOnlyRunDirectory",
    "RunDirectory",
    "StudyStore",
    "TraceRecorder",
    "TraceStore",
    "check_regular",
    "draw",
    "import_pyarrow",
    "inside",
    "json_bytes",
    "library_versions",
    "lock_folder",
    "make_figure",
    "network_from_arrays",
    "network_to_arrays",
    "read_json",
    "read_manifest",
    "read_progress",
    "read_text",
    "read_trace_file",
    "reading",
    "remove_partial_files",
    "study_kind",
    "traces",
    "traces_to_parquet",
    "write_atomically",
    "writing",
]
