"""The figures of an executed notebook as files, in their order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from nbformat import NotebookNode

from harmonium.files import write_atomically
from harmonium.report.notebook import NotebookError


def draw_files(notebook: NotebookNode) -> dict[str, str]:
    """Return every figure of an executed notebook, as SVG, by the file name that goes with its number from 1.

    Raises
    ------
    NotebookError
        If a picture is no SVG: neither the page nor the PDF would show it.
    """
    drawings = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                drawings.append(data["image/svg+xml"])
            elif any(form.startswith("image/") for form in data):
                start = cell.source.partition("\n")[0]
                raise NotebookError(
                    f"the picture of the cell {start!r} is no SVG; show it with harmonium.report.display.show(figure)"
                )
    return {figure_name(index): drawing for index, drawing in enumerate(drawings, start=1)}


def write_figures(figures: Mapping[str, str], folder: Path) -> None:
    """Write figures into a folder; those of an older report that the new one does not have are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawing in figures.items():
        write_atomically(folder / name, drawing)
    for old in folder.iterdir():
        if re.fullmatch(r"figure\d+\.svg", old.name) and old.name not in figures:
            old.unlink()


def figure_name(index: int) -> str:
    """Return the file name of the figure of a number, from 1."""
    return f"figure{index:02}.svg"
