"""The report of the assignment's runs: a notebook, a page and a PDF of the same content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from rich.console import Console

from harmonium.exceptions import InvalidInputError
from harmonium.extras import require
from harmonium.report.build import build_report, check_report

NAME = "harmonium"
SOURCES = (
    "introduction",
    *(f"problem{k}/{part}" for k in (1, 2, 3) for part in ("question", "derivations", "learning", "results")),
    "closing",
)


def check_needs(folder: Path, formats: Sequence[str]) -> None:
    """Find, before time is spent, that the report can be made and that what the problems need is installed."""
    check_report(folder, formats)
    require("all", "optuna", "openTSNE", "tomli_w")


def write_report(runs: Path, folder: Path, formats: Sequence[str], console: Console) -> None:
    """Write ``harmonium.ipynb``, ``.html`` and ``.pdf`` of runs that are whole; the same runs give the same bytes.

    Nothing is written before all of it is made: after an error the report of before stands.

    Parameters
    ----------
    runs : Path
        The folder of the assignment's runs.
    folder : Path
        Where the formats are written, with the figures in ``figures/`` and every number in ``metrics.json``.
    formats : sequence of str
        Of `harmonium.report.build.FORMATS`.
    console : Console
        Where progress is shown.

    Raises
    ------
    InvalidInputError
        If a format is unknown, the folder is a file, or a run is not trained and measured.
    DamagedFileError
        If a file of a run cannot be read.
    HarmoniumError
        If the notebook fails, a formula does not convert or a package is missing.
    """
    if not runs.is_dir():
        raise InvalidInputError(f"{runs} is not a folder of runs; harmonium reproduce makes one")
    check_needs(folder, formats)
    # imported here, with PyTorch: what is refused above does not wait for it
    from harmonium.assignment.protocol import Assignment
    from harmonium.assignment.template_context import template_context

    assignment = Assignment.of(runs)
    metrics = assignment.collect()
    variables = template_context(assignment, metrics, runs, folder)
    build_report(
        [files("harmonium.assignment") / f"{source}.py" for source in SOURCES],
        variables,
        folder,
        title=variables["title"],
        name=NAME,
        formats=formats,
        files={"metrics.json": json.dumps(metrics, indent=2) + "\n"},
        console=console,
    )
