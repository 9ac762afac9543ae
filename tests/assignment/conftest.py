"""The one report that these tests read, and copies of its runs that they may change."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from harmonium.seals import seal


@pytest.fixture(scope="session")
def notebook(reproduced):
    """The executed notebook; nobody may change it."""
    return nbformat.read(reproduced.report / "harmonium.ipynb", as_version=4)


@pytest.fixture
def runs(reproduced, tmp_path, monkeypatch) -> Path:
    """A copy of the runs as if they had been made in it: ``runs`` in the working directory."""
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    shutil.copytree(reproduced.runs, runs, ignore=shutil.ignore_patterns("checkpoints"))
    for path in [runs / "assignment.json", *runs.rglob("config.toml")]:
        path.write_bytes(seal(path.read_text().replace(str(reproduced.runs), str(runs))))
    return runs
