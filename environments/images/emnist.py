"""EMNIST: handwritten letters and digits, in the form of MNIST.

Source: Cohen, Afshar, Tapson and van Schaik 2017, "EMNIST: an extension of MNIST to handwritten letters", arXiv:1702.05373.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np

from neuronet.core import DataError, unknown_name_error
from neuronet.environments.images.idx import Part, read_part
from neuronet.environments.images.images import Images
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.sources import Download, Source

ALL = string.digits + string.ascii_uppercase + string.ascii_lowercase

MERGED = string.digits + string.ascii_uppercase + "abdefghnqrt"
"""Lower-case letters only where they differ from upper case."""

SPLITS = {
    "balanced": MERGED,
    "byclass": ALL,
    "bymerge": MERGED,
    "digits": string.digits,
    "letters": string.ascii_uppercase,
    "mnist": string.digits,
}
"""Classes of each split of EMNIST, in the order of their labels."""

TRANSPOSE_CHUNK = 4096

ARCHIVE = Download("gzip.zip", "md5:58c8d27c78d21e728a6bc7b3cc06412e", ("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",))


@dataclass(frozen=True)
class Emnist(LazyEnvironment):
    """Handwritten letters and digits, 28 x 28 pixels; the splits have 10 to 62 classes.

    "balanced" has 112,800 training and 18,800 test images, "letters" 124,800 and 20,800, "digits" 240,000 and 40,000, "mnist"
    60,000 and 10,000, "byclass" and "bymerge" 697,932 and 116,323, as the data set defines them. Images are transposed in the
    files, and upright here. Pixels are standardised by the training images alone.

    Args:
        split: Split of the data set: balanced, byclass, bymerge, digits, letters or mnist.
        data_dir: Folder to search first for the files.

    Raises:
        SpecError: The split is unknown.
    """

    split: str = "balanced"
    data_dir: str = ""

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise unknown_name_error("split of emnist", self.split, SPLITS)

    def load(self) -> Images:
        """Return the images of the files."""
        pairs = [
            (f"emnist-{self.split}-{part}-images-idx3-ubyte", f"emnist-{self.split}-{part}-labels-idx1-ubyte")
            for part in ("train", "test")
        ]
        source = Source("emnist", (*pairs[0], *pairs[1]), (ARCHIVE,), folders=("EMNIST/raw", "gzip"))
        files = source.find(self.data_dir)
        train, test = (self._upright(read_part(files, *pair, (28, 28))) for pair in pairs)
        return Images(train, test, classes=SPLITS[self.split], name=f"emnist in '{files.path}'")

    def _upright(self, part: Part) -> Part:
        images, labels = part
        for start in range(0, len(images), TRANSPOSE_CHUNK):
            chunk = images[start : start + TRANSPOSE_CHUNK]
            chunk[:] = np.swapaxes(chunk, 1, 2).copy()
        if self.split != "letters":
            return part
        if labels.min(initial=1) < 1:
            raise DataError("labels of emnist letters must be counted from 1, got 0")
        return images, labels - np.uint8(1)
