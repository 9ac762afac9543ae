"""Whatever a file of data or settings holds, it is read or refused in one sentence that names it, in bounded memory."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harmonium.cli.config_file import read_config_file
from harmonium.data.datasets import Dataset, load_dataset
from harmonium.exceptions import HarmoniumError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.search_spaces import search_space
from harmonium.families.registry import family_names
from mutations import mutations

MOST_BYTES = 2**26 + 2**24  # what a compressed file may hold at least, and what the readers themselves take
# NumPy and Python say of an odd header that it was written by Python 2, or is odd
pytestmark = pytest.mark.filterwarnings("ignore")

X = np.arange(24, dtype=np.float32).reshape(4, 6)
NUMBERS = (b"9" * 30, b"-1", b"(99999999999999,)", b"0x" + b"f" * 4000, b"1e999", b"nan", b"True", b"None")
NAMES = (b"\x1b[31m", b"\x00", b"\n", b"../", "\u202e\u00e9".encode(), b"\xff\xfe", b"n" * 300)


def npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, version)
    return content.getvalue()


def npz(save: Callable = np.savez, **arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    save(content, **arrays)
    return content.getvalue()


def idx(array: np.ndarray) -> bytes:
    code = {"u1": 8, "i2": 11, "f4": 13, "f8": 14}[array.dtype.str[1:]]
    header = struct.pack(f">4B{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def archived_otherwise() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("X.npy", npy(X))
    return content.getvalue()


IDX = [idx(X), idx(X.astype("u1").reshape(4, 2, 3)), idx(X.astype("i2")), idx(X.astype("f8"))]
DATA = {
    ".idx": IDX,
    ".gz": [gzip.compress(content, mtime=0) for content in IDX],
    ".npy": [
        npy(X),
        npy(X.astype(">f8", order="F")),
        npy(X > 3, (2, 0)),
        npy(X.astype("f2").reshape(4, 2, 3)),
        npy(np.zeros(3, [("a", "f4"), ("b", "O")]).astype([("a", "f4"), ("b", "i4")])),
    ],
    ".npz": [
        npz(X=X, y=np.array([1, 0, 2, 1])),
        npz(np.savez_compressed, X_train=X, y_train=np.array(list("abca")), X_test=X, y_test=np.array(list("abca"))),
        npz(X=X.astype(np.uint8), y=np.array([0.5, np.nan, 1e300, 2])),
        archived_otherwise(),
    ],
}


def read_or_refused(read: Callable[[], Any], path: Path) -> Any:
    """Return what was read; None where it was refused as it should be."""
    tracemalloc.start()
    try:
        return read()
    except HarmoniumError as error:
        sentence = str(error)
        assert sentence.isprintable(), sentence
        assert path.name in sentence
        assert len(sentence) < 1000
        return None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MOST_BYTES + 16 * path.stat().st_size


@pytest.mark.parametrize("suffix", DATA)
def test_data(tmp_path, fuzz_cases, suffix):
    path = tmp_path / f"data{suffix}"
    for content in mutations(DATA[suffix], [*NUMBERS, *NAMES, b"'|O'", b"'<U0'", b"PK\1\2"], fuzz_cases):
        path.write_bytes(content)
        read_or_refused(lambda: load_dataset(path), path)


SETTINGS = [
    b"""model = "vae"
data = "own.npz"
[parameters]
n_latent = 2
hidden_sizes = [8, 4]
learning_rate = 1e-3
likelihood = "gaussian"
""",
    b"""model = "gaussian-bernoulli-rbm"
[parameters]
n_hidden = 3
sigma = 1.0
random_state = 3
scaling = "global"
""",
]
SPACES = [
    b"""[fixed]
momentum = 0.5
[tuned.learning_rate]
low = 1e-4
high = 1e-1
log = true
[tuned.n_latent]
low = 1
high = 9
step = 4
""",
    b"""[tuned.hidden_sizes]
choices = [[8, 16], [4, 4]]
[tuned.likelihood]
choices = ["gaussian", "calibrated-gaussian"]
""",
]
TOML = (
    b"[" * 400,
    b"a." * 300,
    b"{a=" * 200,
    b"1979-05-27",
    b'""',
    b"[]",
    b"{}",
    b"[[a]]",
    b'"["',
    b"inf",
    b"step = 0\n",
)


def test_configurations(tmp_path, fuzz_cases):
    path = tmp_path / "config.toml"
    for content in mutations(SETTINGS, [*NUMBERS, *NAMES, *TOML], fuzz_cases):
        path.write_bytes(content)
        file = read_or_refused(lambda: read_config_file(path), path)
        if file is not None and file.model in family_names():
            resolve(file.model, file.parameters)


def test_search_spaces(tmp_path, fuzz_cases):
    path = tmp_path / "space.toml"
    data = Dataset("own", "train", np.zeros((2, 3)), None, (), None, "")
    for content in mutations(SPACES, [*NUMBERS, *NAMES, *TOML], fuzz_cases):
        path.write_bytes(content)
        space = read_or_refused(lambda: search_space("vae", data, path), path)
        if space is not None:
            json.dumps(space.to_json())
            drawn = {name: getattr(d, "choices", [getattr(d, "low", None)])[0] for name, d in space.tuned.items()}
            resolve("vae", space.parameters(drawn))


def resolve(model: str, parameters: dict[str, Any]) -> None:
    """Do what a command does with parameters that were read; what it says is of the parameters."""
    seed = parameters.pop("random_state", 0)
    try:
        TrainConfig.resolve(model, "own.npz", seed, **parameters).to_toml()
    except HarmoniumError as error:
        assert str(error).isprintable()
