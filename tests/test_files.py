from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium.files import write_atomically

NEW = b"the new content"


@pytest.fixture
def path(tmp_path):
    """A file with old content, alone in its folder."""
    path = tmp_path / "notes.txt"
    path.write_bytes(b"the old content")
    return path


def fail_with(code: int):
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@settings(max_examples=25)
@given(content=st.one_of(st.binary(), st.text()))
def test_a_file_holds_exactly_what_was_written_text_as_utf_8(tmp_path_factory, content: bytes | str) -> None:
    path = tmp_path_factory.getbasetemp() / "written by hypothesis"
    write_atomically(path, content)
    assert path.read_bytes() == (content.encode("utf-8") if isinstance(content, str) else content)


def test_an_old_file_is_replaced_and_nothing_else_is_left_in_the_folder(path) -> None:
    write_atomically(path, NEW)
    assert path.read_bytes() == NEW
    assert list(path.parent.iterdir()) == [path]


def test_the_new_content_is_on_the_disk_as_a_whole_before_the_old_file_goes(path, monkeypatch) -> None:
    seen = []

    def look(descriptor: int) -> None:
        (temporary,) = set(path.parent.iterdir()) - {path}
        seen.append((path.read_bytes(), temporary.read_bytes(), os.fstat(descriptor).st_ino == temporary.stat().st_ino))

    monkeypatch.setattr("os.fsync", look)
    write_atomically(path, NEW)
    assert seen == [(b"the old content", NEW, True)]


@pytest.mark.parametrize("broken", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["disk full", "disk broken"])
def test_a_failure_leaves_the_old_file_intact_and_no_temporary_file(path, monkeypatch, broken: str, code: int) -> None:
    monkeypatch.setattr(broken, fail_with(code))
    with pytest.raises(OSError, match=os.strerror(code)):
        write_atomically(path, NEW)
    assert path.read_bytes() == b"the old content"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_where_no_file_was_leaves_none(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("os.fsync", fail_with(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "notes.txt", NEW)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_in_the_middle_leaves_the_old_file_intact_too(path, monkeypatch) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, NEW)
    assert path.read_bytes() == b"the old content"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "notes.txt", NEW)
