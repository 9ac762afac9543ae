"""Training and measuring many runs, one process a core."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from rich.console import Console

from harmonium.experiments.config import TrainConfig
from harmonium.experiments.evaluate import evaluate
from harmonium.experiments.processes import run_jobs
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.train import train


def train_and_evaluate(configs: Mapping[Path, TrainConfig], console: Console) -> None:
    """Bring every run to its end; runs that are done are left alone.

    Parameters
    ----------
    configs : mapping of Path to TrainConfig
        Run directories; started in this order, so the longest should come first.
    console : Console
        Where progress is shown.

    Raises
    ------
    HarmoniumError
        The first that a run raised, or where a process was killed; the others stop at their last checkpoint.
    """
    jobs = {
        path.name: partial(_run, config, path)
        for path, config in configs.items()
        if RunDirectory(path).metrics() is None
    }
    n_epochs = sum(config.parameters["n_epochs"] for config in configs.values())

    def count_epochs() -> int:
        return sum(len(RunDirectory(path).history()) for path in configs)

    run_jobs(jobs, console, unit="epochs", total=n_epochs, count_done=count_epochs)


def _run(config: TrainConfig, path: Path) -> None:
    run = RunDirectory(path)
    train(config, run)
    evaluate(run)
