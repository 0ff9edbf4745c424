"""Studies that compare methods over seeds, resume after an interruption, and are summarised together."""

from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.config import ContinualConfig
from neuronet.continual.studies.result import TUNING_TYPES, ContinualResult, FinishedStudy
from neuronet.continual.studies.search import Configuration
from neuronet.continual.studies.study_runner import StudyRun
from neuronet.continual.studies.summary import StudySummary, summarize_studies

__all__ = [
    "TUNING_TYPES",
    "Configuration",
    "ContinualConfig",
    "ContinualResult",
    "FinishedStudy",
    "StudyRun",
    "StudySummary",
    "continual_study",
    "summarize_studies",
]
