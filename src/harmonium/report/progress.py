"""How far a notebook has run, shown to the person who waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def show_progress(n_cells: int, console: Console | None) -> Iterator[Callable[[int], None]]:
    """Show a bar in a terminal, one line in a log, and nothing where there is no console.

    Parameters
    ----------
    n_cells : int
    console : Console or None

    Yields
    ------
    callable
        To be told the number of cells that have run.
    """
    if console is None:
        yield lambda n_done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("report: cells", total=n_cells)
        if not console.is_terminal:
            console.print(f"report: running {n_cells} cells")
        yield lambda n_done: progress.update(task, completed=n_done)
