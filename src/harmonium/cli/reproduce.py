"""``harmonium reproduce``: the assignment, from the data to the report."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from harmonium.experiments.problem1 import Problem1
from harmonium.experiments.problem2 import Problem2
from harmonium.experiments.problem3 import Problem3
from harmonium.experiments.reproduce import reproduce, write_metrics
from harmonium.report.html import write_report


def reproduce_all(
    *,
    seeds: int = 1,
    data: str = "fashion-mnist",
    n_hidden: tuple[int, ...] = (10, 50, 100, 250),
    n_epochs: int = 25,
    quick: bool = False,
    runs: Path = Path("runs"),
    report: Path = Path("report"),
) -> None:
    """Train, measure and report the assignment's problems; what is done already is not done again.

    Parameters
    ----------
    seeds
        How many seeds; figures are their means.
    data
        The data set; problem 3 takes MNIST, as the assignment does, unless another is named here.
    n_hidden
        The numbers of hidden units of the RBMs.
    n_epochs
        Passes over the data for the RBMs.
    quick
        One epoch for each autoencoder and a search of two trials: a look at whether all works, no result.
    runs
        Where the run directories are written.
    report
        Where index.html and metrics.json are written.
    """
    console = Console(soft_wrap=True, highlight=False)
    problem1 = Problem1(runs / "problem1", data, n_hidden, n_epochs, seeds)
    problem2 = Problem2(runs / "problem2", data, n_seeds=seeds)
    problem3 = Problem3(runs / "problem3", "mnist" if data == "fashion-mnist" else data, n_seeds=seeds)
    if quick:
        problem2, problem3 = problem2.shortened(), problem3.shortened()
    metrics = reproduce(problem1, problem2, problem3, console)
    write_metrics(metrics, report / "metrics.json")
    write_report(problem1, problem2, problem3, metrics, report / "index.html")
    console.print(f"report written to {report / 'index.html'}, its figures' numbers to {report / 'metrics.json'}")
