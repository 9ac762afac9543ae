"""The report of the assignment's runs: a notebook, a page and a PDF of the same content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harmonium.estimators.parameters import check_choice
from harmonium.exceptions import HarmoniumError
from harmonium.experiments.assignment import Assignment
from harmonium.files import write_atomically

FORMATS = ("ipynb", "html", "pdf")
NAME = "harmonium"


class MissingPackageError(HarmoniumError):
    """A package that the report needs is not installed."""


def write_report(runs: Path, folder: Path, formats: Sequence[str], console: Console) -> None:
    """Write ``harmonium.ipynb``, ``.html`` and ``.pdf`` of runs that are whole; the same runs give the same bytes.

    Parameters
    ----------
    runs : Path
        The folder of the assignment's runs.
    folder : Path
        Where the formats are written, with the figures in ``figures/`` and every number in ``metrics.json``.
    formats : sequence of str
        Of `FORMATS`.
    console : Console
        Where progress is shown.

    Raises
    ------
    InvalidInputError
        If a format is unknown, or a run is not trained and measured.
    DamagedFileError
        If a file of a run cannot be read.
    HarmoniumError
        If the notebook fails, a formula does not convert or a package is missing.
    """
    for name in formats:
        check_choice("to", name, FORMATS)
    try:
        import nbformat

        from harmonium.report.html import to_html
        from harmonium.report.notebook import execute, make_notebook
        from harmonium.report.pdf import to_pdf, write_figures
        from harmonium.report.prose import Prose
    except ImportError as error:
        raise MissingPackageError(f"{error.name} is not installed; pip install 'harmonium[report]'") from error
    assignment = Assignment.of(runs)
    metrics = assignment.collect()
    folder.mkdir(parents=True, exist_ok=True)
    notebook = make_notebook(Prose.of(assignment, metrics, runs, folder))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("report: cells", total=len(notebook.cells))
        if not console.is_terminal:
            console.print(f"report: running {len(notebook.cells)} cells")
        notebook = execute(notebook, folder, lambda n_done: progress.update(task, completed=n_done))
    write_atomically(folder / "metrics.json", json.dumps(metrics, indent=2) + "\n")
    write_figures(notebook, folder / "figures")
    if "ipynb" in formats:
        text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]  # untyped in nbformat
        write_atomically(folder / f"{NAME}.ipynb", text + "\n")
    if "html" in formats:
        write_atomically(folder / f"{NAME}.html", to_html(notebook))
    if "pdf" in formats:
        write_atomically(folder / f"{NAME}.pdf", to_pdf(notebook, folder / "figures"))
    for name in formats:
        console.print(f"written: {folder / NAME}.{name}")
