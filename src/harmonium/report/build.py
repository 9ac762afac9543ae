"""A report: notebook sources and template variables in; a notebook, a page and a PDF of one content out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmonium.exceptions import InvalidInputError
from harmonium.extras import require
from harmonium.files import write_atomically

if TYPE_CHECKING:
    from rich.console import Console

FORMATS = ("ipynb", "html", "pdf")
# jupytext to typst: in the order of their use
_PACKAGES = (
    *("jupytext", "jinja2", "markupsafe", "nbformat", "nbclient", "ipykernel", "IPython", "traitlets", "matplotlib"),
    "rich",
    *("nbconvert", "pygments", "py_mini_racer", "pypandoc", "typst"),
)


def check_report(folder: Path, formats: Sequence[str]) -> None:
    """Find, before anything is imported or made, that the formats can be made and the folder be written into.

    Parameters
    ----------
    folder : Path
    formats : sequence of str

    Raises
    ------
    InvalidInputError
        If a format is unknown, or the folder is a file.
    MissingPackageError
        If a package of the extra ``report`` is not installed.
    """
    for name in formats:
        if name not in FORMATS:
            raise InvalidInputError(f"to must be one of {', '.join(map(repr, FORMATS))}; got {name!r}")
    require("report", *_PACKAGES)
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"the report needs a folder; {folder} is a file")


def build_report(
    sources: Sequence[str | Path | Traversable],
    variables: Mapping[str, Any],
    folder: str | Path,
    *,
    title: str,
    name: str = "report",
    formats: Sequence[str] = FORMATS,
    files: Mapping[str, str] | None = None,
    console: Console | None = None,
) -> None:
    """Write ``NAME.ipynb``, ``NAME.html`` and ``NAME.pdf`` of a notebook; the same input gives the same bytes.

    Nothing is written before all of it is made: after an error the report of before stands.

    Parameters
    ----------
    sources : sequence of str, Path or Traversable
        Notebooks in jupytext's percent format, which become one. Their Markdown cells, and their code cells with the
        tag ``parameters``, are Jinja templates.
    variables : mapping of str to object
        What the templates are filled in with.
    folder : str or Path
        Where the formats are written, with the figures in ``figures/``. The cells run in it.
    title : str
        Of the page and of the PDF, as programs show it; the text has its own heading.
    name : str
        Of the files, without a suffix.
    formats : sequence of str
        Of `FORMATS`.
    files : mapping of str to str, optional
        More files of text to write into the folder together with the report, by their names.
    console : Console, optional
        Where rich shows progress; by default nowhere.

    Raises
    ------
    InvalidInputError
        If a format is unknown or the folder is a file.
    HarmoniumError
        If a template or a cell fails, a caption has no figure, a formula does not convert or a package is missing.
    """
    folder = Path(folder)
    check_report(folder, formats)
    # imported here: the packages were looked for first, and a refusal does not wait for them
    import nbformat

    from harmonium.report.figures import draw_files, write_figures
    from harmonium.report.html import to_html
    from harmonium.report.notebook import execute, make_notebook
    from harmonium.report.pdf import to_pdf
    from harmonium.report.progress import show_progress

    notebook = make_notebook(sources, variables, title)
    folder.mkdir(parents=True, exist_ok=True)
    with show_progress(len(notebook.cells), console) as report_progress:
        notebook = execute(notebook, folder, report_progress)
    figures = draw_files(notebook)
    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]  # untyped in nbformat
    makers: dict[str, Callable[[], str | bytes]] = {
        "ipynb": lambda: f"{text}\n",
        "html": lambda: to_html(notebook),
        "pdf": lambda: to_pdf(notebook, figures),
    }
    made = {folder / f"{name}.{suffix}": makers[suffix]() for suffix in dict.fromkeys(formats)}
    write_figures(figures, folder / "figures")
    for beside, content in (files or {}).items():
        write_atomically(folder / beside, content)
    for path, whole in made.items():
        write_atomically(path, whole)
        if console is not None:
            console.print(f"written: {path}")
