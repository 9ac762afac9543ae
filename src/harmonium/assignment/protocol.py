"""The assignment: its three problems one after another, and the figures that come out of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from harmonium.assignment.over_seeds import Metrics
from harmonium.assignment.problem1.protocol import Problem1, collect_problem1, solve_problem1
from harmonium.assignment.problem2.protocol import FIXED_SETTINGS, Problem2, collect_problem2, solve_problem2
from harmonium.assignment.problem3.protocol import Problem3, collect_problem3, solve_problem3
from harmonium.assignment.whole import check_numbers
from harmonium.data.datasets import Dataset, load_dataset
from harmonium.data.registry import Split
from harmonium.exceptions import DamagedFileError, InvalidInputError
from harmonium.experiments.contents import check_contents
from harmonium.experiments.run_directory import RunDirectory
from harmonium.families.family import NUMBER
from harmonium.files import write_atomically

SETTINGS = "assignment.json"
_N_QUICK: dict[Split, int] = {"train": 1000, "test": 400}


@dataclass(frozen=True)
class _Problem:
    """What the assignment asks of a problem's room; the name is that of its field, its settings and its runs."""

    name: str
    title: str
    kind: Any
    solve: Callable[[Any, Console], Metrics]
    collect: Callable[[Any], Metrics]
    settings: Mapping[str, Any]  # what a file of settings must hold


_TABLES = dict.fromkeys(FIXED_SETTINGS, dict)
_PROBLEMS = (
    _Problem(
        "problem1",
        "Gaussian-Bernoulli RBMs",
        Problem1,
        solve_problem1,
        collect_problem1,
        {"data": str, "n_hidden": [int], "n_epochs": int, "n_seeds": int, "compared_at": int},
    ),
    _Problem(
        "problem2",
        "variational autoencoders",
        Problem2,
        solve_problem2,
        collect_problem2,
        {
            "data": str,
            "n_trials": int,
            "n_epochs": int,
            "n_seeds": int,
            "fixed_settings": _TABLES,
        },
    ),
    _Problem(
        "problem3",
        "sparse denoising autoencoders",
        Problem3,
        solve_problem3,
        collect_problem3,
        {"data": str, "sigmas": [NUMBER], "l1_sweep": [NUMBER], "n_seeds": int, "methods": [str]},
    ),
)


@dataclass(frozen=True)
class Assignment:
    """The three problems, with their runs in one folder.

    Attributes
    ----------
    problem1 : Problem1
    problem2 : Problem2
    problem3 : Problem3
    is_quick : bool
        Whether it is `shortened`, and so no result.
    """

    problem1: Problem1
    problem2: Problem2
    problem3: Problem3
    is_quick: bool = False

    @classmethod
    def make(
        cls,
        runs: Path,
        data: str = "fashion-mnist",
        n_seeds: int = 1,
        n_hidden: Sequence[int] = Problem1.n_hidden,
        n_epochs: int = Problem1.n_epochs,
    ) -> Assignment:
        """Return the assignment as it is asked for; problem 3 takes MNIST unless other data are named.

        Parameters
        ----------
        runs : Path
            The folder of the runs.
        data : str
        n_seeds : int
        n_hidden : sequence of int
        n_epochs : int
            Of the RBMs.
        """
        return cls(
            Problem1(runs / "problem1", data, n_hidden, n_epochs, n_seeds),
            Problem2(runs / "problem2", data, n_seeds=n_seeds),
            Problem3(runs / "problem3", "mnist" if data == "fashion-mnist" else data, n_seeds=n_seeds),
        )

    @classmethod
    def of(cls, runs: str | Path) -> Assignment:
        """Return the assignment whose runs are in a folder, or as it is asked for where there is none.

        Raises
        ------
        DamagedFileError
            If the folder's ``assignment.json`` cannot be read.
        """
        runs = Path(runs)
        if not (runs / SETTINGS).exists():
            return cls.make(runs)
        settings = RunDirectory(runs).read_json(SETTINGS)
        check_contents(settings, {problem.name: problem.settings for problem in _PROBLEMS}, runs / SETTINGS)
        check_numbers(settings, runs / SETTINGS)
        try:
            problems = {p.name: p.kind(runs / p.name, **settings[p.name]) for p in _PROBLEMS}
            return cls(**problems, is_quick=bool(settings.get("is_quick", False)))
        except (TypeError, InvalidInputError) as error:
            raise DamagedFileError(f"{runs / SETTINGS} is damaged: {error}") from error

    def write(self) -> None:
        """Write the settings into the folder of the runs, for `of`."""
        settings = asdict(self)
        runs = settings["problem1"]["runs_folder"].parent
        for problem in _PROBLEMS:
            del settings[problem.name]["runs_folder"]
        runs.mkdir(parents=True, exist_ok=True)
        RunDirectory(runs).write_json(SETTINGS, settings)

    def shortened(self, folder: Path) -> Assignment:
        """Return the same on the first images of the data, the autoencoders with less of everything.

        Parameters
        ----------
        folder : Path
            Where the first images are written.
        """
        data1, data3 = (_first_images(name, folder) for name in (self.problem1.data, self.problem3.data))
        return Assignment(
            replace(self.problem1, data=data1),
            self.problem2.shortened(data1),
            self.problem3.shortened(data3),
            is_quick=True,
        )

    def check(self) -> None:
        """Find, before time is spent or a folder made, that the settings are right and the data fit every problem.

        Raises
        ------
        InvalidInputError
            If they do not.
        """
        load_dataset(self.problem1.data, "test")
        self.problem1.configs()

    def solve(self, console: Console) -> Metrics:
        """Train, measure and collect everything that the report shows; what is done is not done again.

        Returns
        -------
        dict
            ``problem1.``, ``problem2.`` and ``problem3.`` with what `solve_problem1` and its siblings return.
        """
        self.check()
        self.write()
        metrics = {}
        for number, problem in enumerate(_PROBLEMS, start=1):
            console.print(f"problem {number} of {len(_PROBLEMS)}: {problem.title}")
            metrics[problem.name] = problem.solve(getattr(self, problem.name), console)
        return metrics

    def collect(self) -> Metrics:
        """Return what `solve` does, of runs that are whole.

        Raises
        ------
        InvalidInputError
            If a run is not trained and measured.
        DamagedFileError
            If a file of a run cannot be read.
        """
        return {problem.name: problem.collect(getattr(self, problem.name)) for problem in _PROBLEMS}


def _first_images(name: str, folder: Path) -> str:
    """Write the first images of a data set, and return the file's name as a data set of its own."""
    path = folder.resolve() / f"first-of-{Path(name).stem}.npz"
    arrays: dict[str, Any] = {}
    for split in _N_QUICK:
        data: Dataset = load_dataset(name, split)
        rows = slice(_N_QUICK[split])
        arrays[f"X_{split}"] = data.X[rows].reshape(-1, *(data.image_shape or data.X.shape[1:]))
        if data.y is not None:
            arrays[f"y_{split}"] = data.y[rows]
    content = io.BytesIO()
    np.savez(content, **arrays)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content.getvalue())
    return str(path)
