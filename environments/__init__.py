"""The environments that come with NeuroNet, one short file each."""

from __future__ import annotations

from neuronet.environment import Environment
from neuronet.environments.breast_cancer import BreastCancer
from neuronet.environments.california import California
from neuronet.environments.cifar10 import Cifar10
from neuronet.environments.cifar100 import Cifar100
from neuronet.environments.dataset import from_dataset
from neuronet.environments.digits import Digits
from neuronet.environments.emnist import Emnist
from neuronet.environments.fashion_mnist import FashionMnist
from neuronet.environments.idx import read_idx_folder
from neuronet.environments.image_folder import read_image_folder
from neuronet.environments.images import Images
from neuronet.environments.kmnist import Kmnist
from neuronet.environments.mnist import Mnist
from neuronet.environments.mnist5k import Mnist5k
from neuronet.environments.openml import read_openml
from neuronet.environments.table import Table
from neuronet.environments.xor import Xor

ENVIRONMENTS: dict[str, type[Environment]] = {
    "xor": Xor,
    "digits": Digits,
    "mnist5k": Mnist5k,
    "mnist": Mnist,
    "fashion-mnist": FashionMnist,
    "kmnist": Kmnist,
    "emnist": Emnist,
    "cifar10": Cifar10,
    "cifar100": Cifar100,
    "breast-cancer": BreastCancer,
    "california": California,
}
"""Every environment by its name on the command line; neuronet.run.catalogue has the forms for files: table:PATH and others."""

__all__ = [
    "ENVIRONMENTS",
    "BreastCancer",
    "California",
    "Cifar10",
    "Cifar100",
    "Digits",
    "Emnist",
    "FashionMnist",
    "Images",
    "Kmnist",
    "Mnist",
    "Mnist5k",
    "Table",
    "Xor",
    "from_dataset",
    "read_idx_folder",
    "read_image_folder",
    "read_openml",
]
