"""The process a solver lives in: reads one JSON request a line, answers each with one line."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from tasks import Task, quality

_MAPPED_ABOVE = 1 << 30  # bytes; what is smaller is read into memory


def read(folder: str, name: str) -> np.ndarray:
    path = Path(folder) / f"{name}.npy"
    return np.load(path, mmap_mode="r" if path.stat().st_size > _MAPPED_ABOVE else None)


def answer_requests(solver_name: str) -> None:
    # what a peer prints must not mix with the answers
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    solver = importlib.import_module(f"solvers.{solver_name}")
    arrays: dict[str, np.ndarray] = {}
    task = train = outcome = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer: dict[str, float | str] = {}
            if request["do"] == "start":
                task = Task(**request["task"])
                name = f"{task.data}_train"
                if name not in arrays:
                    arrays = {name: read(request["folder"], name)}
                train = outcome = None  # the last task's memory goes first
                train, outcome = solver.start(arrays[name], task)
            elif request["do"] == "train":
                begin = time.perf_counter()
                epochs_done = train(request["epochs"]) or request["epochs"]
                answer["seconds"] = (time.perf_counter() - begin) / epochs_done
            elif request["do"] == "measure":
                n_test = getattr(solver, "N_TEST", None)
                answer["quality"] = quality(task, outcome, read(request["folder"], f"{task.data}_test")[:n_test])
        except Exception as error:  # whatever a peer raises is a line in the report
            first = " ".join(str(error).split())[:200]
            answer = {"failed": f"{type(error).__name__}: {first}" if first else type(error).__name__}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    answer_requests(sys.argv[1])
