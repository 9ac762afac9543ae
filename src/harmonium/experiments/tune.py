"""Choosing hyper-parameters by the loss on a validation part of the training set."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console

from harmonium.exceptions import DamagedFileError, InvalidInputError
from harmonium.experiments.one_writer import one_writer
from harmonium.experiments.processes import KilledProcessError, run_jobs
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.study import (
    best_trial,
    count_ended,
    fail_running,
    free_journal,
    journal_path,
    mend_journal,
    open_study,
    summary,
)
from harmonium.experiments.train import train
from harmonium.experiments.trial import check_trial, run_trial
from harmonium.experiments.tuning import Tuning
from harmonium.figures.style import style
from harmonium.figures.tuning import plot_importances, plot_tuning_history
from harmonium.files import write_atomically
from harmonium.training.trainer import Trainer

logger = logging.getLogger(__name__)
_DEATHS_IN_A_ROW = 3


def tune(
    tuning: Tuning,
    run: RunDirectory,
    console: Console,
    *,
    n_trials: int = 40,
    n_workers: int | None = None,
    n_final_epochs: int = 20,
    callbacks: Sequence[Callable[[Trainer], None]] = (),
) -> dict[str, Any]:
    """Search as `search` does, then train the chosen setting on the whole training set, into the same directory.

    Parameters
    ----------
    tuning, run, console, n_trials, n_workers
        As of `search`.
    n_final_epochs : int
        Of the chosen setting's training.
    callbacks : sequence of callable
        Of the chosen setting's training.

    Returns
    -------
    dict
        The chosen parameters.
    """
    check_trial(tuning)
    with one_writer(run.path):
        chosen = _search(tuning, run, console, n_trials, n_workers)
        train(tuning.config(chosen, n_epochs=n_final_epochs), run, *callbacks)
    return chosen


def search(
    tuning: Tuning, run: RunDirectory, console: Console, *, n_trials: int = 40, n_workers: int | None = None
) -> dict[str, Any]:
    """Search until `n_trials` trials have ended, and return the parameters with the lowest validation loss.

    The run directory holds the journal of the search (``study.log``) and what came of it (``study.json`` and two
    figures). Called again, it goes on where it stopped. A trial that diverges or dies is marked failed; one that was
    killed is made up for by another.

    Parameters
    ----------
    tuning : Tuning
    run : RunDirectory
    console : Console
    n_trials : int
    n_workers : int, optional
        Processes, of one thread each; by default as many as there are cores.

    Raises
    ------
    InvalidInputError
        If the folder holds another search, or the data are wrong.
    AnotherWriterError
        If another process searches or trains there.
    HarmoniumError
        If no trial came to its end, or processes are killed one after another.
    """
    check_trial(tuning)
    with one_writer(run.path):
        return _search(tuning, run, console, n_trials, n_workers)


def _search(
    tuning: Tuning, run: RunDirectory, console: Console, n_trials: int, n_workers: int | None
) -> dict[str, Any]:
    is_run = (run.path / "config.toml").exists()
    if is_run and not journal_path(run.path).exists():
        raise InvalidInputError(f"{run.path} holds a run that was not searched for; choose another run directory")
    free_journal(run.path)
    mend_journal(journal_path(run.path))
    study = open_study(run.path, tuning.setting())
    if is_run and count_ended(study) < n_trials:
        raise InvalidInputError(
            f"{run.path} holds a search whose chosen setting has been trained; more trials than its "
            f"{count_ended(study)} need another run directory"
        )
    fail_running(study)
    n_deaths = 0
    while (n_ended := count_ended(study)) < n_trials:
        jobs = {f"trial {i}": partial(run_trial, tuning, run.path, i) for i in range(n_ended, n_trials)}
        try:
            run_jobs(
                jobs,
                console,
                unit="trials",
                total=n_trials,
                count_done=lambda: count_ended(study),
                n_workers=n_workers,
                n_threads=1,
            )
        except KilledProcessError:
            n_deaths = n_deaths + 1 if count_ended(study) == n_ended else 1
            if n_deaths == _DEATHS_IN_A_ROW:
                raise
            logger.warning("a trial's process was killed; its trial is marked failed, and another takes its place")
        finally:
            free_journal(run.path)  # from processes that were killed while they wrote
            fail_running(study)
    chosen: dict[str, Any] = best_trial(study).params
    found = summary(study)
    if not run.has_study or _read_study(run) != found:
        run.write_study(found)
        _draw(run)
    return chosen


def _read_study(run: RunDirectory) -> dict[str, Any] | None:
    try:
        return run.study()
    except DamagedFileError:  # it can be made again from the journal
        return None


def _draw(run: RunDirectory) -> None:
    study = run.study()
    with style():
        for name, plot in (("tuning_history", plot_tuning_history), ("tuning_importances", plot_importances)):
            figure = Figure(figsize=(5.6, 3.6), layout="constrained")
            plot(figure.subplots(), study["trials"] if name == "tuning_history" else study["importances"])
            content = io.BytesIO()
            figure.savefig(content, format="png")
            (run.path / "figures").mkdir(exist_ok=True)
            write_atomically(run.path / "figures" / f"{name}.png", content.getvalue())
