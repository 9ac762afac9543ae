"""Loading a data set: one of the registry by name, or the user's own file."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.data.idx import GZIP, parse_idx, read_idx
from harmonium.data.labels import are_classes, whole_or_names
from harmonium.data.npy import array_names, read_array, read_npy
from harmonium.data.own_file import check_ordinary
from harmonium.data.registry import FILES, REGISTRY, SPLITS, Split, find_spec
from harmonium.data.sources import obtain_files
from harmonium.exceptions import (
    DamagedFileError,
    HarmoniumError,
    InvalidInputError,
    SplitUnavailableError,
    listed,
    shown,
)

_OWN_SUFFIXES = (".npy", ".npz", ".idx", ".gz")
Labels = npt.NDArray[Any]


@dataclass(frozen=True)
class Dataset:
    """A data matrix and what is known of it.

    Attributes
    ----------
    name, split : str
    X : ndarray of shape (n_samples, n_features)
        Float32 in [0, 1] for the named data sets; own values keep their precision.
    y : ndarray of shape (n_samples,), or None
        Labels. Of a named data set the numbers of the classes, int64; of an own file what it holds: names, whole
        numbers as int64, or booleans.
    class_names : tuple of str
        Of a named data set ``class_names[y]`` is the name of class number y; empty for an own file, whose labels are
        their own names.
    image_shape : tuple of int, or None
        The shape of a row as an image.
    sha256 : str
        Of the file the matrix was read from, decompressed.
    """

    name: str
    split: str
    X: npt.NDArray[np.floating]
    y: Labels | None
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    sha256: str

    @property
    def labels(self) -> Labels | None:
        """The class of every row by its name, shape (n_samples,), or None: what an estimator is given as `y`."""
        return np.array(self.class_names)[self.y] if self.y is not None and self.class_names else self.y

    @property
    def has_classes(self) -> bool:
        """Whether the labels are classes, and no identifiers: two or more, of most more than one row."""
        return are_classes(self.y)


def load_dataset(name: str | Path, split: Split = "train", *, root: str | Path | None = None) -> Dataset:
    """Load a data set by name, or from a file of one's own.

    Parameters
    ----------
    name : str or Path
        ``"fashion-mnist"`` or ``"mnist"``, or the path of a ``.npy``, ``.npz`` or IDX file (plain or gzipped). An
        ``.npz`` holds ``X`` and perhaps ``y``, or ``X_train`` / ``X_test`` and perhaps ``y_train`` / ``y_test``; any
        other file is one matrix, its ``"train"`` split. Arrays of more than two dimensions are images: their rows are
        flattened. Integers of type uint8 are divided by 255; other values stay as they are. Labels are names, whole
        numbers or booleans, and stay what they are; whole numbers may be written as floats.
    split : {"train", "test"}
    root : str or Path, optional
        A folder in torchvision's layout (``ROOT/FashionMNIST/raw/...``) to look into first; by default
        ``$HARMONIUM_DATA``.

    Returns
    -------
    Dataset

    Raises
    ------
    InvalidInputError
        If there is no such data set or file; SplitUnavailableError if the file has no such split.
    DatasetUnavailableError
        If no source can give the files.
    DamagedFileError
        If an own file is damaged, or claims what it does not hold. Compressed, it may hold 64 MiB, or 100 times its own
        size where that is more.
    """
    if split not in SPLITS:
        raise InvalidInputError(f"split must be one of {', '.join(SPLITS)}; got {split!r}")
    if str(name) in REGISTRY:
        return _load_registered(str(name), split, None if root is None else Path(root))
    if str(name).endswith(_OWN_SUFFIXES) or _is_there(Path(name)):
        return _load_own(Path(name), split)
    raise InvalidInputError(
        f"data must be {', '.join(REGISTRY)} or the path of a .npy, .npz or IDX file; got {str(name)!r}"
    )


def _load_registered(name: str, split: str, root: Path | None) -> Dataset:
    spec = find_spec(name)
    images_name, labels_name = FILES[split]
    files = obtain_files(spec, (images_name, labels_name), root)
    X, _ = _as_matrix(parse_idx(files[images_name], images_name), images_name)
    y = parse_idx(files[labels_name], labels_name).astype(np.int64)
    return Dataset(name, split, X, y, spec.class_names, spec.image_shape, spec.sha256[images_name])


def _load_own(path: Path, split: str) -> Dataset:
    try:
        check_ordinary(path)
        array, y = _read_own(path, split)
        digest = _sha256(path)
    except HarmoniumError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidInputError(f"{shown(path)} does not exist or is not a file") from error
    except Exception as error:  # of bytes made to mislead, zipfile, zlib and NumPy make errors of many kinds
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
        raise DamagedFileError(
            f"{shown(path)} cannot be read as an array: {shown(reason or type(error).__name__):.200}"
        ) from error
    X, image_shape = _as_matrix(array, shown(path))
    labels = None if y is None else whole_or_names(y.ravel(), f"y in {shown(path)}")
    if labels is not None and len(labels) != len(X):
        raise InvalidInputError(f"{shown(path)} has {len(X)} rows in X and {len(labels)} labels in y")
    return Dataset(path.stem, split, X, labels, (), image_shape, digest)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long to be a file's
        return False


def _read_own(path: Path, split: str) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic] | None]:
    if path.suffix == ".npz":
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            names = array_names(archive, file)
            for X_key, y_key in ((f"X_{split}", f"y_{split}"), *([("X", "y")] * (split == "train"))):
                if X_key in names:
                    y = read_array(archive, y_key, path) if y_key in names else None
                    return read_array(archive, X_key, path), y
        allowed = f"X_{split}" + " or X" * (split == "train")
        raise SplitUnavailableError(
            f"{shown(path)} must hold an array {allowed}; it holds {listed(names) if names else 'nothing'}"
        )
    if split != "train":
        raise SplitUnavailableError(f"{shown(path)} is one matrix and has no {split} split")
    if path.suffix != ".npy":
        return read_idx(path), None
    with path.open("rb") as file:
        return read_npy(file, path.stat().st_size), None


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file that has been read, decompressed where it is gzipped."""
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == GZIP and path.suffix not in (".npy", ".npz")
        raw.seek(0)
        with gzip.GzipFile(fileobj=raw) if is_gzip else raw as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _as_matrix(array: npt.NDArray[np.generic], name: str) -> tuple[npt.NDArray[np.floating], tuple[int, ...] | None]:
    if array.ndim < 2 or array.size == 0 or array.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"{name} must hold real numbers in at least two dimensions, none of them empty; "
            f"got {array.dtype} of shape {array.shape}"
        )
    image_shape = array.shape[1:] if array.ndim > 2 else None
    rows = array.reshape(len(array), -1)
    if array.dtype == np.uint8:
        grey = rows.astype(np.float32)
        grey /= np.float32(255)
        return grey, image_shape
    # what float32 cannot hold keeps its digits; training scales before it rounds
    exact_in_float32 = array.dtype in (np.float32, np.float16, np.int8, np.int16, np.uint16, np.bool_)
    return rows.astype(np.float32 if exact_in_float32 else np.float64, order="C", copy=False), image_shape
