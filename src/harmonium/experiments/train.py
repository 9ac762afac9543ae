"""Training into a run directory, from the beginning or from the last checkpoint."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from harmonium.estimators.base import LatentVariableEstimator
from harmonium.estimators.fitting import PreparedFit, prepare
from harmonium.exceptions import DamagedFileError, InvalidInputError, SplitUnavailableError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.one_writer import one_writer
from harmonium.experiments.run_directory import RunDirectory
from harmonium.training.checkpoint import Checkpoints, checkpoint_paths, epoch_of, load_checkpoint
from harmonium.training.trainer import Trainer

logger = logging.getLogger(__name__)


def train(config: TrainConfig, run: RunDirectory, *callbacks: Callable[[Trainer], None]) -> bool:
    """Train a configuration into its run directory; what is done already is not done again.

    Every epoch is checkpointed. Of the test split, where the data have one, only shape and labels are checked, before
    training, so that a run does not end with data that it cannot be measured on. A run that was stopped goes on from
    its last whole checkpoint, bit for bit as if it had not been stopped.

    Parameters
    ----------
    config : TrainConfig
    run : RunDirectory
    *callbacks : callable
        Called with the trainer after every epoch.

    Returns
    -------
    bool
        False where the run was whole already.

    Raises
    ------
    InvalidInputError
        If the run directory belongs to another configuration or other data, or the data are wrong; nothing has been
        written then.
    AnotherWriterError
        If another process trains there.
    DivergenceError
        If training leaves the finite numbers; the last good checkpoint stays.
    """
    if _is_done(config, run):
        return False
    estimator, prepared, sha256 = prepare_run(config)
    with one_writer(run.path):  # only now, so that what cannot begin leaves no folder behind
        if _is_done(config, run):  # by another process, meanwhile
            return False
        run.start(config, sha256)
        go_on(prepared.trainer, run, config.parameters["n_epochs"])
        prepared.run(
            config.parameters["n_epochs"],
            Checkpoints(run.checkpoints),
            lambda trainer: run.write_history(trainer.history),
            *callbacks,
        )
        estimator._adopt(prepared.trainer).save(run.path)
    return True


def prepare_run(config: TrainConfig) -> tuple[LatentVariableEstimator, PreparedFit, str]:
    """Return the unfitted estimator, its training made ready, and the SHA-256 of the data.

    Raises
    ------
    InvalidInputError
        If the training rows, or those that the run is to be measured on, are not of the model's kind.
    """
    estimator, data = config.make_estimator(), config.load("train")
    prepared = prepare(estimator, data.X, data.labels)
    with contextlib.suppress(SplitUnavailableError):  # an own file need not have one
        test = config.load("test")
        try:
            estimator._check_data(test.X, test.labels)
        except InvalidInputError as error:
            raise InvalidInputError(f"the test split of {config.data}: {error}") from error
    return estimator, prepared, data.sha256


def go_on(trainer: Trainer, run: RunDirectory, n_epochs: int) -> bool:
    """Put a trainer into the state of a run's last whole checkpoint of at most so many epochs, if there is one."""
    for path in checkpoint_paths(run.checkpoints):
        if epoch_of(path) > n_epochs:  # of a training to more epochs, which was stopped
            continue
        try:
            load_checkpoint(trainer, path)
        except DamagedFileError as error:
            logger.warning("passed over: %s", error)
        else:
            return True
    return False


def _is_done(config: TrainConfig, run: RunDirectory) -> bool:
    run.check(config)
    if not run.is_trained:
        return False
    try:
        run.load_estimator()
    except DamagedFileError as error:
        logger.warning("%s; it is made again from the last checkpoint", error)
        return False
    return True
