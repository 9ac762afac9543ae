from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from harmonium.data.idx import decompress, parse_idx, read_idx
from harmonium.exceptions import DamagedFileError

TYPE_CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
MATRIX = np.arange(6, dtype=np.uint8).reshape(2, 3)


def idx_bytes(array: np.ndarray) -> bytes:
    code = TYPE_CODES[array.dtype.str[1:]]
    header = struct.pack(f">4B{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def assert_one_sentence_naming(error: BaseException, name: str) -> None:
    message = str(error)
    assert name in message
    assert "\n" not in message
    assert not message.endswith(".")


@pytest.mark.parametrize("dtype", TYPE_CODES)
@given(data=st.data())
def test_what_was_written_is_read_back_for_every_type(dtype: str, data: st.DataObject) -> None:
    shapes = st_numpy.array_shapes(max_dims=4, max_side=4, min_side=0)
    array = data.draw(st_numpy.arrays(dtype, shapes))
    found = parse_idx(idx_bytes(array), "numbers")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_a_file_may_be_plain_or_gzipped(tmp_path, pack) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(pack(idx_bytes(MATRIX)))
    np.testing.assert_array_equal(read_idx(path), MATRIX)


def test_the_array_belongs_to_the_caller_who_may_write_to_it() -> None:
    array = parse_idx(idx_bytes(MATRIX), "numbers")
    array += 1
    np.testing.assert_array_equal(array, MATRIX + 1)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "not an IDX file", id="an empty file"),
        pytest.param(b"\0\0\x08", "not an IDX file", id="less than a magic number"),
        pytest.param(b"\x01" + idx_bytes(MATRIX)[1:], "not an IDX file", id="a first byte that is not zero"),
        pytest.param(b"\0\0\x0a" + idx_bytes(MATRIX)[3:], "not an IDX file", id="a type that does not exist"),
        pytest.param(b"\x93NUMPY\x01\0", "not an IDX file", id="another format"),
        pytest.param(idx_bytes(MATRIX)[:4], "cut short in its header", id="no dimensions"),
        pytest.param(idx_bytes(MATRIX)[:11], "cut short in its header", id="half a dimension"),
        pytest.param(idx_bytes(MATRIX)[:-1], "must have 18 bytes for shape (2, 3); it has 17", id="a body cut short"),
        pytest.param(idx_bytes(MATRIX)[:12], "must have 18 bytes for shape (2, 3); it has 12", id="no body"),
        pytest.param(idx_bytes(MATRIX) + b"\0", "must have 18 bytes for shape (2, 3); it has 19", id="a byte too many"),
        pytest.param(
            struct.pack(">4B65Ib", 0, 0, 8, 65, *[1] * 65, 0), "(1, 1, 1", id="more dimensions than an array can have"
        ),
        pytest.param(
            struct.pack(">4B4I", 0, 0, 8, 4, 0, *[2**32 - 1] * 3), "4294967295", id="empty, but impossibly wide"
        ),
    ],
)
def test_damaged_content_is_refused_in_one_sentence_that_names_the_file(tmp_path, content, complaint) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError) as caught:
        read_idx(path)
    assert_one_sentence_naming(caught.value, str(path))
    assert complaint in str(caught.value)


@given(cut=st.integers(0, len(idx_bytes(MATRIX)) - 1))
def test_no_file_that_was_cut_short_is_taken_for_whole(cut: int) -> None:
    with pytest.raises(DamagedFileError, match="numbers"):
        parse_idx(idx_bytes(MATRIX)[:cut], "numbers")


GZIPPED = gzip.compress(idx_bytes(MATRIX), mtime=0)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GZIPPED[:5], id="cut short in its header"),
        pytest.param(GZIPPED[:-9], id="cut short in its body"),
        pytest.param(GZIPPED[:-8], id="without its checksum"),
        pytest.param(GZIPPED[:-8] + bytes(8), id="with a wrong checksum"),
        pytest.param(GZIPPED[:10] + b"\xff" * 12 + GZIPPED[22:], id="with a corrupt body"),
        pytest.param(GZIPPED + b"rubbish", id="with rubbish behind it"),
    ],
)
def test_a_damaged_gzip_file_is_refused_in_one_sentence_that_names_it(tmp_path, content) -> None:
    path = tmp_path / "numbers.gz"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="is a damaged gzip file") as caught:
        read_idx(path)
    assert_one_sentence_naming(caught.value, str(path))


@given(content=st.binary(max_size=200).filter(lambda content: content[:2] != b"\x1f\x8b"))
def test_decompressing_undoes_gzip_and_leaves_other_content_as_it_is(content: bytes) -> None:
    assert decompress(gzip.compress(content), "numbers") == content
    assert decompress(content, "numbers") == content
