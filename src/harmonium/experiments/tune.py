"""Choosing hyper-parameters by the loss on a validation part of the training set."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import optuna
from matplotlib.figure import Figure
from optuna.trial import TrialState
from rich.console import Console

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.data.splits import hold_out
from harmonium.exceptions import DamagedFileError, DivergenceError, HarmoniumError, InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.processes import KilledProcessError, run_jobs
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.search_spaces import SearchSpace
from harmonium.experiments.study import (
    best_trial,
    count_ended,
    fail,
    fail_running,
    journal_path,
    mend_journal,
    open_study,
    summary,
)
from harmonium.experiments.train import train
from harmonium.figures.style import style
from harmonium.figures.tuning import plot_importances, plot_tuning_history
from harmonium.files import write_atomically
from harmonium.training.early_stopping import VALIDATION_LOSS
from harmonium.training.trainer import Trainer

logger = logging.getLogger(__name__)
VALIDATION_FRACTION = 0.2
_DEATHS_IN_A_ROW = 3


@dataclass(frozen=True)
class Tuning:
    """A search for the setting with the lowest validation loss.

    Every trial trains on 80% of the training set and is measured on the other 20%, the same for all, drawn in the
    classes' proportions. Settings are drawn by a tree-structured Parzen estimator (J. Bergstra et al., NeurIPS 2011);
    a trial whose loss after an epoch is not among the best quarter of the trials' so far is pruned.

    Attributes
    ----------
    model, data : str
    space : SearchSpace
    n_epochs : int
        Of a trial.
    n_samples : int, optional
        Rows of the 80% that trials train on, drawn in the classes' proportions, the same for all; by default all of
        them.
    seed : int
        With one worker the same seed gives the same trials; with more, which trials a new setting is drawn from
        depends on which have ended.
    """

    model: str
    data: str
    space: SearchSpace
    n_epochs: int = 3
    n_samples: int | None = None
    seed: int = 0

    def setting(self) -> dict[str, Any]:
        """Return what tells this search from another, as JSON's types."""
        return {
            "model": self.model,
            "data": self.data,
            "data_sha256": _load(self.data).sha256,
            "n_epochs": self.n_epochs,
            "n_samples": self.n_samples,
            "seed": self.seed,
            "space": self.space.to_json(),
        }

    def config(self, drawn: dict[str, Any], **parameters: Any) -> TrainConfig:
        """Return the configuration of what a trial has drawn."""
        return TrainConfig.resolve(self.model, self.data, self.seed, **self.space.parameters(drawn), **parameters)

    def trial(self, drawn: dict[str, Any]) -> tuple[TrainConfig, Dataset]:
        """Return the configuration of a trial and the rows that it trains on and is measured on."""
        data = _load(self.data)
        n_held = VALIDATION_FRACTION * len(data.X)
        if self.n_samples is not None and self.n_samples + n_held < len(data.X):
            _, rows = hold_out(len(data.X), (self.n_samples + n_held) / len(data.X), data.labels, self.seed)
            data = replace(data, X=data.X[rows], y=None if data.y is None else data.y[rows])
        fraction = n_held / len(data.X)
        return self.config(drawn, validation_fraction=fraction, n_epochs=self.n_epochs), data


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
    chosen = search(tuning, run, console, n_trials=n_trials, n_workers=n_workers)
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
    HarmoniumError
        If no trial came to its end, or processes are killed one after another.
    """
    _check(tuning)
    is_run = (run.path / "config.toml").exists()
    if is_run and not journal_path(run.path).exists():
        raise InvalidInputError(f"{run.path} holds a run that was not searched for; choose another run directory")
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
        jobs = {f"trial {i}": partial(_run_trial, tuning, run.path, i) for i in range(n_ended, n_trials)}
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
            fail_running(study)
    chosen: dict[str, Any] = best_trial(study).params
    found = summary(study)
    if not run.has_study or _read_study(run) != found:
        run.write_study(found)
        _draw(run)
    return chosen


def _check(tuning: Tuning) -> None:
    """Find that a trial can run, before processes are started: the first choice of every parameter, on the data."""
    first = {
        name: d.choices[0] if isinstance(d, optuna.distributions.CategoricalDistribution) else getattr(d, "low", None)
        for name, d in tuning.space.tuned.items()
    }
    config, data = tuning.trial(first)
    estimator = config.make_estimator()
    estimator.initialise(data.X, data.labels)
    estimator.callbacks(data.X, data.labels)


def _run_trial(tuning: Tuning, folder: Path, index: int) -> None:
    study = open_study(folder, tuning.setting(), index)
    trial = study.ask(dict(tuning.space.tuned))
    try:
        _try(tuning, study, trial)
    except optuna.exceptions.UpdateFinishedTrialError as error:
        raise HarmoniumError(f"another command is searching in {folder}; wait for it to end") from error


def _try(tuning: Tuning, study: optuna.Study, trial: optuna.Trial) -> None:
    try:
        value = _validation_loss(tuning, trial)
    except optuna.exceptions.UpdateFinishedTrialError:
        raise
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except Exception as error:  # one setting that cannot be trained (it diverges, say) must not lose the search
        fail(study, trial, error)
    else:
        study.tell(trial, value)


def _validation_loss(tuning: Tuning, trial: optuna.Trial) -> float:
    config, data = tuning.trial(trial.params)
    estimator = config.make_estimator()
    trainer = estimator.initialise(data.X, data.labels)

    def prune(trainer: Trainer) -> None:
        loss = trainer.history[-1][VALIDATION_LOSS]
        if not math.isfinite(loss):
            raise DivergenceError(f"the validation loss was {loss} after epoch {trainer.epoch}")
        trial.report(loss, trainer.epoch)
        if trainer.epoch < tuning.n_epochs and trial.should_prune():
            raise optuna.TrialPruned

    batches, callbacks = estimator.batches(data.X, data.labels), estimator.callbacks(data.X, data.labels)
    trainer.train(batches, tuning.n_epochs, [*callbacks, prune])
    return min(row[VALIDATION_LOSS] for row in trainer.history)


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


@cache
def _load(name: str) -> Dataset:
    return load_dataset(name, "train")
