"""``harmonium evaluate``: measure a trained run."""

from __future__ import annotations

from pathlib import Path

from harmonium.experiments.evaluate import evaluate
from harmonium.experiments.run_directory import RunDirectory


def evaluate_run(run: Path, *, data: str | None = None) -> None:
    """Measure a trained run on its data's test split and write its metrics.json.

    Parameters
    ----------
    run
        The run directory.
    data
        Measure on this data set or file in place of the run's own test split; nothing is written.
    """
    for key, value in evaluate(RunDirectory(run), data).items():
        print(f"{key:32s} {'exact' if value is None else format(value, '.6g')}")
