"""Loading a data set: one of the registry by name, or the user's own file."""

from __future__ import annotations

import gzip
import hashlib
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from harmonium.data.idx import parse_idx, read_idx
from harmonium.data.registry import FILES, REGISTRY, SPLITS, Split, find_spec
from harmonium.data.sources import obtain_files
from harmonium.exceptions import DamagedFileError, HarmoniumError, InvalidInputError, SplitUnavailableError

_OWN_SUFFIXES = (".npy", ".npz", ".idx", ".gz")
# RuntimeError: encrypted; NotImplementedError: an unknown compression; TokenError, SyntaxError: a damaged .npy header
_UNREADABLE = (
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
    SyntaxError,
    MemoryError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Dataset:
    """A data matrix and what is known of it.

    Attributes
    ----------
    name, split : str
    X : ndarray of shape (n_samples, n_features)
        Float32 in [0, 1] for the named data sets; own values keep their precision.
    y : ndarray of shape (n_samples,), int64, or None
    class_names : tuple of str
        ``class_names[y]`` is the name of label y; empty where there are no labels.
    image_shape : tuple of int, or None
        The shape of a row as an image.
    sha256 : str
        Of the file the matrix was read from, decompressed.
    """

    name: str
    split: str
    X: npt.NDArray[np.floating]
    y: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    sha256: str

    @property
    def labels(self) -> npt.NDArray[np.str_] | None:
        """The class name of every row, shape (n_samples,), or None."""
        return None if self.y is None else np.array(self.class_names)[self.y]


def load_dataset(name: str | Path, split: Split = "train", *, root: str | Path | None = None) -> Dataset:
    """Load a data set by name, or from a file of one's own.

    Parameters
    ----------
    name : str or Path
        ``"fashion-mnist"`` or ``"mnist"``, or the path of a ``.npy``, ``.npz`` or IDX file (plain or gzipped). An
        ``.npz`` holds ``X`` and perhaps ``y``, or ``X_train`` / ``X_test`` and perhaps ``y_train`` / ``y_test``;
        any other file is one matrix, its ``"train"`` split. Arrays of more than two dimensions are images: their
        rows are flattened. Integers of type uint8 are divided by 255; other values stay as they are.
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
        If an own file is damaged.
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
    if not (_is_there(path) and path.is_file()):
        raise InvalidInputError(f"{path} does not exist or is not a file")
    array, y = _read_own(path, split)
    X, image_shape = _as_matrix(array, str(path))
    labels = None if y is None else _as_labels(y, path)
    if labels is not None and len(labels) != len(X):
        raise InvalidInputError(f"{path} has {len(X)} rows in X and {len(labels)} labels in y")
    names = () if labels is None else tuple(str(k) for k in range(int(labels.max(initial=-1)) + 1))
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if gzipped else path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return Dataset(path.stem, split, X, labels, names, image_shape, digest.hexdigest())


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long to be a file's
        return False


def _as_labels(y: npt.NDArray[np.generic], path: Path) -> npt.NDArray[np.int64]:
    numbers = y.astype(np.float64) if y.dtype.kind in "biuf" else np.array(np.nan)
    if not np.all((numbers >= 0) & (np.floor(numbers) == numbers)):  # NaN fails too
        raise InvalidInputError(f"{path} must hold whole numbers from 0 as the labels y; got {y.dtype} values")
    return y.astype(np.int64).ravel()


def _read_own(path: Path, split: str) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic] | None]:
    try:
        if path.suffix == ".npz":
            # opened and named a zip here: np.load leaves a damaged archive open, and also takes a .npy
            with path.open("rb") as file, NpzFile(file, allow_pickle=False) as archive:
                for X_key, y_key in ((f"X_{split}", f"y_{split}"), *([("X", "y")] * (split == "train"))):
                    if X_key in archive:
                        return archive[X_key], archive.get(y_key)
                found = ", ".join(archive.files) or "nothing"
            allowed = f"X_{split}" + " or X" * (split == "train")
            raise SplitUnavailableError(f"{path} must hold an array {allowed}; it holds {found}")
        if split != "train":
            raise SplitUnavailableError(f"{path} is one matrix and has no {split} split")
        if path.suffix != ".npy":
            return read_idx(path), None
        with path.open("rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False), None
    except HarmoniumError:
        raise
    except _UNREADABLE as error:
        raise DamagedFileError(f"{path} cannot be read as an array: {error}") from error


def _as_matrix(array: npt.NDArray[np.generic], name: str) -> tuple[npt.NDArray[np.floating], tuple[int, ...] | None]:
    if array.ndim < 2 or array.size == 0 or array.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"{name} must hold real numbers in at least two dimensions, none of them empty; "
            f"got {array.dtype} of shape {array.shape}"
        )
    image_shape = array.shape[1:] if array.ndim > 2 else None
    rows = array.reshape(len(array), -1)
    if array.dtype == np.uint8:
        return rows.astype(np.float32) / np.float32(255), image_shape
    # what float32 cannot hold keeps its digits; training scales before it rounds
    exact_in_float32 = array.dtype in (np.float32, np.float16, np.int8, np.int16, np.uint16, np.bool_)
    return rows.astype(np.float32 if exact_in_float32 else np.float64), image_shape
