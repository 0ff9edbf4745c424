"""Fashion-MNIST: clothes, in the form of MNIST.

Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms",
arXiv:1708.07747.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.images.idx import FILES, mnist_like
from neuronet.environments.images.images import Images
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.sources import Source, files_of

CLASSES = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")

SOURCE = Source(
    "fashion-mnist",
    FILES,
    files_of(
        {
            FILES[0]: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            FILES[1]: "25c81989df183df01b3e8a0aad5dffbe",
            FILES[2]: "bef4ecab320f06d8554ea6380940ec79",
            FILES[3]: "bb300cfdad3c16e7a12a480ee83cd310",
        },
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    ),
    folders=("FashionMNIST/raw",),
)


@dataclass(frozen=True)
class FashionMnist(LazyEnvironment):
    """Images of ten kinds of clothes: 60,000 for training and 10,000 for the test, 28 x 28 bytes each.

    The split is the data set's own; pixels are standardised by the training images alone. Debian's package
    dataset-fashion-mnist has the files.

    Args:
        data_dir: Folder to search first for the files.
    """

    data_dir: str = ""

    def load(self) -> Images:
        """Return the images of the files."""
        return mnist_like(SOURCE, self.data_dir, CLASSES)
