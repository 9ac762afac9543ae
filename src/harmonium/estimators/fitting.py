"""A training made ready once: checked rows, labels, kept and held rows, batches, trainer and callbacks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.multiclass import type_of_target

from harmonium.data.batches import Batches, Labels
from harmonium.data.chunks import in_chunks
from harmonium.data.scaling import fit_scaling
from harmonium.data.splits import Indices, evenly_spaced, hold_out
from harmonium.estimators.input_checks import Array, check_spread
from harmonium.memory import memory_for
from harmonium.random.seeding import root_seed, spawn_generator
from harmonium.training.early_stopping import VALIDATION_LOSS, EarlyStopping
from harmonium.training.explosion import ExplosionWatch
from harmonium.training.optimizers import eager
from harmonium.training.schedules import make_schedule
from harmonium.training.trainer import Trainer

if TYPE_CHECKING:
    from harmonium.estimators.base import LatentVariableEstimator, ValidationLosses

_N_WATCHED = 1000


@dataclass(frozen=True)
class PreparedFit:
    """What `fit` runs; whoever trains step by step (a run directory, a search) runs the same.

    Attributes
    ----------
    trainer : Trainer
    batches : Batches
        Of the rows that are trained on.
    callbacks : tuple of callable
        What watches for an explosion, what changes the module after an epoch, what watches the rows held back and what
        records more of the epoch; each where there is any.
    """

    trainer: Trainer
    batches: Batches
    callbacks: tuple[Callable[[Trainer], None], ...]

    def run(self, n_epochs: int, *callbacks: Callable[[Trainer], None]) -> None:
        """Train until `n_epochs` epochs are done, and call these callbacks too after each."""
        with memory_for("training", 0):
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
    check_spread(rows, estimator.scaling_, estimator.scaling)
    with memory_for(f"{type(estimator).__name__} of these sizes", _training_bytes(estimator, rows.shape[1])):
        module = estimator._make_module(rows.shape[1], spawn_generator(estimator.seed_, "initialisation"))
    kept, held = _split(estimator, len(rows), y)
    estimator._start_at_data(module, rows, kept)
    return _prepared(estimator, rows, y, kept, held, lambda n_samples: _make_trainer(estimator, module, n_samples))


def prepare_next(estimator: LatentVariableEstimator, X: npt.ArrayLike, y: npt.ArrayLike | None) -> PreparedFit:
    """Make a training ready that goes on from where the estimator stands; what it trains is a copy of that."""
    estimator._check_parameters()
    rows = estimator._check_matrix(X, reset=False)
    kept, held = _split(estimator, len(rows), y)
    return _prepared(estimator, rows, y, kept, held, lambda n_samples: _next_trainer(estimator, n_samples))


def _training_bytes(estimator: LatentVariableEstimator, n_features: int) -> float:
    """Return the bytes of weights, gradients and what the optimiser keeps of each, in single precision."""
    n_copies = 4 if estimator.optimizer == "adam" else 3 if estimator.momentum > 0 else 2
    return 4.0 * n_copies * estimator._n_parameters(n_features)


def _split(
    estimator: LatentVariableEstimator, n_samples: int, y: npt.ArrayLike | None
) -> tuple[Indices | None, Indices | None]:
    """Return the rows to train on and those to hold back; None and None for all and none."""
    if estimator.validation_fraction == 0:
        return None, None
    return hold_out(n_samples, estimator.validation_fraction, _strata(y), estimator.seed_)


def _prepared(
    estimator: LatentVariableEstimator,
    rows: Array,
    y: npt.ArrayLike | None,
    kept: Indices | None,
    held: Indices | None,
    make_trainer: Callable[[int], Trainer],
) -> PreparedFit:
    labels = estimator._encoded_labels(y, len(rows))
    batches = Batches(rows, estimator.scaling_, estimator.batch_size, labels, kept)
    stopping = None if held is None else _early_stopping(estimator, rows, labels, held)
    recorder = estimator._recorder(rows, kept, held)
    change = estimator._between_epochs(rows, labels, kept)
    trainer = make_trainer(batches.n_samples)
    watch = _explosion_watch(estimator, trainer.objective.module, rows, labels, kept)
    callbacks = tuple(callback for callback in (watch, change, stopping, recorder) if callback is not None)
    return PreparedFit(trainer, batches, callbacks)


def _make_trainer(estimator: LatentVariableEstimator, module: torch.nn.Module, n_samples: int) -> Trainer:
    objective = estimator._make_objective(module, spawn_generator(estimator.seed_, "sampling"), n_samples)
    groups = estimator._parameter_groups(module)
    if estimator.optimizer == "adam":
        optimizer = eager(torch.optim.Adam)(groups, betas=(estimator.momentum, 0.999), fused=True)
    else:
        optimizer = eager(torch.optim.SGD)(groups, momentum=estimator.momentum, fused=True)
        # the fused step fails where some parameters, such as a mixture's, get their first gradient later than others
        for parameter in module.parameters() if estimator.momentum > 0 else ():
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    schedule = make_schedule(estimator.learning_rate_schedule, estimator.n_epochs)
    return Trainer(objective, optimizer, spawn_generator(estimator.seed_, "order"), schedule)


def _next_trainer(estimator: LatentVariableEstimator, n_samples: int) -> Trainer:
    """Return a copy of the estimator's trainer, or a new one from its weights and history."""
    if estimator._trainer is not None:
        trainer = copy.deepcopy(estimator._trainer)
        trainer.has_ended = False
        return trainer
    trainer = _make_trainer(estimator, copy.deepcopy(estimator.module_), n_samples)
    trainer.epoch, trainer.history = len(estimator.history_), [dict(row) for row in estimator.history_]
    if any(VALIDATION_LOSS in row for row in trainer.history):
        trainer.best_state = copy.deepcopy(estimator.module_.state_dict())
    return trainer


