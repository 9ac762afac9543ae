"""A training made ready once: checked rows, labels, kept and held rows, batches, trainer and callbacks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy.typing as npt
import torch

from harmonium.data.batches import Batches, Labels
from harmonium.data.chunks import in_chunks
from harmonium.data.scaling import fit_scaling
from harmonium.data.splits import Indices, hold_out, strata
from harmonium.estimators.input_checks import Array
from harmonium.exceptions import InvalidInputError
from harmonium.random.seeding import root_seed, spawn_generator
from harmonium.training.early_stopping import VALIDATION_LOSS, EarlyStopping
from harmonium.training.optimizers import eager
from harmonium.training.schedules import make_schedule
from harmonium.training.trainer import Trainer

if TYPE_CHECKING:
    from harmonium.estimators.base import LatentVariableEstimator


@dataclass(frozen=True)
class PreparedFit:
    """What `fit` runs; whoever trains step by step (a run directory, a search) runs the same.

    Attributes
    ----------
    trainer : Trainer
    batches : Batches
        Of the rows that are trained on.
    callbacks : tuple of callable
        What changes the module after an epoch, what watches the rows held back and what records more of the epoch; each
        where there is any.
    """

    trainer: Trainer
    batches: Batches
    callbacks: tuple[Callable[[Trainer], None], ...]

    def run(self, n_epochs: int, *callbacks: Callable[[Trainer], None]) -> None:
        """Train until `n_epochs` epochs are done, and call these callbacks too after each."""
        self.trainer.train(self.batches, n_epochs, [*self.callbacks, *callbacks])


def prepare(estimator: LatentVariableEstimator, X: npt.ArrayLike, y: npt.ArrayLike | None) -> PreparedFit:
    """Make a training ready from the beginning; the estimator learns features, classes, scaling and seed.

    The scaling is that of all rows, of those held back too. The estimator is fitted when it has adopted the trainer.

    Raises
    ------
    InvalidInputError
        If a hyper-parameter or the data are not what they must be.
    """
    estimator._check_parameters()
    rows = estimator._check_matrix(X, reset=True)
    estimator._learn_labels(y, len(rows))
    estimator.seed_ = root_seed(estimator.random_state)
    estimator.scaling_ = fit_scaling(rows, estimator.scaling)
    try:
        module = estimator._make_module(rows.shape[1], spawn_generator(estimator.seed_, "initialisation"))
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and "allocate" not in str(error):
            raise
        raise InvalidInputError(
            f"{type(estimator).__name__} of these sizes does not fit into memory: {str(error).splitlines()[0]}"
        ) from error
    kept, held = _split(estimator, len(rows), y)
    estimator._start_at_data(module, rows, kept)
    return _prepared(estimator, rows, y, kept, held, lambda n_samples: _make_trainer(estimator, module, n_samples))


def prepare_next(estimator: LatentVariableEstimator, X: npt.ArrayLike, y: npt.ArrayLike | None) -> PreparedFit:
    """Make a training ready that goes on from where the estimator stands."""
    estimator._check_parameters()
    rows = estimator._check_matrix(X, reset=False)
    kept, held = _split(estimator, len(rows), y)
    return _prepared(
        estimator, rows, y, kept, held, lambda n_samples: estimator._trainer or _resume(estimator, n_samples)
    )


def _split(
    estimator: LatentVariableEstimator, n_samples: int, y: npt.ArrayLike | None
) -> tuple[Indices | None, Indices | None]:
    """Return the rows to train on and those to hold back; None and None for all and none."""
    if estimator.validation_fraction == 0:
        return None, None
    fraction = estimator.validation_fraction
    return hold_out(n_samples, fraction, strata(y, fraction * n_samples), estimator.seed_)


def _prepared(
    estimator: LatentVariableEstimator,
    rows: Array,
    y: npt.ArrayLike | None,
    kept: Indices | None,
    held: Indices | None,
    trainer: Callable[[int], Trainer],
) -> PreparedFit:
    labels = estimator._encoded_labels(y, len(rows))
    batches = Batches(rows, estimator.scaling_, estimator.batch_size, labels, kept)
    stopping = None if held is None else _early_stopping(estimator, rows, labels, held)
    recorder = estimator._recorder(rows, kept, held)
    change = estimator._between_epochs(rows, labels, kept)
    callbacks = tuple(callback for callback in (change, stopping, recorder) if callback is not None)
    return PreparedFit(trainer(batches.n_samples), batches, callbacks)


def _make_trainer(estimator: LatentVariableEstimator, module: torch.nn.Module, n_samples: int) -> Trainer:
    objective = estimator._make_objective(module, spawn_generator(estimator.seed_, "sampling"), n_samples)
    groups = estimator._parameter_groups(module)
    if estimator.optimizer == "adam":
        optimizer = eager(torch.optim.Adam)(groups, betas=(estimator.momentum, 0.999), fused=True)
    else:
        optimizer = eager(torch.optim.SGD)(groups, momentum=estimator.momentum, fused=True)
    schedule = make_schedule(estimator.learning_rate_schedule, estimator.n_epochs)
    return Trainer(objective, optimizer, spawn_generator(estimator.seed_, "order"), schedule)


def _resume(estimator: LatentVariableEstimator, n_samples: int) -> Trainer:
    """Return a trainer that goes on from the estimator's weights and history, with a fresh optimiser."""
    trainer = _make_trainer(estimator, estimator.module_, n_samples)
    trainer.epoch, trainer.history = len(estimator.history_), list(estimator.history_)
    if any(VALIDATION_LOSS in row for row in trainer.history):
        trainer.best_state = copy.deepcopy(estimator.module_.state_dict())
    return trainer


def _early_stopping(
    estimator: LatentVariableEstimator,
    rows: Array,
    labels: Labels | None,
    held: Indices,
) -> EarlyStopping:
    def validation_loss(module: torch.nn.Module) -> float:
        module.eval()
        with torch.no_grad():
            losses = estimator._validation_losses(module, spawn_generator(estimator.seed_, "validation"))
            total = 0.0
            for v, c in in_chunks(rows, labels, estimator.scaling_, held):
                total += float(losses(v, c).sum(dtype=torch.float64))
        module.train()
        return total / len(held)

    return EarlyStopping(validation_loss, estimator.patience)
