"""A disk that is full, read-only or gone at any moment: a sentence, nothing lost, and the same command goes on.

Every call that writes, of each command, fails once: the opening of a file for writing, its flush to the disk, the
renaming, the making of a folder.
"""

import errno
import os
import pathlib
import shutil

import numpy as np
import pytest

from harmonium.cli.main import main
from harmonium.experiments.run_directory import RunDirectory

FEW = ["--n-epochs", "2", "--no-verbose"]
MODEL = ["sparse-autoencoder", "--overcompleteness", "1", "--noise", "0.1"]
COMMANDS = {
    "train": ["train", *MODEL, "--data", "own.npz", "--run-dir", "run", *FEW],
    "continue": ["train", "old", "--continue", "--n-epochs", "4", "--no-verbose"],
    "evaluate": ["evaluate", "old"],
    "tune": [
        *("tune", "sparse-autoencoder", "--data", "own.npz", "--run-dir", "run", "--n-trials", "2", "--workers", "1"),
        *("--n-epochs", "1", "--n-final-epochs", "1"),
    ],
    "reconstruct": ["reconstruct", "old", "--out", "rows.npy"],
    "embed": ["embed", "old", "--out", "z.csv"],
    "score": ["runs", "compare", "old", "old", "--out", "curves.png"],
}
IN_PROCESS = [name for name in COMMANDS if name != "tune"]
CALLS = ("open", "fsync", "replace", "mkdir")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder with own data and a finished run."""
    folder = tmp_path_factory.mktemp("prepared")
    X = np.random.default_rng(0).random((60, 5))
    np.savez(folder / "own.npz", X_train=X[:40], X_test=X[40:])
    words = ["train", *MODEL, "--data", str(folder / "own.npz"), "--run-dir", str(folder / "old"), *FEW]
    assert main(words) == 0
    assert main(["evaluate", str(folder / "old")]) == 0
    return folder


@pytest.fixture
def here(prepared, tmp_path, monkeypatch):
    shutil.copytree(prepared, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


class Disk:
    """Counts the calls of a kind that write below a folder, and lets one of them fail."""

    def __init__(self, monkeypatch, folder, kind, failing=None, number=errno.ENOSPC):
        self.folder, self.failing, self.number, self.n_calls = str(folder), failing, number, 0
        if kind == "open":
            self._patch(monkeypatch, pathlib.Path, "open", lambda path, mode="r", *_, **__: set(mode) & set("wxa+"))
        elif kind == "fsync":
            self._patch(monkeypatch, os, "fsync", lambda _: True)
        elif kind == "replace":
            self._patch(monkeypatch, pathlib.Path, "replace", lambda *_: True)
        else:
            self._patch(monkeypatch, os, "mkdir", lambda path, *_: str(path).startswith(self.folder) or True)

    def _patch(self, monkeypatch, owner, name, writes):
        original = getattr(owner, name)

        def call(*arguments, **options):
            if writes(*arguments, **options):
                self.n_calls += 1
                if self.n_calls - 1 == self.failing:
                    raise OSError(self.number, os.strerror(self.number))
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, call)


def weights_of(run):
    return RunDirectory(run).load_estimator().module_.state_dict()


def result_of(command):
    """What a command leaves: the model of the run that it writes, or its file."""
    if command in ("train", "continue", "evaluate", "tune"):
        run = "old" if command in ("continue", "evaluate") else "run"
        metrics = RunDirectory(run).metrics() if command == "evaluate" else None
        return {name: value.tolist() for name, value in weights_of(run).items()}, metrics
    return pathlib.Path(COMMANDS[command][-1]).read_bytes()


def run_to_its_end(command, capsys):
    assert main(COMMANDS[command]) == 0, capsys.readouterr().err
    capsys.readouterr()


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("command", IN_PROCESS)
def test_a_call_that_fails_is_a_sentence_and_the_same_command_goes_on(
    command, kind, prepared, here, capsys, monkeypatch, tmp_path
):
    with monkeypatch.context() as patched:
        disk = Disk(patched, here, kind)
        run_to_its_end(command, capsys)
    expected = result_of(command)
    for failing in range(disk.n_calls):
        shutil.rmtree(here)
        shutil.copytree(prepared, here)
        os.chdir(here)
        number = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO)[failing % 4]
        with monkeypatch.context() as patched:
            Disk(patched, here, kind, failing, number)
            code = main(COMMANDS[command])
        err = capsys.readouterr().err
        if code != 0:  # some calls can be done without
            assert code == 1
            assert "Traceback" not in err
            (said,) = [line for line in err.splitlines() if line.startswith("error: ")]
            assert os.strerror(number) in said
        assert not list(here.rglob(".*.tmp"))
        if command == "continue":
            weights_of("old")  # the old model, or the new one
        run_to_its_end(command, capsys)
        assert result_of(command) == expected


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("command", IN_PROCESS)
def test_a_folder_without_permission(command, here, capsys):
    here.chmod(0o555)
    try:
        assert main(COMMANDS[command]) in (0, 1)
        assert "Traceback" not in capsys.readouterr().err
    finally:
        here.chmod(0o755)


@pytest.mark.parametrize("command", ["train", "tune"])
def test_a_run_directory_that_is_a_file(command, here, capsys):
    (here / "run").write_text("mine")
    assert main(COMMANDS[command]) == 1
    assert "run is a file, and a folder is needed" in capsys.readouterr().err
    assert (here / "run").read_text() == "mine"


def test_a_machine_without_a_home(here, capsys, monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "HARMONIUM_DATA"):
        monkeypatch.delenv(name, raising=False)
    run_to_its_end("train", capsys)
    assert main(["data", "list"]) == 0
