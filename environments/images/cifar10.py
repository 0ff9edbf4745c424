"""CIFAR-10: small colour photographs in ten classes.

Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images", University of Toronto.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.images.cifar import read_batches
from neuronet.environments.images.images import Images
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.sources import Download, Source

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

SOURCE = Source(
    "cifar10",
    ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"),
    (
        Download(
            "cifar-10-python.tar.gz",
            "md5:c58f30108f718f92721af3b95e74349a",
            ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
        ),
    ),
    folders=("cifar-10-batches-py",),
)


@dataclass(frozen=True)
class Cifar10(LazyEnvironment):
    """Colour photographs in ten classes: 50,000 for training and 10,000 for the test, 3 x 32 x 32 bytes each.

    The split is the data set's own; each channel of each pixel is standardised by the training images alone.

    Args:
        data_dir: Folder to search first for the python batches, unpacked or in their archive.
    """

    data_dir: str = ""

    def load(self) -> Images:
        """Return the images of the batches."""
        return read_batches(SOURCE, self.data_dir, "labels", CLASSES)
