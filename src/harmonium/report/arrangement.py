"""How an executed notebook is arranged on a page: each caption with its figure or table, small figures in pairs."""

from __future__ import annotations

import re

from nbformat import NotebookNode

from harmonium.report.captions import with_captions
from harmonium.visible import visible

_WIDTH = re.compile(r'<svg[^>]* width="([\d.]+)pt"')
_NARROW = 5 * 72  # points: two of five inches can still be read beside each other


def arrange(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook for typesetting.

    A caption is in its output's metadata under ``caption``, as `with_captions` does it. Two code cells in a row that
    each show one figure of at most five inches, and nothing else, become one cell, and both figures have ``is_narrow``
    in their metadata.

    Raises
    ------
    NotebookError
        If a caption follows no figure or table.
    """
    notebook = with_captions(notebook)
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        if cells and _is_narrow(cells[-1]) and _is_narrow(cell):
            first = cells[-1]
            first.source += f"\n{cell.source}"
            first.outputs += cell.outputs
            for output in first.outputs:
                output.metadata["is_narrow"] = True
        else:
            cells.append(cell)
    notebook["cells"] = cells
    return notebook


def printed(output: NotebookNode) -> str:
    """Return what a cell printed, or the text of what it returned, with every character in it visible."""
    text: str = output.get("text") or output["data"]["text/plain"]
    return "\n".join(map(visible, text.expandtabs().split("\n")))


def _is_narrow(cell: NotebookNode) -> bool:
    if cell.cell_type != "code" or len(cell.outputs) != 1:
        return False
    width = _WIDTH.search(cell.outputs[0].get("data", {}).get("image/svg+xml", ""))
    return width is not None and float(width[1]) <= _NARROW
