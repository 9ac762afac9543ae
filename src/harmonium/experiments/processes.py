"""Running jobs in processes of their own, with progress, Ctrl-C and killed workers answered."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harmonium.exceptions import HarmoniumError

_SECONDS_PER_LOOK = 0.5


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
    thread than a sweep gains from a second run.

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
        The first that a job raised; the others are stopped.
    KilledProcessError
        Where a process was killed.
    """
    n_cores = os.cpu_count() or 1
    n_workers = min(n_workers or n_cores, len(jobs))
    if n_workers == 0:
        return
    context = multiprocessing.get_context("spawn")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        ProcessPoolExecutor(n_workers, context, _start_worker, (n_threads or max(1, n_cores // n_workers),)) as pool,
    ):
        task = progress.add_task(unit, total=total)
        names: dict[Future[None], str] = {pool.submit(job): name for name, job in jobs.items()}
        pending = set(names)
        start = time.monotonic()
        try:
            while pending:
                done, _ = wait(pending, _SECONDS_PER_LOOK, FIRST_COMPLETED)
                n_done = len(jobs) - len(pending) if count_done is None else count_done()
                progress.update(task, completed=n_done)
                for job in done:
                    job.result()
                    pending.remove(job)
                    if not console.is_terminal:
                        seconds = time.monotonic() - start
                        console.print(
                            f"{len(jobs) - len(pending)}/{len(jobs)} done after {seconds:.0f} s: {names[job]}"
                        )
        except BrokenProcessPool as error:
            raise KilledProcessError(
                "a process was killed, perhaps for want of memory; the same command goes on"
            ) from error
        finally:
            # what is done is on disk: after an error or Ctrl-C nothing is waited for
            pool.shutdown(wait=not pending, cancel_futures=True)
            for worker in multiprocessing.active_children() if pending else ():
                worker.terminate()


def _start_worker(n_threads: int) -> None:
    # Ctrl-C reaches the whole process group; the parent alone answers it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(n_threads)
