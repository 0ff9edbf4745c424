"""Studies that compare methods over seeds, resume after an interruption, and are summarised together."""

from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.config import ContinualConfig
from neuronet.continual.studies.result import ContinualResult, FinishedStudy
from neuronet.continual.studies.summary import StudySummary, summarize_studies

__all__ = ["ContinualConfig", "ContinualResult", "FinishedStudy", "StudySummary", "continual_study", "summarize_studies"]
