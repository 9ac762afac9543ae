"""Choosing hyper-parameters by the loss on a validation part of the training set."""

from __future__ import annotations

import io
import json
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from matplotlib.figure import Figure
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.data.splits import hold_out
from harmonium.exceptions import DamagedFileError, DivergenceError, HarmoniumError, InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.processes import KilledProcessError, run_jobs
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.search_spaces import SearchSpace
from harmonium.experiments.train import train
from harmonium.figures.style import style
from harmonium.figures.tuning import plot_importances, plot_tuning_history
from harmonium.files import write_atomically
from harmonium.training.early_stopping import VALIDATION_LOSS
from harmonium.training.trainer import Trainer

logger = logging.getLogger(__name__)
VALIDATION_FRACTION = 0.2
_NAME = "tuning"
_REASON = "reason"
_STARTUP_TRIALS = 5
_BEST_PERCENT = 25.0
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
    if is_run and not (run.path / "study.log").exists():
        raise InvalidInputError(f"{run.path} holds a run that was not searched for; choose another run directory")
    _mend_journal(run.path / "study.log")
    study = _open(tuning, run)
    if is_run and _count_ended(study) < n_trials:
        raise InvalidInputError(
            f"{run.path} holds a search whose chosen setting has been trained; more trials than its "
            f"{_count_ended(study)} need another run directory"
        )
    _fail_running(study)
    n_deaths = 0
    while (n_ended := _count_ended(study)) < n_trials:
        jobs = {f"trial {i}": partial(_run_trial, tuning, run.path, i) for i in range(n_ended, n_trials)}
        try:
            run_jobs(
                jobs,
                console,
                unit="trials",
                total=n_trials,
                count_done=lambda: _count_ended(study),
                n_workers=n_workers,
                n_threads=1,
            )
        except KilledProcessError:
            n_deaths = n_deaths + 1 if _count_ended(study) == n_ended else 1
            if n_deaths == _DEATHS_IN_A_ROW:
                raise
            logger.warning("a trial's process was killed; its trial is marked failed, and another takes its place")
        finally:
            _fail_running(study)
    chosen: dict[str, Any] = _best(study).params
    summary = _summary(study)
    if not run.has_study or _read_study(run) != summary:
        run.write_study(summary)
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


def _mend_journal(path: Path) -> None:
    """Drop a last line that was cut short, as by a full disk or a kill; refuse a journal that is wrong elsewhere."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            json.loads(line)
            is_whole = line.endswith(b"\n")
        except ValueError:
            is_whole = False
        if not is_whole and number < len(lines):
            raise DamagedFileError(f"{path} is not the journal of a search: line {number} is not JSON")
        if not is_whole:
            logger.warning("%s: its last line was cut short and is dropped", path)
            write_atomically(path, b"".join(lines[:-1]))


def _open(tuning: Tuning, run: RunDirectory, index: int = 0) -> optuna.Study:
    """Return the study of a run directory, made where it is new, with the randomness of one trial."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    run.path.mkdir(parents=True, exist_ok=True)
    sampler = optuna.samplers.TPESampler(seed=int(np.random.SeedSequence([tuning.seed, index]).generate_state(1)[0]))
    try:
        study = optuna.create_study(
            study_name=_NAME,
            storage=JournalStorage(JournalFileBackend(str(run.path / "study.log"))),
            sampler=sampler,
            pruner=optuna.pruners.PercentilePruner(_BEST_PERCENT, n_startup_trials=_STARTUP_TRIALS),
            load_if_exists=True,
        )
        found = study.user_attrs.get("setting")
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(f"{run.path / 'study.log'} is not the journal of a search: {error}") from error
    setting = {
        "model": tuning.model,
        "data": tuning.data,
        "data_sha256": _load(tuning.data).sha256,
        "n_epochs": tuning.n_epochs,
        "n_samples": tuning.n_samples,
        "seed": tuning.seed,
        "space": tuning.space.to_json(),
    }
    if found is None:
        study.set_user_attr("setting", setting)
        return study
    for key, value in json.loads(json.dumps(setting)).items():
        if found.get(key) != value:
            raise InvalidInputError(
                f"{run.path} holds a search with {key} = {found.get(key)!r}, not {value!r}; "
                "choose another run directory"
            )
    return study


def _run_trial(tuning: Tuning, folder: Path, index: int) -> None:
    study = _open(tuning, RunDirectory(folder), index)
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
        trial.set_user_attr(_REASON, " ".join(f"{error}".split()) or type(error).__name__)
        study.tell(trial, state=TrialState.FAIL)
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


def _count_ended(study: optuna.Study) -> int:
    """Count the trials that came to an end of their own: not those that run, nor those that were killed."""
    return sum(
        trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or _REASON in trial.user_attrs
        for trial in study.get_trials(deepcopy=False)
    )


def _fail_running(study: optuna.Study) -> None:
    """Mark trials as failed whose process is no more, and put their settings first in the queue.

    Under a journal they would stay running for ever.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)


def _best(study: optuna.Study) -> FrozenTrial:
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        reasons = [trial.user_attrs[_REASON] for trial in study.trials if _REASON in trial.user_attrs]
        raise HarmoniumError(
            f"none of {len(study.trials)} trials came to its end; the last one's reason: {reasons[-1]}"
        )
    return study.best_trial


def _summary(study: optuna.Study) -> dict[str, Any]:
    """Return the search as JSON's types."""
    trials = [
        {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "validation_loss": trial.value,
            "losses_by_epoch": list(trial.intermediate_values.values()),
            "seconds": None if trial.duration is None else trial.duration.total_seconds(),
            "parameters": trial.params,
            "reason": trial.user_attrs.get(_REASON),
        }
        for trial in study.trials
    ]
    try:
        importances = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    except (ValueError, RuntimeError):  # fewer than two complete trials, or all alike
        importances = {}
    return {"setting": study.user_attrs["setting"], "trials": trials, "importances": importances}


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
