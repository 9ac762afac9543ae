"""Running jobs in processes of their own, with progress, Ctrl-C and killed workers answered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harmonium.exceptions import HarmoniumError
from harmonium.experiments.worker import begin_worker

_SECONDS_PER_LOOK = 0.5


class _Spawning(SpawnContext):
    """Starts processes that share nothing with this one, and remembers them, those too that ended at once."""

    def __init__(self) -> None:
        super().__init__()
        self._made: list[BaseProcess] = []

    def Process(self, *arguments: Any, **options: Any) -> BaseProcess:  # type: ignore[override]  # there it is a class
        self._made.append(SpawnProcess(*arguments, **options))
        return self._made[-1]

    @property
    def started(self) -> list[BaseProcess]:
        return [process for process in self._made if process.pid is not None]


class KilledProcessError(HarmoniumError):
    """A process was killed from outside."""


def run_jobs(
    jobs: Mapping[str, Callable[[], None]],
    console: Console,
    *,
    unit: str,
    total: int,
    count_done: Callable[[], int] | None = None,
    n_workers: int | None = None,
    n_threads: int | None = None,
) -> None:
    """Run every job in one of several processes that share the cores.

    By default one process a core, each with one thread: the matrix products of these models gain less from a second
    thread than a sweep gains from a second run. The processes end with this one, whatever ends it.

    Parameters
    ----------
    jobs : mapping of str to callable
        By name; can be pickled; started in this order, so the longest should come first.
    console : Console
        Where progress is shown: a bar on a terminal, a line a job elsewhere.
    unit : str
        Of the progress bar.
    total : int
    count_done : callable, optional
        How much of the total is done, asked twice a second; by default the number of jobs done.
    n_workers : int, optional
        Number of processes.
    n_threads : int, optional
        Of each process; by default the cores are shared out.

    Raises
    ------
    HarmoniumError
        The first that a job raised; the others are stopped. Also where processes cannot start, as from a script
        without ``if __name__ == "__main__"``.
    KilledProcessError
        Where a process was killed.
    """
    n_cores = os.cpu_count() or 1
    n_workers = min(n_workers or n_cores, len(jobs))
    if n_workers == 0:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    context, n_threads = _Spawning(), n_threads or max(1, n_cores // n_workers)
    with _deaf():  # it starts a process of its own, which clears up after the others
        pool = ProcessPoolExecutor(n_workers, context, begin_worker, (n_threads,))
    names: dict[Future[None], str] = {}
    is_done = False
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(unit, total=total)
        start = time.monotonic()
        try:
            with _deaf():
                for name, job in jobs.items():
                    names[pool.submit(job)] = name
            pending = set(names)
            while pending:
                done, _ = wait(pending, _SECONDS_PER_LOOK, FIRST_COMPLETED)
                n_done = len(jobs) - len(pending) if count_done is None else count_done()
                progress.update(task, completed=n_done)
                for future in done:
                    future.result()
                    pending.remove(future)
                    if not console.is_terminal:
                        seconds = time.monotonic() - start
                        console.print(
                            f"{len(jobs) - len(pending)}/{len(jobs)} done after {seconds:.0f} s: {names[future]}"
                        )
            is_done = True
        except BrokenProcessPool as error:
            for worker in context.started:
                worker.join(_SECONDS_PER_LOOK)
            if any((worker.exitcode or 0) > 0 for worker in context.started):  # that of a signal is negative
                raise HarmoniumError(
                    "a process could not start; each reads the script again, so in a script this belongs below "
                    'if __name__ == "__main__":'
                ) from error
            raise KilledProcessError(
                "a process was killed, perhaps for want of memory; the same command goes on"
            ) from error
        finally:
            # what is done is on disk: after an error or a signal nothing is waited for
            pool.shutdown(wait=is_done, cancel_futures=True)
            for end in () if is_done else (BaseProcess.kill, BaseProcess.join):
                for worker in context.started:
                    end(worker)


@contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that never hear what a terminal sends to all: Ctrl-C and its end are answered by this one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
