"""Training and measuring many runs, one process a core."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harmonium.exceptions import HarmoniumError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.evaluate import evaluate
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.train import train

_SECONDS_PER_LOOK = 0.5


def train_and_evaluate(configs: Mapping[Path, TrainConfig], console: Console) -> None:
    """Bring every run to its end; runs that are done are left alone.

    One process a core, each with one thread: matrix products of this size gain less from a second thread than a sweep
    gains from a second run.

    Parameters
    ----------
    configs : mapping of Path to TrainConfig
        Run directories; started in this order, so the longest should come first.
    console : Console
        Where progress is shown.

    Raises
    ------
    HarmoniumError
        The first that a run raised, or where a process was killed; the others stop at their last checkpoint.
    """
    waiting = {path: config for path, config in configs.items() if RunDirectory(path).metrics() is None}
    if not waiting:
        return
    n_workers = min(os.cpu_count() or 1, len(waiting))
    n_threads = max(1, (os.cpu_count() or 1) // n_workers)
    context = multiprocessing.get_context("spawn")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        ProcessPoolExecutor(n_workers, context, _start_worker, (n_threads,)) as pool,
    ):
        total = progress.add_task("epochs", total=sum(c.parameters["n_epochs"] for c in configs.values()))
        jobs: dict[Future[None], Path] = {pool.submit(_run, config, path): path for path, config in waiting.items()}
        pending = set(jobs)
        start = time.monotonic()
        try:
            while pending:
                done, _ = wait(pending, _SECONDS_PER_LOOK, FIRST_COMPLETED)
                progress.update(total, completed=sum(len(RunDirectory(path).history()) for path in configs))
                for job in done:
                    job.result()
                    pending.remove(job)
                    if not console.is_terminal:
                        n_done = len(configs) - len(pending)
                        seconds = time.monotonic() - start
                        console.print(f"{n_done}/{len(configs)} runs done after {seconds:.0f} s: {jobs[job].name}")
        except BrokenProcessPool as error:
            raise HarmoniumError(
                "a training process was killed, perhaps for want of memory; the same command goes on"
            ) from error
        finally:
            # every epoch is on disk: after an error or Ctrl-C nothing is waited for
            pool.shutdown(wait=not pending, cancel_futures=True)
            for worker in multiprocessing.active_children() if pending else ():
                worker.terminate()


def _start_worker(n_threads: int) -> None:
    # Ctrl-C reaches the whole process group; the parent alone answers it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(n_threads)


def _run(config: TrainConfig, path: Path) -> None:
    run = RunDirectory(path)
    train(config, run)
    evaluate(run)
