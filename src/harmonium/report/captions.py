"""Captions: the Markdown cell behind a figure or a table that begins with ``Figure:`` or ``Table:``."""

from __future__ import annotations

import copy
import re

from nbformat import NotebookNode

from harmonium.report.notebook import NotebookError

_CAPTION = re.compile(r"(Figure|Table): ")
_SHOWN = {"Figure": "image/svg+xml", "Table": "text/markdown"}


def with_captions(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook for typesetting: each caption in its output's metadata, under ``caption``, not in a cell.

    Raises
    ------
    NotebookError
        If the last thing that came out of the cell before a caption is no such figure or table.
    """
    cells: list[NotebookNode] = []
    for cell in copy.deepcopy(notebook.cells):
        if cell.cell_type == "markdown" and (match := _CAPTION.match(cell.source)):
            outputs = cells[-1].get("outputs") if cells else None
            if not outputs or _SHOWN[match[1]] not in outputs[-1].get("data", {}):
                start = cell.source.partition("\n")[0]
                raise NotebookError(f"the caption {start!r} does not follow a cell that ends in show(...)")
            outputs[-1].metadata["caption"] = " ".join(cell.source[match.end() :].split())
        else:
            cells.append(cell)
    typeset: NotebookNode = copy.copy(notebook)
    typeset["cells"] = cells
    return typeset
