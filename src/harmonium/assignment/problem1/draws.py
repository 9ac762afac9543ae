"""Measuring what an RBM draws, by the decisions and features of a classifier."""

from __future__ import annotations

from harmonium.assignment.judge import Judge
from harmonium.data.datasets import load_dataset
from harmonium.experiments.run_directory import RunDirectory

N_DRAWS = 2000


def measure_draws(run: RunDirectory, judge_run: RunDirectory) -> None:
    """Draw from a trained RBM, let a classifier judge, and add what it says to the run's ``metrics.json``.

    ``draws`` are E[v | h] of `N_DRAWS` draws of h, ``reconstructions`` those of the test images; each has what
    `Judge.judged` returns.
    """
    metrics = run.metrics() or {}
    rbm, judge = run.load_estimator(), Judge(judge_run)
    test = load_dataset(run.config().data, "test")
    metrics["draws"] = judge.judged(rbm.sample(N_DRAWS, noise=False, random_state=rbm.seed_))
    metrics["reconstructions"] = judge.judged(rbm.reconstruct(test.X))
    run.write_metrics(metrics)
