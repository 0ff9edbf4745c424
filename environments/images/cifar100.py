"""CIFAR-100: small colour photographs in a hundred classes, in twenty groups.

Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images", University of Toronto.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import check_flag
from neuronet.environments.images.cifar import read_batches
from neuronet.environments.images.images import Images
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.sources import Download, Source

SOURCE = Source(
    "cifar100",
    ("train", "test"),
    (
        Download(
            "cifar-100-python.tar.gz",
            "md5:eb9058c3a382ffc7106e4002c42a8d85",
            ("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
        ),
    ),
    folders=("cifar-100-python",),
)


@dataclass(frozen=True)
class Cifar100(LazyEnvironment):
    """Colour photographs in a hundred classes: 50,000 for training and 10,000 for the test, 3 x 32 x 32 bytes each.

    The split is the data set's own; each channel of each pixel is standardised by the training images alone.

    Args:
        coarse: Whether the classes are the twenty groups instead of the hundred classes.
        data_dir: Folder to search first for the python batches, unpacked or in their archive.

    Raises:
        ConfigurationError: coarse is neither true nor false.
    """

    coarse: bool = False
    data_dir: str = ""

    def __post_init__(self) -> None:
        check_flag("coarse", self.coarse)

    def load(self) -> Images:
        """Return the images of the batches."""
        label, classes = ("coarse_labels", 20) if self.coarse else ("fine_labels", 100)
        return read_batches(SOURCE, self.data_dir, label, classes)
