"""Formulas as HTML, by KaTeX when the page is built, so that the page runs no script and asks for nothing."""

from __future__ import annotations

import base64
import re
from functools import cache
from importlib.resources import files
from typing import Any

from py_mini_racer import JSEvalException, MiniRacer

from harmonium.exceptions import HarmoniumError

_KATEX = files("harmonium.report") / "assets" / "katex"


class FormulaError(HarmoniumError):
    """A formula that cannot be rendered."""


def render(formula: str, *, display: bool) -> str:
    """Return a formula as HTML.

    Parameters
    ----------
    formula : str
        LaTeX, without delimiters.
    display : bool
        On a line of its own, in display style.

    Raises
    ------
    FormulaError
        If KaTeX cannot parse it.
    """
    options = {"displayMode": display, "throwOnError": True, "strict": "error", "output": "htmlAndMathml"}
    try:
        return str(_engine().call("katex.renderToString", formula, options))
    except JSEvalException as error:
        reason = next(line for line in str(error).splitlines() if line.strip())
        raise FormulaError(f"the formula {formula.strip()!r} cannot be rendered: {reason}") from error


def stylesheet() -> str:
    """Return KaTeX's style sheet with its fonts inside."""

    def embed(match: re.Match[str]) -> str:
        font = base64.b64encode((_KATEX / "fonts" / match[1]).read_bytes()).decode()
        return f'url(data:font/woff2;base64,{font}) format("woff2")'

    css = (_KATEX / "katex.min.css").read_text()
    # of every face the woff2 file alone: each browser of today reads it
    return re.sub(r'url\(fonts/([\w-]+\.woff2)\) format\("woff2"\)(,url\([^)]*\) format\("\w+"\))*', embed, css)


@cache
def _engine() -> Any:
    engine = MiniRacer()
    engine.eval((_KATEX / "katex.min.js").read_text())
    return engine
