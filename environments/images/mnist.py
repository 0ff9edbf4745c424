"""MNIST: handwritten digits, 28 x 28 pixels.

Source: LeCun, Cortes and Burges 1998, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.images.idx import FILES, mnist_like
from neuronet.environments.images.images import Images
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.sources import Source, files_of

SOURCE = Source(
    "mnist",
    FILES,
    files_of(
        {
            FILES[0]: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            FILES[1]: "d53e105ee54ea40749a09fcbcd1e9432",
            FILES[2]: "9fb629c4189551a2d022fa330f9573f3",
            FILES[3]: "ec29112dd5afa0611ce80d1b7f02629c",
        },
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    ),
    folders=("MNIST/raw",),
)


@dataclass(frozen=True)
class Mnist(LazyEnvironment):
    """Images of the digits 0 to 9: 60,000 for training and 10,000 for the test, 28 x 28 bytes each.

    The split is the data set's own; pixels are standardised by the training images alone.

    Args:
        data_dir: Folder to search first for the files.
    """

    data_dir: str = ""

    def load(self) -> Images:
        """Return the images of the files."""
        return mnist_like(SOURCE, self.data_dir)
