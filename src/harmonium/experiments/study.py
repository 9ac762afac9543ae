"""A search's trials as an Optuna study, kept in a journal that several processes append to."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from harmonium.exceptions import DamagedFileError, HarmoniumError, InvalidInputError
from harmonium.families.family import NUMBER
from harmonium.files import write_atomically

logger = logging.getLogger(__name__)
CONTENTS: Mapping[str, Any] = {
    "setting": {"n_epochs": NUMBER, "n_samples": NUMBER},
    "trials": [{"number": NUMBER, "state": str, "losses_by_epoch": list, "parameters": dict}],
    "importances": dict,
}
_NAME = "tuning"
_REASON = "reason"
_STARTUP_TRIALS = 5
_BEST_PERCENT = 25.0


def journal_path(folder: Path) -> Path:
    """Return where a run directory keeps its search."""
    return folder / "study.log"


def free_journal(folder: Path) -> None:
    """Remove the locks that killed processes left on the journal; for the one writer of the folder to call."""
    for left in folder.glob(f"{journal_path(folder).name}.lock*"):
        left.unlink(missing_ok=True)


def mend_journal(path: Path) -> None:
    """Drop a last line that was cut short, as by a full disk or a kill; refuse a journal that is wrong elsewhere."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            json.loads(line)
            is_whole = line.endswith(b"\n")
        except (ValueError, RecursionError):
            is_whole = False
        if not is_whole and number < len(lines):
            raise DamagedFileError(f"{path} is not the journal of a search: line {number} is not JSON")
        if not is_whole:
            logger.warning("%s: its last line was cut short and is dropped", path)
            write_atomically(path, b"".join(lines[:-1]))


def open_study(folder: Path, setting: dict[str, Any], index: int = 0) -> optuna.Study:
    """Return the study of a run directory, made where it is new, with the randomness of one trial.

    Parameters
    ----------
    folder : Path
    setting : dict of JSON's types
        What tells this search from another, its ``"seed"`` included.
    index : int
        Of the trial.

    Raises
    ------
    DamagedFileError
        If the journal is not one.
    InvalidInputError
        If the folder holds a search of another setting.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    path, seed = journal_path(folder), np.random.SeedSequence([setting["seed"], index])
    try:  # a lock left behind is found to be old only where its path is absolute
        study = optuna.create_study(
            study_name=_NAME,
            storage=JournalStorage(JournalFileBackend(str(path.resolve()))),
            sampler=optuna.samplers.TPESampler(seed=int(seed.generate_state(1)[0])),
            pruner=optuna.pruners.PercentilePruner(_BEST_PERCENT, n_startup_trials=_STARTUP_TRIALS),
            load_if_exists=True,
        )
        found = study.user_attrs.get("setting")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedFileError(f"{path} is not the journal of a search: {error}") from error
    if found is None:
        study.set_user_attr("setting", setting)
        return study
    wanted = json.loads(json.dumps(setting))
    for key in {**wanted, **found}:
        if found.get(key) != wanted.get(key):
            raise InvalidInputError(
                f"{folder} holds a search with {key} = {found.get(key)!r}, not {wanted.get(key)!r}; "
                "choose another run directory"
            )
    return study


def check_search(folder: Path, setting: dict[str, Any]) -> None:
    """Find that a folder holds no search, or one of this setting; InvalidInputError for another."""
    if journal_path(folder).exists():
        open_study(folder, setting)
    elif folder.exists():
        raise InvalidInputError(f"{folder} holds no search; choose another run directory")


def fail(study: optuna.Study, trial: optuna.Trial, error: Exception) -> None:
    """Mark a trial as failed, and say why: it has come to an end of its own."""
    trial.set_user_attr(_REASON, " ".join(f"{error}".split()) or type(error).__name__)
    study.tell(trial, state=TrialState.FAIL)


def count_ended(study: optuna.Study) -> int:
    """Count the trials that came to an end of their own: not those that run, nor those that were killed."""
    return sum(
        trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or _REASON in trial.user_attrs
        for trial in study.get_trials(deepcopy=False)
    )


def count_ended_on_disk(folder: Path) -> int:
    """Count as `count_ended` does, while others write; 0 where no search has begun."""
    path = journal_path(folder)
    if not path.exists():
        return 0
    try:
        return count_ended(
            optuna.load_study(study_name=_NAME, storage=JournalStorage(JournalFileBackend(str(path.resolve()))))
        )
    except (ValueError, KeyError, TypeError, RecursionError):  # begun this moment, or damaged: the search says so
        return 0


def fail_running(study: optuna.Study) -> None:
    """Mark trials as failed whose process is no more, and put their settings first in the queue.

    Under a journal they would stay running for ever.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)


def best_trial(study: optuna.Study) -> FrozenTrial:
    """Return the complete trial of the lowest validation loss; raise HarmoniumError where none is complete."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        reasons = [trial.user_attrs[_REASON] for trial in study.trials if _REASON in trial.user_attrs]
        raise HarmoniumError(
            f"none of {len(study.trials)} trials came to its end; the last one's reason: {reasons[-1]}"
        )
    return study.best_trial


def summary(study: optuna.Study) -> dict[str, Any]:
    """Return the trials, how much each parameter mattered and the setting, as JSON's types."""
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
