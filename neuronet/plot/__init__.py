"""Pictures for papers, from the folders that runs and studies leave behind."""

from neuronet.plot.album import KINDS as KINDS
from neuronet.plot.album import kinds_of as kinds_of
from neuronet.plot.album import plot as plot
