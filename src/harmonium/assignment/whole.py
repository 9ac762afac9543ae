"""What the report asks of the files of its runs before it shows them: a wrong value names its file."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harmonium.assignment.over_seeds import Metrics, over_seeds
from harmonium.exceptions import DamagedFileError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.contents import check_contents
from harmonium.experiments.run_directory import RunDirectory
from harmonium.families.family import NUMBER_OR_NONE
from harmonium.families.registry import find_family

_DEEPEST, _LARGEST = 20, 1e300


def check_run(run: RunDirectory, config: TrainConfig) -> None:
    """Find that a run is whole and of a configuration, and that every row of its history can be drawn.

    Raises
    ------
    InvalidInputError
        If a file is missing, or the run has another configuration.
    DamagedFileError
        If a file cannot be read.
    """
    run.check_whole()
    try:
        run.check(config)
    except (KeyError, TypeError, OverflowError) as error:
        raise DamagedFileError(f"{run.path / 'config.toml'} is damaged: {error!r:.60}") from error
    for number, row in enumerate(run.history(), start=1):
        for name in ("epoch", *find_family(config.model).recorded):
            if not math.isfinite(row.get(name, math.nan)):
                raise DamagedFileError(f"{run.path / 'history.csv'} is damaged: row {number} has no {name}")


def check_numbers(content: Any, path: Path, *, alone: bool = False, name: str = "its content", depth: int = 0) -> None:
    """Find that every number in a file can be written and drawn: finite, of a size that is one, and not deep inside.

    Parameters
    ----------
    content : object
        Of JSON's types.
    path : Path
    alone : bool
        Whether nothing but numbers, tables of them and null may be there.
    name : str
        What the sentence calls the content.
    depth : int
        How many tables and lists it stands in.

    Raises
    ------
    DamagedFileError
        If one cannot.
    """
    if depth > _DEEPEST:
        raise DamagedFileError(f"{path} is damaged: {name} is nested more than {_DEEPEST} deep")
    if isinstance(content, dict):
        for key, value in content.items():
            check_numbers(value, path, alone=alone, name=f"{key:.40}", depth=depth + 1)
    elif isinstance(content, list) and not alone:
        for value in content:
            check_numbers(value, path, name=f"an element of {name}", depth=depth + 1)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        if not abs(content) < _LARGEST:  # nan is not either
            raise DamagedFileError(f"{path} is damaged: {name} must be a finite number; got {content!r:.40}")
    elif alone and content is not None:
        raise DamagedFileError(f"{path} is damaged: {name} must be a number; got {content!r:.40}")


def read_figures(run: RunDirectory) -> Metrics:
    """Read what was measured of a run: numbers by name, and tables of them; DamagedFileError where it is not."""
    found = run.measured()
    check_numbers(found, run.path / "metrics.json", alone=True)
    return found


def read_over_seeds(runs: Sequence[RunDirectory], prepare: Callable[[Metrics], Metrics] = dict) -> Metrics:
    """Read what was measured of runs that differ in their seed, each prepared, and return it as `over_seeds` does.

    Raises
    ------
    DamagedFileError
        If one has not measured what the first has.
    """
    rows = [read_figures(run) for run in runs]
    for run, row in zip(runs, rows, strict=True):
        check_contents(row, _kinds(rows[0]), run.path / "metrics.json")
    return over_seeds([prepare(row) for row in rows])


def _kinds(figures: Metrics) -> Metrics:
    return {key: _kinds(value) if isinstance(value, dict) else NUMBER_OR_NONE for key, value in figures.items()}
