from __future__ import annotations

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium.files import sweep_temporaries, write_atomically

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


def test_the_new_content_is_on_the_disk_before_the_old_file_goes_and_then_the_folder_is(path, monkeypatch) -> None:
    seen = []

    def look(descriptor: int) -> None:
        files = {file.stat().st_ino: file.read_bytes() for file in path.parent.iterdir()}
        seen.append((path.read_bytes(), files.get(os.fstat(descriptor).st_ino, "the folder")))

    monkeypatch.setattr("os.fsync", look)
    write_atomically(path, NEW)
    assert seen == [(b"the old content", NEW), (NEW, "the folder")]


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


@pytest.mark.parametrize("broken", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.open"])
def test_an_error_names_the_file_that_was_to_be_written(path, monkeypatch, broken: str) -> None:
    monkeypatch.setattr(broken, fail_with(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(path, NEW)
    assert caught.value.filename == str(path)
    assert caught.value.errno == errno.ENOSPC


def test_a_folder_in_the_way_is_named_and_stands(tmp_path) -> None:
    (tmp_path / "notes.txt").mkdir()
    with pytest.raises(OSError, match=r"notes\.txt") as caught:
        write_atomically(tmp_path / "notes.txt", NEW)
    assert caught.value.filename == str(tmp_path / "notes.txt")
    assert list(tmp_path.iterdir()) == [tmp_path / "notes.txt"]


def test_a_file_may_have_the_longest_name_and_the_usual_permissions(tmp_path) -> None:
    write_atomically(tmp_path / ("n" * 255), NEW)
    (tmp_path / "other").write_bytes(NEW)
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_threads_write_one_file_at_once(path) -> None:
    contents = [bytes([65 + k]) * 10_000 for k in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: write_atomically(path, contents[k % 8]), range(80)))
    assert path.read_bytes() in contents
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_opened_is_not_flushed(path, monkeypatch) -> None:
    monkeypatch.setattr("os.open", fail_with(errno.EACCES))
    write_atomically(path, NEW)
    assert path.read_bytes() == NEW


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path) -> None:
    (tmp_path / "checkpoints").mkdir()
    program = "import os, pathlib, harmonium.files\nos.fsync = lambda _: os.kill(os.getpid(), 9)\n"
    for folder in (tmp_path, tmp_path / "checkpoints"):
        write = f"harmonium.files.write_atomically(pathlib.Path({str(folder / 'model.json')!r}), b'content')"
        subprocess.run([sys.executable, "-c", program + write], check=False)
    (tmp_path / ".model.safetensors.4711.tmp").write_bytes(b"of an earlier version")
    assert len(list(tmp_path.rglob(".*.tmp"))) == 3
    kept = [tmp_path / name for name in ("notes.tmp", ".notes.tmp", ".mine", "model.json")]
    for path in kept:
        path.write_bytes(NEW)
    sweep_temporaries(tmp_path, tmp_path / "checkpoints")
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
    sweep_temporaries(tmp_path / "nowhere")
