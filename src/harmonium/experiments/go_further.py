"""Going on with a run to more epochs than it was begun with."""

from __future__ import annotations

import logging
from collections.abc import Callable

from harmonium.exceptions import InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.one_writer import one_writer
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.train import go_on, prepare_run, train
from harmonium.training.checkpoint import Checkpoints
from harmonium.training.trainer import Trainer

logger = logging.getLogger(__name__)


def go_further(config: TrainConfig, run: RunDirectory, *callbacks: Callable[[Trainer], None]) -> bool:
    """Go on with a run, whose configuration is the same but for fewer epochs, from its last checkpoint.

    The result equals, bit for bit, that of an uninterrupted run of all epochs, where nothing depends on their number.
    Two things do: a cosine schedule, which from now on is that of the new number, so that the learning rate rises
    again; and a mixture as the prior, which is placed after half of the epochs, and stays where it was placed.

    Until the new epochs are done, the run stays what it was: a command that is killed loses nothing, and the same
    command goes on. What was measured of the run is removed, since it is of fewer epochs.

    Parameters
    ----------
    config : TrainConfig
        With the number of epochs to reach.
    run : RunDirectory
    *callbacks : callable
        Called with the trainer after every epoch.

    Returns
    -------
    bool
        False where the run has these epochs already.

    Raises
    ------
    InvalidInputError
        If the folder holds no run, one of another configuration, on other data, of more epochs, or without a checkpoint
        to go on from.
    DivergenceError
        If training leaves the finite numbers; the run stays what it was.
    """
    n_epochs, n_done = config.parameters["n_epochs"], run.config().completed().parameters["n_epochs"]
    run.check(config, any_epochs=True)
    if n_epochs < n_done:
        raise InvalidInputError(
            f"{run.path} is a run of {n_done} epochs; n_epochs must be at least that; got {n_epochs}"
        )
    if n_epochs > n_done and config.parameters.get("learning_rate_schedule", "constant") != "constant":
        logger.warning(
            "the cosine schedule now spans %d epochs, so that the learning rate rises again: the result is another "
            "than that of %d epochs in one go",
            n_epochs,
            n_epochs,
        )
    if not run.is_trained:
        with one_writer(run.path):
            run.write_config(config)
    if not run.is_trained or n_epochs == n_done:
        return train(config, run, *callbacks)
    estimator, prepared, sha256 = prepare_run(config)
    if run.manifest()["data_sha256"] != sha256:
        raise InvalidInputError(f"{run.path} was trained on other data: {config.data} has changed since")
    with one_writer(run.path):
        if not go_on(prepared.trainer, run, n_epochs):
            raise InvalidInputError(
                f"{run.path} holds no checkpoint to go on from; train it anew in another run directory"
            )
        prepared.run(n_epochs, Checkpoints(run.checkpoints), *callbacks)
        (run.path / "metrics.json").unlink(missing_ok=True)
        estimator._adopt(prepared.trainer).save(run.path)
        run.write_history(prepared.trainer.history)
        run.start(config.with_epochs(n_done), sha256)  # who wrote the model: this version, by this command
        run.write_config(config)
    return True
