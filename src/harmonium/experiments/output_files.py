"""Writing rows into a file of the kind that its name's end says: whole, or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.exceptions import InvalidInputError
from harmonium.extras import require
from harmonium.files import write_atomically

TABLES = (".npy", ".csv", ".parquet")
PICTURES = (".png",)
_ROWS_PER_CHUNK = 1000  # that are text at a time


def check_output(path: Path, allowed: Sequence[str]) -> None:
    """Find that a file can be written, before anything is computed.

    Raises
    ------
    InvalidInputError
        If its name ends in none of the allowed suffixes, or its folder does not exist.
    MissingPackageError
        If a package that writes such files is not installed.
    """
    if path.suffix.lower() not in allowed:
        names = f"{', '.join(allowed[:-1])} or {allowed[-1]}" if len(allowed) > 1 else allowed[0]
        raise InvalidInputError(f"the file to write must end in {names}; got {path.name!r}")
    if path.is_dir() or not path.parent.is_dir():
        what = f"{path} is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise InvalidInputError(f"{path.name} cannot be written: {what}")
    if path.suffix.lower() == ".parquet":
        require("tables", "pyarrow")
    if path.suffix.lower() in PICTURES:
        require("figures", "matplotlib")


def check_picture(path: Path, image_shape: tuple[int, ...] | None, n_features: int) -> None:
    """Find that rows can be drawn, where the file is a picture.

    Raises
    ------
    InvalidInputError
        If they are not images of one channel or three.
    """
    if path.suffix.lower() not in PICTURES:
        return
    if image_shape is None or len(image_shape) not in (2, 3) or image_shape[2:] not in ((), (1,), (3,)):
        found = f"rows of {n_features} values" if image_shape is None else f"rows of shape {image_shape}"
        raise InvalidInputError(
            f"{path.name} needs images of shape (height, width) or (height, width, 3), and the model was trained on "
            f"{found}; write {', '.join(TABLES)}"
        )


def write_picture(path: Path, images: npt.NDArray[np.floating], image_shape: tuple[int, ...], n_columns: int) -> None:
    """Write a grid of images, as `harmonium.figures.image_files.images_as_png` draws it."""
    from harmonium.figures.image_files import images_as_png

    write_atomically(path, images_as_png(images, image_shape, n_columns))


def write_rows(path: Path, rows: npt.NDArray[Any], names: Sequence[str]) -> None:
    """Write a matrix: as it is into .npy, as named columns into .csv and .parquet."""
    if path.suffix.lower() == ".npy":
        write_array(path, rows)
    else:
        write_columns(path, names, list(rows.T))


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an array as .npy."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    write_atomically(path, content.getvalue())


def write_columns(path: Path, names: Sequence[str], columns: Sequence[npt.NDArray[Any]]) -> None:
    """Write columns of one length each, of any types, as .csv or .parquet; numbers keep all their digits."""
    if path.suffix.lower() == ".parquet":
        import pyarrow
        import pyarrow.parquet

        content = io.BytesIO()
        table = pyarrow.Table.from_arrays([pyarrow.array(column) for column in columns], names=list(names))
        pyarrow.parquet.write_table(table, content)
        write_atomically(path, content.getvalue())
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for start in range(0, len(columns[0]), _ROWS_PER_CHUNK):
        chunk = [column[start : start + _ROWS_PER_CHUNK].astype(str) for column in columns]
        writer.writerows(zip(*chunk, strict=True))
    write_atomically(path, text.getvalue())
