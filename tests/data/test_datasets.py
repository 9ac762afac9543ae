from __future__ import annotations

import gc
import gzip
import hashlib
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.data.registry import FILES, REGISTRY, DatasetSpec, find_spec
from harmonium.exceptions import DamagedFileError, HarmoniumError, InvalidInputError

FLOATS = np.array([[0.0, -2.5, 300.0], [1e-3, 7.0, 255.0]], dtype=np.float32)
BYTES = np.array([[0, 51, 255], [102, 1, 0]], dtype=np.uint8)
IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def byte_idx(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape) + array.tobytes()


def npy_bytes(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


def npz_bytes(save: Callable = np.savez, **arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    save(content, **arrays)
    return content.getvalue()


@pytest.fixture
def own(tmp_path) -> Callable[[str, bytes], Path]:
    """Make a file of one's own."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def refusal(error: type[HarmoniumError], name: str | Path, split: str = "train") -> str:
    """Return the one sentence that loading is refused with."""
    with pytest.raises(error) as caught:
        load_dataset(name, split)
    message = str(caught.value)
    assert "\n" not in message
    return message


class TestAFileOfOnesOwn:
    @pytest.mark.parametrize(
        ("name", "pack"),
        [
            ("numbers.npy", npy_bytes),
            ("numbers.npz", lambda array: npz_bytes(X=array)),
            ("numbers.npz", lambda array: npz_bytes(np.savez_compressed, X_train=array)),
            ("numbers.idx", byte_idx),
            ("numbers.gz", lambda array: gzip.compress(byte_idx(array))),
            ("numbers-idx3-ubyte", byte_idx),
        ],
    )
    @pytest.mark.parametrize("as_type", [str, Path])
    def test_bytes_are_divided_by_255_and_images_flattened_whatever_the_format(self, own, name, pack, as_type) -> None:
        dataset = load_dataset(as_type(own(name, pack(IMAGES))))
        assert dataset.X.dtype == np.float32
        np.testing.assert_array_equal(dataset.X, np.float32(IMAGES.reshape(2, 12)) / np.float32(255))
        assert (dataset.image_shape, dataset.y, dataset.class_names) == ((3, 4), None, ())
        assert (dataset.name, dataset.split) == (Path(name).stem, "train")

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64, np.int8, np.uint16, np.bool_])
    def test_other_values_stay_as_they_are_in_the_smallest_precision_that_holds_them(self, own, dtype) -> None:
        values = FLOATS.clip(0, 100).astype(dtype)
        dataset = load_dataset(own("numbers.npy", npy_bytes(values)))
        assert dataset.X.dtype == (np.float64 if dtype in (np.float64, np.int64) else np.float32)
        np.testing.assert_array_equal(dataset.X, values)

    @pytest.mark.parametrize(
        ("shape", "image_shape"), [((2, 12), None), ((2, 3, 4), (3, 4)), ((2, 3, 2, 2), (3, 2, 2)), ((4, 6), None)]
    )
    def test_only_arrays_of_more_than_two_dimensions_are_images(self, own, shape, image_shape) -> None:
        dataset = load_dataset(own("numbers.npy", npy_bytes(IMAGES.reshape(shape))))
        assert dataset.image_shape == image_shape
        assert dataset.X.shape == (shape[0], 24 // shape[0])

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_rows_are_rows_whatever_the_order_in_the_file(self, own, order) -> None:
        dataset = load_dataset(own("numbers.npy", npy_bytes(np.asarray(IMAGES, order=order))))
        np.testing.assert_allclose(dataset.X[1], np.arange(12, 24) / 255, rtol=1e-6)

    @pytest.mark.parametrize(
        ("labels", "kind"),
        [
            (np.array([2, 0], np.uint8), np.int64),
            (np.array([2, -1], ">i4"), np.int64),
            (np.array([10**9, 10**9 + 1]), np.int64),
            (np.array([-(2**63), 2**63 - 1]), np.int64),
            (np.array([2**63 - 1, 0], np.uint64), np.int64),
            (np.array([1.0, 0.0], np.float16), np.int64),
            (np.array([2.0**53, -1.0]), np.int64),
            (np.array([True, False]), np.bool_),
            (np.array(["coat", "bag"]), np.str_),
            (np.array(["coat", "\x1b[31m\n"], ">U6"), np.str_),
        ],
        ids=str,
    )
    def test_labels_stay_what_they_are_and_name_themselves(self, own, labels, kind) -> None:
        dataset = load_dataset(own("numbers.npz", npz_bytes(X=FLOATS, y=labels)))
        np.testing.assert_array_equal(dataset.X, FLOATS)
        assert np.issubdtype(dataset.y.dtype, kind)
        assert dataset.y.dtype.isnative
        assert dataset.y.tolist() == dataset.labels.tolist() == labels.tolist()
        assert dataset.class_names == ()

    @pytest.mark.parametrize(
        ("labels", "are_classes"),
        [
            (np.arange(8) % 2, True),
            (np.arange(8) // 2, True),
            (np.array(list("aabbccdd")), True),
            (np.zeros(8), False),
            (10**9 + np.arange(8), False),
            (np.array(list("abcdefgh")), False),
        ],
        ids=str,
    )
    def test_labels_that_tell_most_rows_from_each_other_are_no_classes(self, own, labels, are_classes) -> None:
        assert load_dataset(own("numbers.npz", npz_bytes(X=np.eye(8), y=labels))).has_classes is are_classes

    def test_without_labels_there_are_no_classes(self, own) -> None:
        assert load_dataset(own("numbers.npy", npy_bytes(FLOATS))).has_classes is False

    def test_labels_may_stand_in_a_column(self, own) -> None:
        dataset = load_dataset(own("numbers.npz", npz_bytes(X=FLOATS, y=np.array([[1], [0]]))))
        assert dataset.y.tolist() == [1, 0]

    @pytest.mark.parametrize(("split", "label", "value"), [("train", 0, 1.0), ("test", 1, 2.0)])
    def test_an_archive_may_hold_both_splits(self, own, split, label, value) -> None:
        arrays = {"X_train": np.full((2, 3), 1.0), "y_train": np.zeros(2), "X_test": np.full((1, 3), 2.0)}
        path = own("numbers.npz", npz_bytes(**arrays, y_test=np.ones(1), X=np.zeros((4, 3)), y=np.zeros(4)))
        dataset = load_dataset(path, split)
        assert dataset.split == split
        assert set(dataset.X.flat) == {value}
        assert set(dataset.y) == {label}

    def test_the_labels_of_the_other_split_are_not_taken(self, own) -> None:
        path = own("numbers.npz", npz_bytes(X_train=FLOATS, X_test=FLOATS, y_test=np.zeros(2), y=np.zeros(2)))
        assert load_dataset(path).y is None

    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
    def test_the_sha256_is_that_of_the_decompressed_file(self, own, pack) -> None:
        content = byte_idx(BYTES)
        dataset = load_dataset(own("numbers.gz", pack(content)))
        assert dataset.sha256 == hashlib.sha256(content).hexdigest()


class TestWhatIsRefusedInOneSentence:
    @pytest.mark.parametrize("split", ["validation", "Train", "", None])
    def test_an_unknown_split(self, split) -> None:
        assert refusal(InvalidInputError, "mnist", split) == f"split must be one of train, test; got {split!r}"

    @pytest.mark.parametrize("name", ["minst", "no/such/folder/numbers", "MNIST", "x" * 300])
    def test_an_unknown_name(self, name) -> None:
        message = refusal(InvalidInputError, name)
        assert message.startswith("data must be fashion-mnist, mnist or the path of a .npy, .npz or IDX file; got")
        assert name in message

    @pytest.mark.parametrize("suffix", [".npy", ".npz", ".idx", ".gz"])
    def test_a_missing_file(self, tmp_path, suffix) -> None:
        path = tmp_path / f"missing{suffix}"
        assert refusal(InvalidInputError, path) == f"{path} does not exist or is not a file"

    def test_a_folder(self, tmp_path) -> None:
        assert refusal(InvalidInputError, tmp_path) == f"{tmp_path} is a folder; a file is needed"

    @pytest.mark.parametrize(("name", "pack"), [("numbers.npy", npy_bytes), ("numbers.idx", byte_idx)])
    def test_the_test_split_of_a_file_that_is_one_matrix(self, own, name, pack) -> None:
        path = own(name, pack(BYTES))
        assert refusal(InvalidInputError, path, "test") == f"{path} is one matrix and has no test split"

    @pytest.mark.parametrize(
        ("arrays", "split", "complaint"),
        [
            ({"data": FLOATS}, "train", "must hold an array X_train or X; it holds data"),
            ({"X": FLOATS, "y": np.zeros(2)}, "test", "must hold an array X_test; it holds X, y"),
            ({}, "train", "must hold an array X_train or X; it holds nothing"),
        ],
    )
    def test_an_archive_without_the_matrix(self, own, arrays, split, complaint) -> None:
        path = own("numbers.npz", npz_bytes(**arrays))
        assert refusal(InvalidInputError, path, split) == f"{path} {complaint}"

    @pytest.mark.parametrize("labels", [[0], [0, 1, 0], []])
    def test_labels_that_do_not_match_the_rows(self, own, labels) -> None:
        path = own("numbers.npz", npz_bytes(X=FLOATS, y=np.array(labels, int)))
        assert refusal(InvalidInputError, path) == f"{path} has 2 rows in X and {len(labels)} labels in y"

    @pytest.mark.parametrize(
        ("labels", "complaint"),
        [
            (np.array([0.0, np.nan]), "contains NaN or infinity; every label must be a value"),
            (np.array([0.0, np.inf]), "contains NaN or infinity; every label must be a value"),
            (np.array([0.5, 1.0]), "must hold names, booleans or whole numbers (as floats up to 2^53); got 0.5"),
            (np.array([1e300, 1.0]), "must hold names, booleans or whole numbers (as floats up to 2^53); got 1e+300"),
            (np.array([2**63, 1], np.uint64), "must hold whole numbers below 2^63; got 9223372036854775808"),
            (np.array(["bag", np.nan]), "has missing labels; every row must have one, of another name than 'nan'"),
            (np.array(["bag", ""]), "has missing labels; every row must have one, of another name than ''"),
            (np.array(["bag", None], object).astype(str), "has missing labels; .* of another name than 'None'"),
            (np.array([b"bag", b"coat"]), "must hold names, .*; got |S4 values; .* with y.astype(str)"),
            (np.array([3, 4], "M8[D]"), "must hold names, .*; got datetime64[D] values; .* with y.astype(str)"),
            (np.array([3, 4], "m8[s]"), "must hold names, numbers or booleans; got timedelta64[s] values"),
            (np.array([1j, 2]), "must hold names, numbers or booleans; got complex128 values"),
            (np.zeros(2, [("a", "i4")]), "must hold names, numbers or booleans; got [('a', '<i4')] values"),
        ],
        ids=str,
    )
    def test_labels_that_name_no_class(self, own, labels, complaint) -> None:
        path = own("numbers.npz", npz_bytes(X=FLOATS, y=labels))
        beginning, _, end = complaint.partition(".*")
        message = refusal(InvalidInputError, path)
        assert message.startswith(f"y in {path} {beginning}")
        assert message.endswith(end.rpartition(".*")[2])

    @pytest.mark.parametrize(
        "array",
        [
            pytest.param(np.zeros(5), id="one dimension"),
            pytest.param(np.float64(3.0), id="a number"),
            pytest.param(np.zeros((2, 2), complex), id="complex numbers"),
            pytest.param(np.array([["a", "b"]]), id="text"),
            pytest.param(np.zeros((2, 2), "M8[s]"), id="dates"),
            pytest.param(np.zeros((0, 3)), id="no rows"),
            pytest.param(np.zeros((0, 3, 3)), id="no images"),
        ],
    )
    def test_an_array_that_is_no_matrix_of_real_numbers(self, own, array) -> None:
        path = own("numbers.npy", npy_bytes(array))
        assert str(path) in refusal(InvalidInputError, path)

    @pytest.mark.parametrize(
        ("name", "pack"),
        [
            ("objects.npy", npy_bytes),
            ("objects.npz", lambda array: npz_bytes(X=array)),
            ("labels.npz", lambda array: npz_bytes(X=FLOATS, y=array)),
        ],
    )
    def test_an_object_array_because_a_pickle_can_run_any_program(self, own, tmp_path, name, pack) -> None:
        path = own(name, pack(np.array([[Trap(tmp_path / "sprung"), None]], dtype=object)))
        message = refusal(DamagedFileError, path)
        assert message.startswith(f"{path} cannot be read as an array: Object arrays cannot be loaded")
        assert not (tmp_path / "sprung").exists()

    @pytest.mark.parametrize("name", ["pickle.npy", "pickle.npz"])
    def test_a_bare_pickle(self, own, name) -> None:
        assert str(path := own(name, b"\x80\x04K\x01.")) in refusal(DamagedFileError, path)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            pytest.param("f.npy", b"", id="an empty npy"),
            pytest.param("f.npy", npy_bytes(FLOATS)[:-1], id="a npy cut short in its body"),
            pytest.param("f.npy", npy_bytes(FLOATS)[:40], id="a npy cut short in its header"),
            pytest.param("f.npy", b"\x93NUMPX" + npy_bytes(FLOATS)[6:], id="a npy with another magic number"),
            pytest.param("f.npy", npy_bytes(FLOATS).replace(b"'<f4'", b"'<q9'"), id="a npy of no known type"),
            pytest.param("f.npy", npy_bytes(FLOATS).replace(b"), }", b"),  "), id="a npy with an unbalanced header"),
            pytest.param("f.npy", npz_bytes(X=FLOATS), id="a npz called npy"),
            pytest.param("f.npz", b"", id="an empty npz"),
            pytest.param("f.npz", npz_bytes(X=FLOATS)[:-10], id="a npz without the end of its directory"),
            pytest.param("f.npz", npz_bytes(X=FLOATS)[:60], id="a npz cut short"),
            pytest.param(
                "f.npz", npz_bytes(X=FLOATS).replace(FLOATS.tobytes(), bytes(24)), id="a npz with a wrong checksum"
            ),
            pytest.param(
                "f.npz",
                (lambda content: content[:60] + b"\xff" * 20 + content[80:])(npz_bytes(np.savez_compressed, X=FLOATS)),
                id="a compressed npz with a corrupt stream",
            ),
            pytest.param("f.npz", npy_bytes(FLOATS), id="a npy called npz"),
            pytest.param("f.idx", byte_idx(BYTES)[:-1], id="an IDX file cut short"),
            pytest.param("f.gz", gzip.compress(byte_idx(BYTES))[:-9], id="a gzip file cut short"),
            pytest.param("f.txt", b"1 2 3\n", id="another format"),
        ],
    )
    def test_a_damaged_file(self, own, name, content) -> None:
        path = own(name, content)
        assert str(path) in refusal(DamagedFileError, path)

    def test_a_damaged_archive_which_is_not_left_open(self, own) -> None:
        refusal(DamagedFileError, own("f.npz", npz_bytes(X=FLOATS)[:-10]))
        gc.collect()  # a file that is still open warns when it is collected, and a warning is an error

    def test_an_encrypted_or_otherwise_unreadable_archive(self, own) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("X.npy", npy_bytes(FLOATS))
        encrypted = bytearray(content.getvalue())
        encrypted[6] |= 1
        encrypted[content.getvalue().rindex(b"PK\x01\x02") + 8] |= 1
        path = own("f.npz", bytes(encrypted))
        assert str(path) in refusal(DamagedFileError, path)


class Trap:
    """An object whose unpickling leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


class TestADataSetOfTheRegistry:
    @pytest.fixture
    def root(self, tmp_path, monkeypatch) -> Path:
        """A torchvision root with a small data set that the registry knows as "tiny"."""
        contents = {}
        for number, (images, labels) in enumerate(FILES.values()):
            contents[images] = byte_idx(IMAGES + np.uint8(number))
            contents[labels] = byte_idx(np.array([number, 1], np.uint8))
        spec = DatasetSpec(
            name="tiny",
            title="Tiny",
            sha256={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
            class_names=("no", "yes"),
            image_shape=(3, 4),
            torchvision_folder="Tiny",
            system_folder=str(tmp_path / "system"),
            mirrors=(),
        )
        monkeypatch.setitem(REGISTRY, "tiny", spec)
        monkeypatch.setenv("HARMONIUM_CACHE", str(tmp_path / "cache"))
        monkeypatch.delenv("HARMONIUM_DATA", raising=False)
        monkeypatch.chdir(tmp_path)
        raw = tmp_path / "root" / "Tiny" / "raw"
        raw.mkdir(parents=True)
        for name, content in contents.items():
            (raw / name).write_bytes(content)
        return tmp_path / "root"

    @pytest.mark.parametrize("as_type", [str, Path])
    @pytest.mark.parametrize(("split", "number"), [("train", 0), ("test", 1)])
    def test_each_split_has_its_images_and_labels(self, root, as_type, split, number) -> None:
        dataset = load_dataset("tiny", split, root=as_type(root))
        np.testing.assert_allclose(dataset.X, (IMAGES.reshape(2, 12) + number) / 255, rtol=1e-6)
        assert dataset.y.tolist() == [number, 1]
        assert (dataset.name, dataset.split) == ("tiny", split)
        assert (dataset.class_names, dataset.image_shape) == (("no", "yes"), (3, 4))
        assert dataset.sha256 == find_spec("tiny").sha256[FILES[split][0]]

    def test_the_environment_may_name_the_root(self, root, monkeypatch) -> None:
        monkeypatch.setenv("HARMONIUM_DATA", str(root))
        assert load_dataset("tiny").X.shape == (2, 12)

    def test_a_name_of_the_registry_wins_over_a_file_of_that_name(self, root, tmp_path) -> None:
        (tmp_path / "tiny").write_bytes(b"not a data set")
        assert load_dataset("tiny", root=root).X.shape == (2, 12)


def test_the_registry_finds_a_data_set_by_its_name_and_refuses_others() -> None:
    assert find_spec("mnist").name == "mnist"
    with pytest.raises(InvalidInputError, match=r"^data set must be one of fashion-mnist, mnist; got 'minst'$"):
        find_spec("minst")


@pytest.fixture(scope="module", params=[(name, split) for name in ("fashion-mnist", "mnist") for split in FILES])
def real(request) -> Dataset:
    """Return each split of each real data set, fetched where this machine has not got it."""
    return load_dataset(*request.param)


@pytest.mark.data
class TestTheRealData:
    def test_is_a_matrix_of_grey_values(self, real) -> None:
        assert real.X.shape == ({"train": 60_000, "test": 10_000}[real.split], 784)
        assert real.X.dtype == np.float32
        assert (real.X.min(), real.X.max()) == (0.0, 1.0)
        assert real.image_shape == (28, 28)

    def test_has_a_label_of_ten_classes_for_every_image(self, real) -> None:
        assert real.y.dtype == np.int64
        counts = np.bincount(real.y)
        assert (len(counts), counts.sum()) == (10, len(real.X))
        if real.name == "fashion-mnist":
            assert set(counts) == {len(real.X) // 10}
        else:
            assert counts.min() > 0.08 * len(real.X)

    def test_has_the_names_of_its_classes(self, real) -> None:
        assert len(set(real.class_names)) == 10
        assert real.class_names[9] == {"fashion-mnist": "Ankle boot", "mnist": "9"}[real.name]

    def test_has_the_label_that_belongs_to_the_image(self, real) -> None:
        mean_image = [real.X[real.y == label].mean(axis=0).reshape(28, 28) for label in range(10)]
        if real.name == "fashion-mnist":  # an ankle boot stands on the ground, a pullover fills the image
            assert mean_image[9][:4].mean() < 0.1 < mean_image[2][:4].mean()
        else:  # a nought is empty where a one has its stroke
            assert mean_image[0][14, 14] < 0.1 < 0.5 < mean_image[1][14, 14]
