"""One trial of a search: a setting drawn, trained, and measured on the rows held back."""

from __future__ import annotations

import math
from pathlib import Path

import optuna
from optuna.trial import TrialState

from harmonium.estimators.fitting import prepare
from harmonium.exceptions import DivergenceError, HarmoniumError
from harmonium.experiments.study import fail, open_study
from harmonium.experiments.tuning import Tuning
from harmonium.training.early_stopping import VALIDATION_LOSS, best_row
from harmonium.training.trainer import Trainer


def check_trial(tuning: Tuning) -> None:
    """Find that a trial can run, before processes are started: the first choice of every parameter, on the data."""
    first = {
        name: d.choices[0] if isinstance(d, optuna.distributions.CategoricalDistribution) else getattr(d, "low", None)
        for name, d in tuning.space.tuned.items()
    }
    config, data = tuning.trial(first)
    prepare(config.make_estimator(), data.X, data.labels)


def run_trial(tuning: Tuning, folder: Path, index: int) -> None:
    """Draw a setting, try it, and tell the study of the run directory what came of it."""
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
    prepared = prepare(config.make_estimator(), data.X, data.labels)

    def prune(trainer: Trainer) -> None:
        loss = trainer.history[-1][VALIDATION_LOSS]
        if not math.isfinite(loss):
            raise DivergenceError(f"the validation loss was {loss} after epoch {trainer.epoch}")
        trial.report(loss, trainer.epoch)
        if trainer.epoch < tuning.n_epochs and trial.should_prune():
            raise optuna.TrialPruned

    prepared.run(tuning.n_epochs, prune)
    return best_row(prepared.trainer.history)[VALIDATION_LOSS]
