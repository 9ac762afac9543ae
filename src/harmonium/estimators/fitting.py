"""A training made ready once: checked rows, labels, kept and held rows, batches, trainer and callbacks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.batches import Batches, Labels
from harmonium.data.chunks import in_chunks
from harmonium.data.scaling import fit_scaling
from harmonium.data.splits import Indices, evenly_spaced, hold_out, strata
from harmonium.estimators.input_checks import Array, check_spread
from harmonium.estimators.parameters import check_only_changeable_changed, parameters_as_they_are
from harmonium.estimators.weights import SampleWeight, check_weights
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


def prepare(
    estimator: LatentVariableEstimator,
    X: npt.ArrayLike,
    y: npt.ArrayLike | None,
    sample_weight: SampleWeight = None,
) -> PreparedFit:
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
    weights = check_weights(sample_weight, y, len(rows))
    estimator.scaling_ = fit_scaling(rows, estimator.scaling, weights)
    check_spread(rows, estimator.scaling)
    with memory_for(f"{type(estimator).__name__} of these sizes", _training_bytes(estimator, rows.shape[1])):
        module = estimator._make_module(rows.shape[1], spawn_generator(estimator.seed_, "initialisation"))
    parts = _split(estimator, len(rows), y, weights)
    estimator._start_at_data(module, rows, parts.kept)
    estimator._parameters_of_fit = parameters_as_they_are(estimator)
    return _prepared(estimator, rows, y, parts, lambda n_samples: _make_trainer(estimator, module, n_samples))


def prepare_next(
    estimator: LatentVariableEstimator,
    X: npt.ArrayLike,
    y: npt.ArrayLike | None,
    sample_weight: SampleWeight = None,
) -> PreparedFit:
    """Make a training ready that goes on from where the estimator stands, with its parameters as they are now.

    It trains a copy: until the estimator has adopted the trainer, it stays what it was.

    Raises
    ------
    InvalidInputError
        Also if a parameter has changed that the model was made with.
    """
    estimator._check_parameters()
    check_only_changeable_changed(estimator)
    rows = estimator._check_matrix(X, reset=False)
    parts = _split(estimator, len(rows), y, check_weights(sample_weight, y, len(rows)))
    estimator._parameters_of_fit = parameters_as_they_are(estimator)
    return _prepared(estimator, rows, y, parts, lambda n_samples: _next_trainer(estimator, n_samples))


class _Parts(NamedTuple):
    """The rows to train on (None: all), those held back (None: none) and all rows' weights (None: equal)."""

    kept: Indices | None
    held: Indices | None
    weights: npt.NDArray[np.float64] | None

    def weights_of(self, indices: Indices | None) -> npt.NDArray[np.float64] | None:
        return self.weights if self.weights is None or indices is None else self.weights[indices]


def _training_bytes(estimator: LatentVariableEstimator, n_features: int) -> float:
    """Return the bytes of weights, gradients and what the optimiser keeps of each, in single precision."""
    n_copies = 4 if estimator.optimizer == "adam" else 3 if estimator.momentum > 0 else 2
    return 4.0 * n_copies * estimator._n_parameters(n_features)


def _split(
    estimator: LatentVariableEstimator,
    n_samples: int,
    y: npt.ArrayLike | None,
    weights: npt.NDArray[np.float64] | None,
) -> _Parts:
    """Choose the rows to train on and to hold back, among those of a weight above zero."""
    chosen = None if weights is None or weights.all() else np.flatnonzero(weights)
    if estimator.validation_fraction == 0:
        return _Parts(chosen, None, weights)
    fraction, seed = float(estimator.validation_fraction), estimator.seed_
    if chosen is None:
        return _Parts(*hold_out(n_samples, fraction, strata(y, fraction * n_samples), seed), weights)
    of_chosen = None if y is None else np.asarray(y)[chosen]
    kept, held = hold_out(len(chosen), fraction, strata(of_chosen, fraction * len(chosen)), seed)
    return _Parts(chosen[kept], chosen[held], weights)


def _prepared(
    estimator: LatentVariableEstimator,
    rows: Array,
    y: npt.ArrayLike | None,
    parts: _Parts,
    make_trainer: Callable[[int], Trainer],
) -> PreparedFit:
    labels = estimator._encoded_labels(y, len(rows))
    kept, held = parts.kept, parts.held
    batches = Batches(rows, estimator.scaling_, estimator.batch_size, labels, kept, parts.weights_of(kept))
    stopping = None
    if held is not None:
        losses, weights = estimator._validation_losses, parts.weights_of(held)
        loss = _mean_loss(estimator, rows, labels, held, losses, "validation", weights)
        stopping = EarlyStopping(loss, estimator.patience)
    recorder = estimator._recorder(rows, kept, held)
    change = estimator._between_epochs(rows, labels, kept)
    trainer = make_trainer(batches.n_samples)
    watch = _explosion_watch(estimator, trainer.objective.module, rows, labels, kept)
    callbacks = tuple(callback for callback in (watch, change, stopping, recorder) if callback is not None)
    return PreparedFit(trainer, batches, callbacks)


def _make_trainer(
    estimator: LatentVariableEstimator, module: torch.nn.Module, n_samples: int, n_done: int = 0
) -> Trainer:
    objective = estimator._make_objective(module, spawn_generator(estimator.seed_, "sampling"), n_samples)
    groups = estimator._parameter_groups(module)
    if estimator.optimizer == "adam":
        optimizer = eager(torch.optim.Adam)(groups, betas=(float(estimator.momentum), 0.999), fused=True)
    else:
        optimizer = eager(torch.optim.SGD)(groups, momentum=float(estimator.momentum), fused=True)
        # the fused step fails where some parameters, such as a mixture's, get their first gradient later than others
        trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for parameter in trained if estimator.momentum > 0 else ():
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    # a schedule is that of n_epochs epochs; a stream that goes on beyond them goes on learning
    name = estimator.learning_rate_schedule if n_done < estimator.n_epochs else "constant"
    schedule = make_schedule(name, estimator.n_epochs)
    return Trainer(objective, optimizer, spawn_generator(estimator.seed_, "order"), schedule)


def _next_trainer(estimator: LatentVariableEstimator, n_samples: int) -> Trainer:
    """Return a trainer that goes on where the estimator's last one ended; with a fresh optimiser where it has none."""
    last, n_done = estimator._trainer, len(estimator.history_)
    if last is not None:
        trainer = _make_trainer(estimator, copy.deepcopy(last.objective.module), n_samples, n_done)
        trainer.take_over(last)
        return trainer
    trainer = _make_trainer(estimator, copy.deepcopy(estimator.module_), n_samples, n_done)
    trainer.epoch, trainer.history = n_done, [dict(row) for row in estimator.history_]
    if any(VALIDATION_LOSS in row for row in trainer.history):
        trainer.best_state = copy.deepcopy(estimator.module_.state_dict())
    return trainer


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
    weights: npt.NDArray[np.float64] | None = None,
) -> Callable[[Any], float]:
    """Return what maps a module to its mean loss of some rows, in evaluation mode, with the same draws every time."""
    shares = np.full(len(indices), 1 / len(indices)) if weights is None else weights / weights.sum()

    def mean_loss(module: torch.nn.Module) -> float:
        module.eval()
        with torch.no_grad():
            losses = losses_of(module, spawn_generator(estimator.seed_, stream))
            found = [losses(v, c) for v, c in in_chunks(rows, labels, estimator.scaling_, indices)]
        module.train()
        return float(torch.cat(found).double() @ torch.from_numpy(shares))

    return mean_loss
