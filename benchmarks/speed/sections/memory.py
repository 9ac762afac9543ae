"""Peak memory of ``fit`` above what the imports and the data take, each in a fresh process."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
from setting import OWN_PYTHON, Setting, environment, progress
from tables import table
from tasks import TASKS, Task

TITLE = "Memory"


def measure(setting: Setting) -> str:
    chosen = {task.name: task for task in TASKS if task.n_hidden in (16, 1176) or "M = 250" in task.name}
    rows = []
    for name, task in chosen.items():
        process = subprocess.run(
            [OWN_PYTHON, "-m", "sections.memory", json.dumps(asdict(task)), str(setting.scratch)],
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
        )
        peaks = json.loads(process.stdout)
        steps = [after - before for before, after in itertools.pairwise([0.0, *peaks])]
        progress(f"  memory of {name}: {steps[-1]:.0f} MiB")
        rows.append((name, *(f"{step:.0f}" for step in steps), f"{peaks[-1]:.0f}"))
    lead = (
        "Peak resident memory (VmHWM) in MiB: what each step adds. The data are read, as float32, before "
        "Fashion-MNIST's training images are fitted for an epoch; what `fit` imports itself, numba for a Boltzmann "
        "machine, is counted with it."
    )
    return lead + "\n\n" + table(("", "`import`", "data", "`fit`", "in all"), rows)


def peak_mebibytes() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def fit_in_this_process(task: Task, folder: Path) -> None:
    from solvers.harmonium import make_estimator

    estimator = make_estimator(task, n_epochs=1)
    peaks = [peak_mebibytes()]
    X = np.load(folder / "fashion-mnist_train.npy")
    peaks.append(peak_mebibytes())
    estimator.fit(X)
    print(json.dumps([*peaks, peak_mebibytes()]))


if __name__ == "__main__":
    fit_in_this_process(Task(**json.loads(sys.argv[1])), Path(sys.argv[2]))