def _early_stopping(
    estimator: LatentVariableEstimator, rows: Array, labels: Labels | None, held: Indices
) -> EarlyStopping:
    loss = _mean_loss(estimator, rows, labels, held, estimator._validation_losses, "validation")
    return EarlyStopping(loss, estimator.patience)


def _explosion_watch(
    estimator: LatentVariableEstimator, module: Any, rows: Array, labels: Labels | None, kept: Indices | None
) -> ExplosionWatch | None:
    watched = evenly_spaced(len(rows), kept, _N_WATCHED)
    loss = _mean_loss(estimator, rows, labels, watched, estimator._watched_losses, "watched")
    try:
        return ExplosionWatch(loss, module)
    except NotImplementedError:  # a model of the user's own need not say what the loss of a row is
        return None


def _mean_loss(
    estimator: LatentVariableEstimator,
    rows: Array,
    labels: Labels | None,
    indices: Indices,
    losses_of: Callable[[Any, torch.Generator], ValidationLosses],
    stream: str,
) -> Callable[[Any], float]:
    """Return what maps a module to its mean loss of some rows, in evaluation mode, with the same draws every time."""

    def mean_loss(module: torch.nn.Module) -> float:
        module.eval()
        with torch.no_grad():
            losses = losses_of(module, spawn_generator(estimator.seed_, stream))
            total = 0.0
            for v, c in in_chunks(rows, labels, estimator.scaling_, indices):
                total += float(losses(v, c).sum(dtype=torch.float64))
        module.train()
        return total / len(indices)

    return mean_loss


def _strata(y: npt.ArrayLike | None) -> npt.NDArray[Any] | None:
    """Return y where it is one column of classes of two rows or more, else None: it may be anything."""
    labels = np.asarray(y)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if y is None or labels.ndim != 1 or (labels.dtype.kind == "f" and not np.isfinite(labels).all()):
        return None
    if type_of_target(labels) not in ("binary", "multiclass") or np.unique(labels, return_counts=True)[1].min() < 2:
        return None
    return labels
