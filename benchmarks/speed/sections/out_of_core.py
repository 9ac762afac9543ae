"""Training on a memory-mapped file that is larger than what a process may hold."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
from setting import OWN_PYTHON, SEED, Setting, environment, progress
from tables import number, table
from tasks import TASKS

TITLE = "Data that do not fit in memory"
_ROWS_PER_CHUNK = 20_000
_N_STEPS = 1000
_TASK = next(task for task in TASKS if task.name.endswith("v = mean, M = 250"))


def measure(setting: Setting) -> str:
    gigabytes = 0.2 if setting.quick else setting.out_of_core_gigabytes
    path, in_memory = setting.scratch / "synthetic.npy", setting.scratch / "fashion-mnist_train.npy"
    n_steps = 40 if setting.quick else _N_STEPS
    try:
        n_samples = write_synthetic(path, np.load(in_memory), gigabytes)
        rows = []
        for label, file, mode in (
            ("Fashion-MNIST, in memory", in_memory, "memory"),
            (f"{n_samples:,} images of {gigabytes:g} GB, memory-mapped", path, "mapped"),
        ):
            forget_cached_pages(file)
            command = [OWN_PYTHON, "-m", "sections.out_of_core", str(file), mode, str(n_steps)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment()).stdout
            rows.append((label, json.loads(answer)))
            progress(f"  out of core: {label}: {answer.strip()}")
    finally:
        path.unlink(missing_ok=True)
    header = ("", "ms a batch", "first look, s", "memory before, MB", "peak, MB")
    keys = ("milliseconds", "initialise", "before", "peak")
    cells = [(label, *(number(answer[key]) for key in keys)) for label, answer in rows]
    slower = rows[1][1]["milliseconds"] / rows[0][1]["milliseconds"]
    lead = (
        f"{_TASK.name}; batches of {_TASK.batch_size} rows drawn from the whole file, {n_steps} of them. First look: "
        "what `fit` does before the first step, checks and scaling; it reads the whole file. Memory is what the "
        "process holds itself (RssAnon), without the page cache; before: after the imports and opening the data. The "
        "file's pages were dropped from the cache before the first look and before the first step."
    )
    return f"{lead}\n\n{table(header, cells)}\n\nMemory-mapped: {slower:.2f} times the time a batch."


def write_synthetic(path: Path, X: np.ndarray, gigabytes: float) -> int:
    """Write images that are mixtures of two of Fashion-MNIST's, every byte of the file real; return how many."""
    n_samples = int(gigabytes * 1e9 / (4 * X.shape[1]))
    generator = np.random.default_rng(SEED)
    header = {"descr": "<f4", "fortran_order": False, "shape": (n_samples, X.shape[1])}
    begin = time.perf_counter()
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, n_samples, _ROWS_PER_CHUNK):
            n = min(_ROWS_PER_CHUNK, n_samples - start)
            share = generator.random((n, 1), dtype=np.float32)
            chunk = share * X[generator.integers(len(X), size=n)]
            chunk += (1 - share) * X[generator.integers(len(X), size=n)]
            chunk.tofile(file)
        os.fsync(file.fileno())
    progress(f"  out of core: wrote {gigabytes:g} GB in {time.perf_counter() - begin:.0f} s")
    return n_samples


def forget_cached_pages(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def anonymous_megabytes() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) / 1024


def watch(peak: list[float], end: threading.Event) -> None:
    while not end.wait(0.02):
        peak[0] = max(peak[0], anonymous_megabytes())


def train_in_this_process(path: Path, mode: str, n_steps: int) -> None:
    from solvers.harmonium import make_estimator

    from harmonium.data.batches import Batches

    estimator = make_estimator(_TASK, 1)
    X = np.load(path, mmap_mode="r" if mode == "mapped" else None)
    before = anonymous_megabytes()
    peak, end = [before], threading.Event()
    thread = threading.Thread(target=watch, args=(peak, end))
    thread.start()
    begin = time.perf_counter()
    trainer = estimator.initialise(X)
    initialised = time.perf_counter() - begin
    # an epoch of so many steps, of rows from the whole file
    n_rows = min(len(X), n_steps * _TASK.batch_size)
    chosen = np.random.default_rng(SEED).choice(len(X), n_rows, replace=False)
    batches = Batches(X, estimator.scaling_, _TASK.batch_size, indices=chosen)
    if isinstance(X.base, mmap.mmap):
        X.base.madvise(mmap.MADV_DONTNEED)  # pages that are mapped cannot be dropped
        forget_cached_pages(path)
    begin = time.perf_counter()
    trainer.train(batches, -(-n_steps // len(batches)))
    milliseconds = 1000 * (time.perf_counter() - begin) / (trainer.epoch * len(batches))
    end.set()
    thread.join()
    print(json.dumps({"milliseconds": milliseconds, "initialise": initialised, "before": before, "peak": peak[0]}))


if __name__ == "__main__":
    train_in_this_process(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
