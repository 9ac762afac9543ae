"""The sweep of four M: processes on all cores with one thread each, against one after another with all threads."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from setting import THREADS, Setting, progress
from solvers.harmonium import make_estimator
from tables import spread, table
from tasks import TASKS, Task

TITLE = "Sweep of four M"
_N_EPOCHS = 25  # as the assignment trains


def measure(setting: Setting) -> str:
    from rich.console import Console

    from harmonium.experiments.processes import run_jobs

    # the longest first
    tasks = sorted((t for t in TASKS if t.negative_phase == "mean-visible"), key=lambda task: -task.n_hidden)
    n_epochs = 1 if setting.quick else _N_EPOCHS
    jobs = {task.name: partial(fit, task, setting.scratch, n_epochs) for task in tasks}
    ways = {
        "all cores, one thread each": {"n_workers": THREADS, "n_threads": 1},
        f"one after another, {THREADS} threads": {"n_workers": 1, "n_threads": THREADS},
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(1 if setting.quick else 3):
        for way, options in ways.items():
            begin = time.perf_counter()
            run_jobs(jobs, Console(quiet=True), unit="fits", total=len(jobs), **options)
            seconds[way].append(time.perf_counter() - begin)
        progress(f"  sweep: round {turn + 1}")
    parallel, serial = seconds.values()
    gain = median(b / a for a, b in zip(parallel, serial, strict=True))
    rows = [(way, spread(values)) for way, values in seconds.items()]
    lead = f"M = 10, 50, 100, 250; {n_epochs} epochs each, the start of the processes included."
    return f"{lead}\n\n{table(('', 'seconds'), rows)}\n\nAll cores: {gain:.2f} times the throughput."


def fit(task: Task, folder: Path, n_epochs: int) -> None:
    make_estimator(task, n_epochs).fit(np.load(folder / f"{task.data}_train.npy"))
