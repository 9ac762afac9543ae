"""The histories of several runs as one picture: a panel a quantity, a curve a run."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from harmonium.exceptions import InvalidInputError
from harmonium.figures.curves import plot_curves
from harmonium.figures.style import style
from harmonium.files import write_atomically

_PANELS_PER_LINE, _PANEL = 2, (4.4, 3.0)


def draw_curves(out: Path, names: Sequence[str], histories: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Draw what runs recorded, epoch by epoch, and write it as PNG.

    Parameters
    ----------
    out : Path
    names : sequence of str
        Of the runs.
    histories : mapping of str to sequence
        As `harmonium.experiments.run_comparison.compare` returns them.

    Raises
    ------
    InvalidInputError
        If nothing was recorded.
    """
    if not histories:
        raise InvalidInputError("no run has recorded an epoch yet: there are no curves to draw")
    n_lines = -(-len(histories) // _PANELS_PER_LINE)
    n_columns = min(_PANELS_PER_LINE, len(histories))
    with style():
        figure = Figure(figsize=(n_columns * _PANEL[0], n_lines * _PANEL[1] + 0.3 * len(names)), layout="constrained")
        panels = figure.subplots(n_lines, n_columns, squeeze=False).ravel()
        for ax, (name, curves) in zip(panels, histories.items(), strict=False):
            # a run that has not recorded this keeps its colour for what it has
            points = {
                label: tuple(zip(*curve, strict=True)) or ((), ()) for label, curve in zip(names, curves, strict=True)
            }
            plot_curves(ax, points, xlabel="epoch", ylabel=name.replace("_", " "), legend=False)  # type: ignore[arg-type]  # pairs
        for ax in panels[len(histories) :]:
            ax.set_axis_off()
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center")
        content = io.BytesIO()
        figure.savefig(content, format="png")
    write_atomically(out, content.getvalue())
