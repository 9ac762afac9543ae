"""Training on a memory-mapped file that is larger than what a process may hold."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
from setting import OWN_PYTHON, SEED, Setting, environment, progress
from tables import ratio, spread, table
from tasks import TASKS

TITLE = "Data in a memory-mapped file"
_ROWS_PER_CHUNK = 20_000
_N_STEPS = 1000
_N_ROUNDS = 5
_AS_LEFT = "memory-mapped, the cache as the first look left it"
_COLD = "memory-mapped, nothing of the file in the cache"
_TASK = next(task for task in TASKS if task.name.endswith("v = mean, M = 250"))


def measure(setting: Setting) -> str:
    gigabytes = 0.2 if setting.quick else setting.out_of_core_gigabytes
    path, in_memory = setting.scratch / "synthetic.npy", setting.scratch / "fashion-mnist_train.npy"
    n_steps = 40 if setting.quick else _N_STEPS
    try:
        n_samples = write_synthetic(path, np.load(in_memory), gigabytes)
        forget_cached_pages(path)
        command = [OWN_PYTHON, "-m", "sections.out_of_core", str(path), str(in_memory), str(n_steps)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment()).stdout
        progress(f"  out of core: {answer.strip()}")
    finally:
        path.unlink(missing_ok=True)
    found = json.loads(answer)
    rows = [("in memory", spread([alone for state in (_AS_LEFT, _COLD) for _, alone in found[state]]), ratio(1.0))]
    for state in (_AS_LEFT, _COLD):
        of_file = [mapped for mapped, _ in found[state]]
        rows.append((state, spread(of_file), ratio(median(mapped / alone for mapped, alone in found[state]))))
    lead = (
        f"{_TASK.name}, a file of {n_samples:,} images and {gigabytes:g} GB, a machine of {memory_gigabytes():.0f} GB. "
        f"Rounds of as many of an epoch's first {n_steps} batches as there are, in memory and of the file in turns; "
        f"ratios within a round, then the median. The first look (checks, "
        f"scaling) reads the file twice: {found['first look']:.0f} s. What the process itself holds (RssAnon, without "
        f"the page cache) rose from {found['before']:.0f} to {found['peak']:.0f} MiB at most."
    )
    return lead + "\n\n" + table(("", "ms a batch", "/ in memory"), rows)


def memory_gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


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


def anonymous_mebibytes() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) / 1024


def watch(peak: list[float], end: threading.Event) -> None:
    while not end.wait(0.02):
        peak[0] = max(peak[0], anonymous_mebibytes())


def train_in_this_process(path: Path, in_memory: Path, n_steps: int) -> None:
    from solvers.harmonium import make_estimator

    from harmonium.data.batches import Batches
    from harmonium.estimators.fitting import prepare

    class BeginningOfEpoch(Batches):
        """An epoch's first batches, timed from the first to the last: the drawing of the order is the epoch's."""

        def epoch(self, generator):
            batches = islice(super().epoch(generator), n_steps + 1)
            yield next(batches)
            begin = time.perf_counter()
            for n, batch in enumerate(batches, start=1):
                yield batch
                self.milliseconds = 1000 * (time.perf_counter() - begin) / n

    estimator = make_estimator(_TASK, 1)
    mapped = np.load(path, mmap_mode="r")
    before = anonymous_mebibytes()
    peak, end = [before], threading.Event()
    thread = threading.Thread(target=watch, args=(peak, end))
    thread.start()
    begin = time.perf_counter()
    trainer = prepare(estimator, mapped, None).trainer
    first_look = time.perf_counter() - begin

    def milliseconds_a_batch(X: np.ndarray) -> float:
        batches = BeginningOfEpoch(X, estimator.scaling_, _TASK.batch_size)
        trainer.train(batches, trainer.epoch + 1)
        return batches.milliseconds

    milliseconds_a_batch(mapped)
    end.set()
    thread.join()
    X = np.load(in_memory)
    rounds: dict[str, list[tuple[float, float]]] = {_AS_LEFT: [], _COLD: []}
    for state, of_state in rounds.items():
        for _ in range(_N_ROUNDS):
            alone = milliseconds_a_batch(X)
            if state == _COLD:
                mapped.base.madvise(mmap.MADV_DONTNEED)  # pages that are mapped cannot be dropped
                forget_cached_pages(path)
            of_state.append((milliseconds_a_batch(mapped), alone))
    print(json.dumps({**rounds, "first look": first_look, "before": before, "peak": peak[0]}))


if __name__ == "__main__":
    train_in_this_process(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
