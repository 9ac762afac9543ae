"""Colours, markers and sizes of every figure: told apart in grey and by colour-blind readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

from harmonium.visible import visible

# Okabe and Ito's palette, ordered so that neighbours differ in lightness too
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
# Paul Tol's "muted" colours, with black for his pale grey: ten classes that readers of every colour vision tell apart
CLASS_COLOURS = (
    *("#332288", "#88CCEE", "#44AA99", "#117733", "#999933"),
    *("#DDCC77", "#CC6677", "#882255", "#AA4499", "#000000"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")

_STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "svg.hashsalt": "harmonium",
    "svg.fonttype": "path",
    "text.parse_math": False,  # a dollar in a name is a dollar
}


_LONGEST = 40  # letters of a name


def label(name: object) -> str:
    """Return a name as it is written into a figure: visible, and cut where it is long."""
    text = visible(f"{name}")
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f" {text}" if text.startswith("_") else text  # a legend leaves out what begins with an underscore


@contextmanager
def style() -> Iterator[None]:
    """Draw in the project's style inside the ``with``."""
    with mpl.rc_context(_STYLE):
        yield
