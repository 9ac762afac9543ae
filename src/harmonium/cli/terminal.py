"""The edge to the terminal: what is shown there is text, whatever the names and the files say that it comes from."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.logging import RichHandler
from rich.segment import Segment

from harmonium.visible import visible


class Terminal(Console):
    r"""A console without markup, where a control character is shown as its escape, such as ``\x1b``.

    A text that is printed is one line, so that no name can write a second one.

    Parameters
    ----------
    **options
        Of rich's console.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"soft_wrap": True, "highlight": False, "markup": False, "emoji": False} | options)

    def on_broken_pipe(self) -> None:
        """Leave to the command what it means that nobody reads on; rich would end the process."""
        raise BrokenPipeError

    def print(self, *objects: Any, **options: Any) -> None:
        """Print each text as one line."""
        super().print(*(visible(shown) if isinstance(shown, str) else shown for shown in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render panels, bars and all else with what is hidden made visible, but for rich's own commands."""
        for segment in super().render(renderable, options):
            lines = "\n".join(map(visible, segment.text.split("\n")))
            yield segment if segment.control else Segment(lines, segment.style)


class _OneLine(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # the name is logging's
        return visible(super().formatMessage(record))


def say(line: str) -> None:
    """Print a line of a command's result."""
    Terminal().print(line)


def open_errors() -> Terminal:
    """Return where errors and warnings are printed, and send there what is logged."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that the terminal's encoding lacks is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    errors = Terminal(stderr=True)
    handler = RichHandler(console=errors, show_time=False, show_path=False, markup=False)
    handler.setFormatter(_OneLine())
    logging.basicConfig(level="INFO", handlers=[handler])
    return errors
