"""One process at a time writes into a folder: who is refused, who is not, and what is left behind."""

import errno
import os
import re
import threading
from pathlib import Path

import pytest

from harmonium.cli.main import main
from harmonium.exceptions import InvalidInputError
from harmonium.experiments import one_writer as module
from harmonium.experiments.one_writer import AnotherWriterError, one_writer, sweep_below
from processes import start

HOLDER = """
import sys
from pathlib import Path
from harmonium.experiments.one_writer import one_writer
with one_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
TRAIN = ["train", "gaussian-bernoulli-rbm", "--n-hidden", "3", "--n-epochs", "1", "--data", "own.npz"]


@pytest.fixture
def hold(tmp_path):
    """Let another process write into a folder."""
    holders = []

    def begin(folder):
        holders.append(start(HOLDER, tmp_path, str(folder)))
        assert holders[-1].stdout.readline() == "held\n"
        return holders[-1]

    yield begin
    for holder in holders:
        holder.kill()
        holder.communicate()


def contents(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_a_second_process_is_told_of_the_first(tmp_path, hold):
    holder = hold(tmp_path / "run")
    with pytest.raises(AnotherWriterError) as caught, one_writer(tmp_path / "run"):
        pass
    sentence = str(caught.value)
    assert re.search(rf"^process {holder.pid} on \S+ writes into {tmp_path}/run since \d{{4}}-\d\d-\d\d ", sentence)
    assert "script.py" in sentence
    assert sentence.endswith("; wait for it to end, or choose another folder")


def test_a_process_that_was_killed_holds_nothing(tmp_path, hold):
    holder = hold(tmp_path / "run")
    holder.kill()
    holder.wait()
    with one_writer(tmp_path / "run"):
        pass
    assert list((tmp_path / "run").iterdir()) == []


def test_a_thread_that_writes_may_begin_again_and_another_thread_may_not(tmp_path):
    refused = []

    def try_it():
        try:
            with one_writer(tmp_path):
                pass
        except AnotherWriterError as error:
            refused.append(str(error))

    with one_writer(tmp_path):
        with one_writer(tmp_path):
            pass
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert refused[0].startswith(f"process {os.getpid()} on ")
    try_it()
    assert len(refused) == 1


@pytest.mark.parametrize("written", ["", "[1]", '{"pid": 1}', "[" * 100_000, "\udc80"])
def test_a_first_that_does_not_say_who_it_is_is_another_process(tmp_path, hold, written):
    hold(tmp_path / "run")
    (tmp_path / "run" / ".writer").write_text(written, errors="surrogateescape")
    with (
        pytest.raises(AnotherWriterError, match=r"^another process writes into .*; wait for it"),
        one_writer(tmp_path / "run"),
    ):
        pass


def test_what_killed_writers_left_is_swept_and_nothing_else(tmp_path):
    kept = {".hidden", "model.json.tmp", "other.tmp"}
    left = {".config.toml.17.tmp", ".writer", ".lock"}
    (tmp_path / "checkpoints").mkdir()
    for name in kept | left:
        (tmp_path / name).touch()
    (tmp_path / "checkpoints" / ".epoch-3.17.tmp").touch()
    with one_writer(tmp_path):
        assert not (tmp_path / ".config.toml.17.tmp").exists()
    assert {path.name for path in tmp_path.iterdir()} == kept | {"checkpoints"}
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_what_is_left_below_a_folder_is_swept_but_for_what_is_written(tmp_path, hold):
    hold(tmp_path / "held")
    for place in ("held/checkpoints", "done/checkpoints", "other"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / ".x.17.tmp").touch()
    sweep_below(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob(".*.tmp")] == ["held/checkpoints/.x.17.tmp"]
    assert list((tmp_path / "other").iterdir()) == []


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "notes").touch()
    with (
        pytest.raises(InvalidInputError, match=r"notes is a file, and a folder is needed$"),
        one_writer(tmp_path / "notes"),
    ):
        pass


def test_where_a_disk_keeps_no_locks_a_warning_says_so(tmp_path, monkeypatch, caplog):
    def refuse(lock):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(module.FileLock, "acquire", refuse)
    with one_writer(tmp_path):
        pass
    assert "keeps no locks" in caplog.text


@pytest.mark.parametrize(
    "arguments",
    [
        [*TRAIN, "--run-dir", "held"],
        ["tune", "conditional-vae", "--data", "own.npz", "--n-trials", "1", "--n-epochs", "1", "--run-dir", "held"],
        ["reproduce", "--quick", "--n-hidden", "3", "--data", "own.npz", "--runs", "held"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_that_would_write_where_another_writes_is_refused(images_file, hold, capsys, arguments):
    holder = hold(images_file.parent / "held")
    before = contents("held")
    assert main(arguments) == 1
    errors = capsys.readouterr().err
    assert f"error: process {holder.pid} on " in errors
    assert "Traceback" not in errors
    assert contents("held") == before


@pytest.fixture
def trained(images_file, capsys):
    assert main([*TRAIN, "--run-dir", "here"]) == 0
    capsys.readouterr()
    return Path("here")


def test_a_run_that_another_process_writes_is_measured_on_other_data_alone(trained, hold, capsys):
    hold(trained.resolve())
    assert main(["evaluate", "here"]) == 1
    assert " writes into here since " in capsys.readouterr().err
    assert main(["evaluate", "here", "--data", "own.npz"]) == 0
    assert not (trained / "metrics.json").exists()


def test_on_a_read_only_disk_the_figures_are_shown_all_the_same(trained, capsys, monkeypatch):
    def refuse(path, content):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(module.os, "access", lambda path, mode: False)
    monkeypatch.setattr("harmonium.experiments.run_directory.write_atomically", refuse)
    monkeypatch.setattr(module, "write_atomically", refuse)
    assert main(["evaluate", "here"]) == 1
    said = capsys.readouterr()
    assert re.search(r"^test_mse +0\.\d+$", said.out, re.MULTILINE)
    assert said.err == "error: these figures could not be written into here: Read-only file system\n"
    assert main(["evaluate", "here", "--data", "own.npz"]) == 0
    assert main([*TRAIN, "--run-dir", "here"]) == 0  # trained already


def test_a_run_directory_holds_nothing_of_its_lock(trained):
    assert main(["evaluate", "here"]) == 0
    assert not {".lock", ".writer"} & {path.name for path in trained.iterdir()}


def test_evaluate_makes_no_folder(images_file):
    assert main(["evaluate", "nowhere"]) == 1
    assert not Path("nowhere").exists()
