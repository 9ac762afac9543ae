"""How long the assignment will still take: the work that is left, at the speed of the work done so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from harmonium.assignment.protocol import Assignment
from harmonium.assignment.work import REPORT, list_work
from harmonium.exceptions import HarmoniumError

_TRUST = 30.0  # seconds of work done here before its speed counts for more than that of the machine it was timed on
_SECONDS_PER_LOOK, _LOOKS_PER_LINE = 2.0, 30


class TimeLeft:
    """What is left of the assignment and of its report, looked for on disk.

    Parameters
    ----------
    assignment : Assignment
    """

    def __init__(self, assignment: Assignment) -> None:
        self._pieces = list_work(assignment)
        self._start = time.monotonic()
        self._work_at_start = self._work_left()
        self._end_of_work = self._start

    def look(self) -> tuple[float, float]:
        """Return the share that is done of what was left at the start, and the seconds that are left."""
        now, work = time.monotonic(), self._work_left()
        if work > 0:
            self._end_of_work = now
        # the report leaves nothing on disk before it is whole: it goes by the clock
        work += max(0.0, REPORT - (now - self._end_of_work))
        whole = self._work_at_start + REPORT
        return max(0.0, 1 - work / whole), seconds_left(work, whole - work, now - self._start)

    def _work_left(self) -> float:
        return sum(seconds * share_left() for seconds, share_left in self._pieces)


def seconds_left(work_left: float, work_done: float, elapsed: float) -> float:
    """Return how long what is left will take here.

    Parameters
    ----------
    work_left, work_done : float
        Seconds on the machine where the work was timed; done since the start, not before it.
    elapsed : float
        Seconds since the start.
    """
    return work_left * (elapsed + _TRUST) / (max(0.0, work_done) + _TRUST)  # a damaged run makes more work


def in_words(seconds: float) -> str:
    """Say a time that is left, in minutes."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return "less than a minute left"
    return f"about {minutes} minute{'s' if minutes != 1 else ''} left"


@contextmanager
def show_time_left(assignment: Assignment, console: Console) -> Iterator[None]:
    """Show the time left while the assignment is solved and reported: a bar on a terminal, a line a minute in a log.

    Parameters
    ----------
    assignment : Assignment
    console : Console
    """
    time_left, is_over = TimeLeft(assignment), threading.Event()
    columns = (TextColumn("all"), BarColumn(), TextColumn("{task.description}"))

    def watch() -> None:
        said, n_looks = "", 0
        while True:
            try:
                share, seconds = time_left.look()
            except HarmoniumError:  # a damaged file: the code that needs it reports it
                return
            words = in_words(seconds)
            progress.update(task, completed=share, description=words)
            if not console.is_terminal and n_looks % _LOOKS_PER_LINE == 0 and words != said:
                console.print(words)
                said = words
            n_looks += 1
            if is_over.wait(_SECONDS_PER_LOOK):
                return

    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=1)
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            is_over.set()
            watcher.join()
