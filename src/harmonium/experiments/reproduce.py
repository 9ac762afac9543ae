"""The assignment: its problems one after another, and the figures that come out of them."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from harmonium.data.datasets import load_dataset
from harmonium.experiments.over_seeds import Metrics
from harmonium.experiments.problem1 import Problem1, solve_problem1
from harmonium.experiments.problem2 import Problem2, solve_problem2
from harmonium.experiments.problem3 import Problem3, solve_problem3
from harmonium.files import write_atomically


def reproduce(problem1: Problem1, problem2: Problem2, problem3: Problem3, console: Console) -> Metrics:
    """Train, measure and collect everything that the report shows; a second call trains nothing again.

    Returns
    -------
    dict
        ``problem1.``, ``problem2.`` and ``problem3.`` with what `solve_problem1` and its siblings return.
    """
    # data that a later problem cannot take are refused before time is spent on the first
    load_dataset(problem1.data, "test")
    problem2.image_shape()
    console.print("problem 1: Gaussian-Bernoulli RBMs")
    metrics = {"problem1": solve_problem1(problem1, console)}
    console.print("problem 2: variational autoencoders")
    metrics["problem2"] = solve_problem2(problem2, console)
    console.print("problem 3: sparse denoising autoencoders")
    metrics["problem3"] = solve_problem3(problem3, console)
    return metrics


def write_metrics(metrics: Metrics, path: Path) -> None:
    """Write the collected figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(metrics, indent=2) + "\n")
