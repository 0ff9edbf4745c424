"""KMNIST: cursive Japanese characters, in the form of MNIST.

Source: Clanuwat et al. 2018, "Deep learning for classical Japanese literature", arXiv:1812.01718.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.images.idx import FILES, mnist_like
from neuronet.environments.images.images import Images
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.sources import Source, files_of

CLASSES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

SOURCE = Source(
    "kmnist",
    FILES,
    files_of(
        {
            FILES[0]: "bdb82020997e1d708af4cf47b453dcf7",
            FILES[1]: "e144d726b3acfaa3e44228e80efcd344",
            FILES[2]: "5c965bf0a639b31b8f53240b1b52f4d7",
            FILES[3]: "7320c461ea6c1c855c0b718fb2a4b134",
        },
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    ),
    folders=("KMNIST/raw",),
)


@dataclass(frozen=True)
class Kmnist(LazyEnvironment):
    """Images of ten cursive hiragana: 60,000 for training and 10,000 for the test, 28 x 28 bytes each.

    The split is the data set's own; pixels are standardised by the training images alone.

    Args:
        data_dir: Folder to search first for the files.
    """

    data_dir: str = ""

    def load(self) -> Images:
        """Return the images of the files."""
        return mnist_like(SOURCE, self.data_dir, CLASSES)
