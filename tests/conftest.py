"""Fixtures that several folders share."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harmonium.cli.main import main


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-cases", type=int, default=125, help="how many damaged files a fuzzing test makes")


@pytest.fixture(scope="session")
def fuzz_cases(request) -> int:
    """How many damaged files a test makes of each kind of file."""
    return request.config.getoption("--fuzz-cases")


@pytest.fixture(autouse=True, scope="session")
def two_threads():
    """The same number of threads everywhere, so that a test means the same on every machine."""
    torch.set_num_threads(2)


@pytest.fixture(autouse=True, scope="session")
def interruptible():
    """What a shell runs in its background ignores Ctrl-C, and so would the commands that tests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def matrix() -> np.ndarray:
    """300 rows of 6 correlated features with unlike means and spreads, in no particular units."""
    generator = np.random.default_rng(0)
    factors = generator.normal(size=(300, 2))
    loadings = generator.normal(size=(2, 6))
    return factors @ loadings * [1, 2, 3, 1, 1, 5] + generator.normal(size=(300, 6)) + [10, -3, 0, 100, 2, 5]


def write_images(path: Path) -> Path:
    """Write an own data set of small images of three classes, with both splits."""
    generator = np.random.default_rng(1)
    arrays = {}
    for split, n in (("train", 300), ("test", 100)):
        y = generator.integers(0, 3, size=n)
        X = np.clip(
            generator.normal(0.2, 0.1, size=(n, 6, 5)) + 0.5 * (np.arange(6)[None, :, None] % 3 == y[:, None, None]),
            0,
            1,
        )
        arrays |= {f"X_{split}": X, f"y_{split}": y}
    np.savez(path, **arrays)
    return path


@pytest.fixture
def images_file(tmp_path, monkeypatch):
    """An own data set of small images with both splits, and an empty folder as the working directory."""
    monkeypatch.chdir(tmp_path)
    return write_images(tmp_path / "own.npz")


def run_jobs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what would be run in processes, as it comes out there, without their long start."""

    def run_here(jobs, console, **options):
        for job in jobs.values():
            pickle.loads(pickle.dumps(job))()

    problems = [f"assignment.problem{k}.protocol" for k in (1, 2, 3)]
    for module in ("experiments.sweep", "experiments.tune", *problems):
        monkeypatch.setattr(f"harmonium.{module}.run_jobs", run_here)


@pytest.fixture
def one_process(monkeypatch):
    run_jobs_here(monkeypatch)


@dataclass(frozen=True)
class Reproduced:
    """What one call of ``harmonium reproduce --quick`` left behind; nobody may change it."""

    arguments: list[str]
    folder: Path
    said: str

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def report(self) -> Path:
        return self.folder / "report"

    @property
    def metrics(self) -> dict[str, Any]:
        return json.loads((self.report / "metrics.json").read_text())


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory) -> Reproduced:
    """The assignment on small images, with two seeds: made once, read by all that test the runs and their report."""
    folder = tmp_path_factory.mktemp("assignment")
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as monkeypatch, contextlib.redirect_stdout(said):
        monkeypatch.chdir(folder)
        # threads that wait for one another must not spin in the notebook's own process either
        monkeypatch.setenv("OMP_WAIT_POLICY", os.environ.get("OMP_WAIT_POLICY", "passive"))
        run_jobs_here(monkeypatch)
        write_images(folder / "own.npz")
        arguments = ["reproduce", "--quick", "--n-hidden", "3", "--n-hidden", "4", "--data", "own.npz", "--seeds", "2"]
        assert main(arguments) == 0
    return Reproduced(arguments, folder, said.getvalue())
