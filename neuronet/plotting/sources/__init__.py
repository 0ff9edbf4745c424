"""Pictures for papers, from the folders that runs and studies leave behind."""

from neuronet.plotting.sources.registry import KINDS as KINDS
from neuronet.plotting.sources.registry import kinds_of as kinds_of
from neuronet.plotting.sources.registry import plot as plot
