"""Files made to mislead: what they claim is held against what they are before memory or time is spent on them."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import harmonium
from harmonium.cli.main import main
from harmonium.data.datasets import load_dataset
from harmonium.exceptions import DamagedFileError, HarmoniumError, InvalidInputError

X = np.arange(24, dtype=np.float32).reshape(4, 6)
Y = np.array(["bag", "coat", "bag", "hat"])
N_BOMB = 2**27


def npy_header(descr: str, shape: str, *, is_fortran: bool = False) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {is_fortran}, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text) + 1) + text + b"\n"


def archive(path: Path, method: int = zipfile.ZIP_DEFLATED, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in entries.items():
            file.writestr(f"{name}.npy", content)
    return path


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def refused(path: Path, kind: type[HarmoniumError] = DamagedFileError, most: int = 2**20) -> str:
    """Return the sentence that a file is refused with, in no more memory than so many bytes and 16 times its own."""
    tracemalloc.start()
    try:
        with pytest.raises(kind) as caught:
            load_dataset(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= most + 16 * (path.stat().st_size if path.is_file() else 0)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(
    "header",
    [
        npy_header("'<f8'", "(1000000000, 1000000)"),
        npy_header("'<f8'", "(-1, 24)"),
        npy_header("'<f8'", "(-1, -3)"),
        npy_header("'<f8'", f"({2**63}, {2**63})"),
        npy_header("'<f8'", f"({2**32}, {2**32}, 0)"),
        npy_header("'<f8'", "()"),
        npy_header("'<f8'", "(0, 6)"),
        npy_header("'<f8'", "(True, 3)"),
        npy_header("'<f8'", f"({'1, ' * 70})"),
        npy_header("'<f8'", f"(0x{'f' * 5000}, 1)"),
        npy_header("'<f8'", "(" * 300),
        npy_header("'<f8'", "-" * 9000 + "1"),
        npy_header("'<U0'", "(1000000000000,)"),
        npy_header("'|V0'", "(1000000000000,)"),
        npy_header("'<f8'", "(1000000000000,)", is_fortran=True),
        npy_header("[('a', '<f8', (1000000, 1000000))]", "(1,)"),
        npy_header("'|O'", "(4, 6)"),
        npy_header("'<f99'", "(4, 6)"),
        b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1) + b"{}",
        b"\x93NUMPY\3\0" + struct.pack("<I", 10) + b"{}",
        b"\x93NUMPY\1\0",
        b"\x93NUM",
        b"",
    ],
    ids=lambda header: str(header[10:90]),
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_a_header_that_claims_what_is_not_there(tmp_path, header, suffix):
    path = tmp_path / f"f{suffix}"
    if suffix == ".npy":
        path.write_bytes(header + X.tobytes())
    else:
        archive(path, X=header + X.tobytes())
    assert str(path) in refused(path, HarmoniumError)


@pytest.mark.parametrize("shape", [(10**9, 10**3), (2**32 - 1,) * 8, (2**32 - 1,) * 255])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_idx_header_that_claims_terabytes(tmp_path, shape, pack):
    path = tmp_path / "f.idx"
    path.write_bytes(pack(struct.pack(f">4B{len(shape)}I", 0, 0, 14, len(shape), *shape) + bytes(100)))
    assert str(path) in refused(path)


def zeros(n: int) -> list[bytes]:
    return [bytes(2**20)] * (n // 2**20)


@pytest.mark.parametrize("claims", [N_BOMB, 600])
def test_a_gzip_bomb(tmp_path, claims):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb") as file:
        file.write(struct.pack(">4B2I", 0, 0, 8, 2, claims // 6, 6))
        file.writelines(zeros(N_BOMB))
    said = refused(path)
    assert ("no data compress so far" if claims == N_BOMB else "must have 612 bytes for shape (100, 6)") in said


@pytest.mark.parametrize("name", ["X", "y"])
def test_a_zip_bomb(tmp_path, name):
    path = archive(tmp_path / "bomb.npz", X=npy(X), y=npy(Y))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for other in {"X", "y"} - {name}:
            file.writestr(f"{other}.npy", npy(X if other == "X" else Y))
        with file.open(f"{name}.npy", "w") as entry:
            entry.write(npy_header("'|u1'", f"({N_BOMB // 4}, 4)"))
            entry.writelines(zeros(N_BOMB))
    assert "no data compress so far; save such an array with np.savez" in refused(path)


def test_a_zip_bomb_that_claims_to_be_small(tmp_path):
    content = npy_header("'|u1'", f"({N_BOMB // 4}, 4)")
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("X.npy", "w") as entry:
        entry.write(content)
        entry.writelines(zeros(N_BOMB))
    real, claimed = struct.pack("<I", N_BOMB + len(content)), struct.pack("<I", len(content) + 24)
    path.write_bytes(path.read_bytes().replace(real, claimed))
    assert "cannot be read as an array" in refused(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_of_which_a_few_bytes_can_be_gigabytes(tmp_path, method):
    path = archive(tmp_path / "f.npz", method, X=npy(np.zeros((10**5, 10))))
    assert "compressed as NumPy does not" in refused(path)


@pytest.mark.parametrize(
    "array",
    [
        np.random.default_rng(0).random((20_000, 784)) < 0.02,
        np.eye(50).repeat(2000, axis=0),
        np.zeros((8000, 784), np.float64),
    ],
    ids=["sparse binary images", "classes as columns", "a constant"],
)
def test_what_compresses_well_and_is_data_is_read(tmp_path, array):
    path = tmp_path / "f.npz"
    np.savez_compressed(path, X=array)
    np.testing.assert_array_equal(load_dataset(path).X, array)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_for_two_arrays(tmp_path):
    path = tmp_path / "f.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("X.npy", npy(X))
        file.writestr("X.npy", npy(X + 1))
    assert refused(path).endswith("it holds X.npy twice")


def test_names_of_entries_are_only_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["../../escaped", "/tmp/escaped", "\x1b[31mred", "n" * 5000, *(f"many{k}" for k in range(2000))]
    said = refused(archive(tmp_path / "f.npz", **dict.fromkeys(names, b"")), InvalidInputError, 2**21)
    assert "must hold an array X_train or X; it holds ../../escaped, /tmp/escaped, '\\x1b[31mred', nnn" in said
    assert said.endswith("and more")
    assert len(said) < 1000
    assert [path.name for path in tmp_path.iterdir()] == ["f.npz"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_flipped_byte_is_refused_or_changes_nothing(tmp_path, save):
    path = tmp_path / "f.npz"
    save(path, X=X, y=Y)
    whole = path.read_bytes()
    n_refused = 0
    for k in range(len(whole)):
        damaged = bytearray(whole)
        damaged[k] ^= 0xFF if k % 2 else 1 << k % 8
        path.write_bytes(damaged)
        try:
            found = load_dataset(path)
        except HarmoniumError:
            n_refused += 1
            continue
        np.testing.assert_array_equal(found.X, X)
        np.testing.assert_array_equal(found.y, Y)
    assert n_refused > len(whole) / 3


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "pipe.npy", "/dev/stdin"])
def test_a_device_or_a_pipe_is_not_opened(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.npy")
    if name == "/dev/stdin":
        Path("stdin.npy").symlink_to("pipe.npy")
        name = "stdin.npy"
    assert refused(Path(name), InvalidInputError) == f"{name} is a device or a pipe; an ordinary file is needed"


def test_a_loop_of_links(tmp_path):
    (tmp_path / "a.npy").symlink_to("b.npy")
    (tmp_path / "b.npy").symlink_to("a.npy")
    assert "cannot be read as an array: Too many levels of symbolic links" in refused(tmp_path / "a.npy")


@pytest.mark.parametrize("name", ["a\0b.npy", "\0", "n" * 10_000, "n" * 10_000 + ".npy", "../" * 3000, ""])
@pytest.mark.parametrize("command", ["train", "tune", "reproduce", "evaluate"])
def test_a_name_that_no_file_can_have(tmp_path, monkeypatch, capsys, name, command):
    monkeypatch.chdir(tmp_path)
    arguments = {
        "train": ["train", "gaussian-bernoulli-rbm", "--data", name],
        "tune": ["tune", "vae", "--data", name],
        "reproduce": ["reproduce", "--data", name],
        "evaluate": ["train", "--config", name],
    }
    assert main(arguments[command]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1


def test_a_name_that_is_no_text(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(os.fsencode(tmp_path))
    Path(name := os.fsdecode(b"\xff\x1b[31m.npy")).write_bytes(b"no array")
    assert main(["train", "gaussian-bernoulli-rbm", "--data", name]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert r"\udcff\x1b[31m.npy' cannot be read as an array: " in err


@pytest.mark.parametrize(
    ("start", "seems"),
    [
        (b"p0,p1,y\n1,2,3\n", "text, such as CSV"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"PAR1\x15\x04", "a parquet table"),
        (npy(X), "a NumPy array (.npy)"),
        (b"\x80\x04\x95\x0b", "a pickle"),
    ],
)
@pytest.mark.parametrize("name", ["table.csv", "table", "f.idx", "f.npy", "f.gz"])
def test_what_a_file_of_another_kind_seems_to_be(tmp_path, name, start, seems):
    path = tmp_path / name
    path.write_bytes(start + bytes(20) * (b"," not in start))
    if name == "f.npy" and start.startswith(b"\x93NUMPY"):
        pytest.skip("it is one")
    said = refused(path)
    assert seems in said
    assert "is not an IDX file" in said or name == "f.npy"


@pytest.mark.parametrize(
    ("y", "models"),
    [
        (10**9 + np.arange(60), ("vae", "sparse-autoencoder")),
        (np.array([f"customer {k}" for k in range(60)]), ("bernoulli-rbm",)),
    ],
    ids=["numbers", "names"],
)
def test_labels_that_are_identifiers_cost_nothing(tmp_path, monkeypatch, capsys, y, models):
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).random((60, 3), dtype=np.float32)
    np.savez("own.npz", X_train=rows, X_test=rows, y_train=y, y_test=y)
    tracemalloc.start()
    assert load_dataset("own.npz").labels.tolist() == y.tolist()
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    for model in models:
        held_back = ["--validation-fraction", "0.2", "--no-verbose"]
        assert main(["train", model, "--data", "own.npz", "--run-dir", model, "--n-epochs", "1", *held_back]) == 0
        assert main(["evaluate", model]) == 0
        assert "accuracy" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("y", "asked"),
    [(np.array([-1, 10**9]), 10**9), (np.array(["bag", "coat"]), "coat"), (np.array([False, True]), True)],
    ids=["whole numbers", "names", "booleans"],
)
def test_labels_keep_their_type_through_the_command_line(tmp_path, monkeypatch, y, asked):
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).random((60, 3), dtype=np.float32)
    np.savez("own.npz", X=rows, y=y[np.arange(60) % 2])
    options = ["--n-latent", "2", "--hidden-sizes", "3", "--n-epochs", "1"]
    assert main(["train", "conditional-vae", "--data", "own.npz", "--run-dir", "run", *options]) == 0
    model = harmonium.load("run")
    assert model.classes_.tolist() == y.tolist()
    assert model.classes_.dtype.kind == y.dtype.kind
    assert model.sample(3, y=asked).shape == (3, 3)
    with pytest.raises(InvalidInputError, match=f"^y must be among {y[0]}, {y[1]}; got 'hat'$"):
        model.sample(3, y="hat")


SETTINGS = {
    b"a = " + b"[" * 3000: "is nested more deeply than settings are",
    b"[" + b"a." * 3000 + b"a]": "is nested more deeply than settings are",
    b"a = " + b"{a=" * 3000: "is nested more deeply than settings are",
    b"a = " + b"[" * 50 + b"]" * 50: "is nested more deeply than settings are",
    b"a = " + b"9" * 5000: "is not TOML: Exceeds the limit",
    b"a = 0x" + b"f" * 9000: "holds a whole number of more than 64 bits",
    b"a = 9223372036854775808": "holds a whole number of more than 64 bits",
    b"a = 'x'" + b" " * 2**14: "is not TOML of at most 16384 bytes, as settings are; it has 16391",
    b"\xff\xfe = 3": "is not TOML; it starts with ff fe 20 3d",
    b"PK\3\4\xff": "is not TOML; it starts with 50 4b 03 04 and seems to be a zip archive (.npz)",
    b'"\\u001b[31m" = 3': "found ",
    b'"' + b"n" * 9000 + b'" = 3': "found ",
    b"\0": "is not TOML: ",
}


@pytest.mark.parametrize("content", SETTINGS, ids=lambda content: repr(content[:20]))
@pytest.mark.parametrize(
    "command", [["train", "--config"], ["train", "vae", "--config"], ["tune", "vae", "--data", "own.npy", "--space"]]
)
def test_settings_that_are_made_to_mislead(tmp_path, monkeypatch, capsys, content, command):
    monkeypatch.chdir(tmp_path)
    np.save("own.npy", X)
    Path("f.toml").write_bytes(content)
    assert main([*command, "f.toml"]) == 1
    said = capsys.readouterr().err.removesuffix("\n")
    assert said.startswith("error: f.toml")
    assert SETTINGS[content] in said
    assert said.isprintable()
    assert len(said) < 400


@pytest.mark.parametrize("name", ["folder", "pipe", "/dev/zero"])
@pytest.mark.parametrize("command", [["train", "--config"], ["tune", "vae", "--data", "own.npy", "--space"]])
def test_settings_that_are_no_file(tmp_path, monkeypatch, capsys, name, command):
    monkeypatch.chdir(tmp_path)
    np.save("own.npy", X)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    assert main([*command, name]) == 1
    kind = "a folder; a file" if name == "folder" else "a device or a pipe; an ordinary file"
    assert capsys.readouterr().err == f"error: {name} is {kind} is needed\n"


def test_no_data_set_has_the_name_of_a_path(capsys):
    for name in ("../mnist", "/etc/passwd", "\x1b[31m"):
        assert main(["data", "fetch", name]) == 1
        assert capsys.readouterr().err == f"error: data set must be one of fashion-mnist, mnist; got {name!r}\n"
