"""Peak memory of ``fit`` above what the imports and the data take, each in a fresh process."""

from __future__ import annotations

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
        baseline, peak = json.loads(process.stdout)
        progress(f"  memory of {name}: {peak - baseline:.0f} MB")
        rows.append((name, f"{baseline:.0f}", f"{peak:.0f}", f"{peak - baseline:.0f}"))
    lead = (
        "Peak resident memory (VmHWM) in MB before and after `fit` of one epoch on Fashion-MNIST's training images; "
        "before: after the imports and reading the data as float32."
    )
    return lead + "\n\n" + table(("", "before", "after", "of `fit`"), rows)


def peak_megabytes() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def fit_in_this_process(task: Task, folder: Path) -> None:
    from solvers.harmonium import make_estimator

    estimator = make_estimator(task, n_epochs=1)
    X = np.load(folder / "fashion-mnist_train.npy")
    baseline = peak_megabytes()
    estimator.fit(X)
    print(json.dumps([baseline, peak_megabytes()]))


if __name__ == "__main__":
    fit_in_this_process(Task(**json.loads(sys.argv[1])), Path(sys.argv[2]))
