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


def read(folder: str, name: str) -> np.ndarray:
    return np.load(Path(folder) / f"{name}.npy")


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
                said = train(request["epochs"]) or {}
                n_epochs = said.get("epochs", request["epochs"])
                answer["seconds"] = (time.perf_counter() - begin) / n_epochs
                if "in_epochs" in said:
                    answer["in_epochs"] = said["in_epochs"] / n_epochs
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
