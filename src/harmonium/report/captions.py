"""Captions: the Markdown cell behind a figure or a table that begins with ``Figure:`` or ``Table:``."""

from __future__ import annotations

import copy
import re

from nbformat import NotebookNode

_CAPTION = re.compile(r"(Figure|Table): ")


def with_captions(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook for typesetting: each caption in its output's metadata, under ``caption``, not in a cell."""
    cells: list[NotebookNode] = []
    for cell in copy.deepcopy(notebook.cells):
        if cell.cell_type == "markdown" and (match := _CAPTION.match(cell.source)):
            text = " ".join(cell.source[match.end() :].split())
            cells[-1].outputs[-1].metadata["caption"] = text
        else:
            cells.append(cell)
    typeset: NotebookNode = copy.copy(notebook)
    typeset["cells"] = cells
    return typeset
