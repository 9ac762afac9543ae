"""Showing figures and tables in a notebook."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from IPython.display import display
from matplotlib.figure import Figure

from harmonium.figures.style import style
from harmonium.report.escaping import escape_markdown


@dataclass(frozen=True)
class Table:
    """A table of text, which means nothing in Markdown.

    Attributes
    ----------
    columns : sequence of str
        Headings, without that of the rows' names.
    rows : mapping of str to sequence of str
        By the row's name.
    """

    columns: Sequence[str]
    rows: Mapping[str, Sequence[str]]

    def to_markdown(self) -> str:
        """Return the table in Markdown's pipe syntax: names to the left, figures to the right."""
        head, *rows = (
            [str(escape_markdown(cell)) for cell in line]
            for line in (["", *self.columns], *([name, *cells] for name, cells in self.rows.items()))
        )
        lines = [head, [":--", *["--:"] * len(self.columns)], *rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def show(shown: Figure | Table) -> None:
    """Display a figure, as SVG, or a table.

    The Markdown cell that follows, beginning with ``Figure:`` or ``Table:``, is its caption.
    """
    bundle = {"image/svg+xml": to_svg(shown)} if isinstance(shown, Figure) else {"text/markdown": shown.to_markdown()}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]  # untyped in IPython


def to_svg(figure: Figure) -> str:
    """Return a figure as SVG, the same for the same figure."""
    buffer = io.StringIO()
    with style():
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
