"""Built-in environments, one short file each."""

from __future__ import annotations

if __name__ == "environments":
    raise ImportError("import neuronet.environments instead: a second copy of its classes would compare unequal to them")

from neuronet.core import Environment
from neuronet.environments.dataset import from_dataset
from neuronet.environments.images.cifar10 import Cifar10
from neuronet.environments.images.cifar100 import Cifar100
from neuronet.environments.images.emnist import Emnist
from neuronet.environments.images.fashion_mnist import FashionMnist
from neuronet.environments.images.idx import read_idx_folder
from neuronet.environments.images.image_folder import read_image_folder
from neuronet.environments.images.images import Images
from neuronet.environments.images.kmnist import Kmnist
from neuronet.environments.images.mnist import Mnist
from neuronet.environments.images.mnist5k import Mnist5k
from neuronet.environments.parts import PartsEnvironment
from neuronet.environments.tables.breast_cancer import BreastCancer
from neuronet.environments.tables.california import California
from neuronet.environments.tables.csv_files import TableFormat, separator_hint
from neuronet.environments.tables.digits import Digits
from neuronet.environments.tables.letter import Letter
from neuronet.environments.tables.openml import read_openml
from neuronet.environments.tables.pendigits import Pendigits
from neuronet.environments.tables.raw_inputs import Missing
from neuronet.environments.tables.satimage import Satimage
from neuronet.environments.tables.spoken_digits import SpokenDigits
from neuronet.environments.tables.standardising import check_magnitude, standardisation
from neuronet.environments.tables.table import Table
from neuronet.environments.tables.table_files import read_columns
from neuronet.environments.tables.table_targets import TARGET_NAMES
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
    "letter": Letter,
    "pendigits": Pendigits,
    "satimage": Satimage,
    "spoken-digits": SpokenDigits,
}
"""All environments by their names on the command line; the registry adds the forms for files, such as table:PATH."""

__all__ = [
    "ENVIRONMENTS",
    "TARGET_NAMES",
    "BreastCancer",
    "California",
    "Cifar10",
    "Cifar100",
    "Digits",
    "Emnist",
    "FashionMnist",
    "Images",
    "Kmnist",
    "Letter",
    "Missing",
    "Mnist",
    "Mnist5k",
    "PartsEnvironment",
    "Pendigits",
    "Satimage",
    "SpokenDigits",
    "Table",
    "TableFormat",
    "Xor",
    "check_magnitude",
    "from_dataset",
    "read_columns",
    "read_idx_folder",
    "read_image_folder",
    "read_openml",
    "separator_hint",
    "standardisation",
]
