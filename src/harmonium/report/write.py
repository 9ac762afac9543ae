"""The report of the assignment's runs: a notebook, a page and a PDF of the same content."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harmonium.assignment.protocol import Assignment
from harmonium.estimators.parameters import check_choice
from harmonium.exceptions import HarmoniumError, InvalidInputError
from harmonium.files import write_atomically

FORMATS = ("ipynb", "html", "pdf")
NAME = "harmonium"
_PACKAGES = ("nbformat", "jupytext", "nbclient", "nbconvert", "ipykernel", "py_mini_racer", "pypandoc", "typst")


class MissingPackageError(HarmoniumError):
    """A package that the report needs is not installed."""


def check_report(folder: Path, formats: Sequence[str]) -> None:
    """Find that the formats can be made and the folder be written into, and make it.

    Raises
    ------
    InvalidInputError
        If a format is unknown, or the folder is a file.
    MissingPackageError
        If a package of the extra ``report`` is not installed.
    """
    for name in formats:
        check_choice("to", name, FORMATS)
    try:
        for package in _PACKAGES:
            import_module(package)
    except ImportError as error:
        raise MissingPackageError(f"{error.name} is not installed; pip install 'harmonium[report]'") from error
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"the report needs a folder; {folder} is a file")


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
        Of `FORMATS`.
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
    check_report(folder, formats)
    import nbformat

    from harmonium.assignment.template_context import Prose
    from harmonium.report.figures import draw_files, write_figures
    from harmonium.report.html import to_html
    from harmonium.report.notebook import execute, make_notebook
    from harmonium.report.pdf import to_pdf

    if not runs.is_dir():
        raise InvalidInputError(f"{runs} is not a folder of runs; harmonium reproduce makes one")
    assignment = Assignment.of(runs)
    metrics = assignment.collect()
    notebook = make_notebook(Prose.of(assignment, metrics, runs, folder))
    folder.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("report: cells", total=len(notebook.cells))
        if not console.is_terminal:
            console.print(f"report: running {len(notebook.cells)} cells")
        notebook = execute(notebook, folder, lambda n_done: progress.update(task, completed=n_done))
    figures = draw_files(notebook)
    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]  # untyped in nbformat
    makers: dict[str, Callable[[], str | bytes]] = {
        "ipynb": lambda: f"{text}\n",
        "html": lambda: to_html(notebook),
        "pdf": lambda: to_pdf(notebook, figures),
    }
    made = {folder / f"{NAME}.{name}": makers[name]() for name in dict.fromkeys(formats)}
    write_figures(figures, folder / "figures")
    write_atomically(folder / "metrics.json", json.dumps(metrics, indent=2) + "\n")
    for path, content in made.items():
        write_atomically(path, content)
        console.print(f"written: {path}")
