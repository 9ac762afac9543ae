"""Training an estimator: whole, epoch by epoch, and what it becomes of it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Self

import numpy.typing as npt

from harmonium.estimators.fitting import PreparedFit, prepare, prepare_next
from harmonium.estimators.saving import Saving
from harmonium.estimators.weights import SampleWeight
from harmonium.training.progress import ProgressBar
from harmonium.training.trainer import HistoryRow, Trainer

EpochCallback = Callable[[int, HistoryRow], bool | None]


class Trainable(Saving):
    """Base of `LatentVariableEstimator`: after an error in training, the estimator is what it was before."""

    n_epochs: int
    verbose: bool
    _trainer: Trainer | None = None

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike | None = None,
        *,
        sample_weight: SampleWeight = None,
        callbacks: Sequence[EpochCallback] = (),
    ) -> Self:
        r"""Train on a data matrix from the beginning; after an error the estimator is what it was before.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, height, width) or (..., height, width, channels)
            Any finite real matrix, or images, in the user's own units. Every method takes images: their features are
            the pixels in C order. What a model gives back are rows: ``rows.reshape(-1, *model.image_shape_)``. A
            memory-mapped one stays on disk, and is taken in another random order than the same matrix in memory where
            it is larger than 64 MiB.
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
            Labels, for a model that is conditioned on them; ignored by the others.
        sample_weight : array-like of shape (n_samples,), "balanced" or None
            How much each row counts: in an epoch of n rows, row i is taken :math:`n w_i / \sum_k w_k` times, rounded
            down or up by chance. ``"balanced"``: every class of `y` counts the same. None: every row does.
        callbacks : sequence of callable
            Each is called after every epoch with its number, from 1, and its row of `history_`; where one returns True,
            training ends.

        Returns
        -------
        self

        Raises
        ------
        InvalidInputError
            If a hyper-parameter or `X` is not what it must be.
        DivergenceError
            If training leaves the finite numbers, or makes the model far worse than it began.

        Warns
        -----
        TrainingWarning
            Where the model is hardly what was wanted: one of the subclasses of `harmonium.exceptions`.
        """
        return self._train(prepare, X, y, sample_weight, callbacks=callbacks)

    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, *, sample_weight: SampleWeight = None
    ) -> Self:
        """Train for one more epoch on a data matrix; after an error the estimator is what it was before.

        n calls on one matrix equal ``fit`` with ``n_epochs=n``, unless `patience` ends that earlier: a stream goes on.
        The first call's matrix chooses the scaling, and its labels the classes. A parameter that was set since takes
        effect, but for those that the model was made with. After `n_epochs` epochs a schedule of the learning rate has
        ended, and the rate is `learning_rate` again: a stream is learned from to its end. An estimator that was loaded
        or unpickled goes on from its weights with a fresh optimiser.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        sample_weight : array-like of shape (n_samples,), "balanced" or None
            As in `fit`.

        Returns
        -------
        self

        Raises
        ------
        InvalidInputError, DivergenceError
            As in `fit`.
        """
        return self._train(prepare_next if hasattr(self, "module_") else prepare, X, y, sample_weight, n_epochs=1)

    def _train(
        self,
        make_ready: Callable[[Any, npt.ArrayLike, npt.ArrayLike | None, SampleWeight], PreparedFit],
        X: npt.ArrayLike,
        y: npt.ArrayLike | None,
        sample_weight: SampleWeight,
        n_epochs: int | None = None,
        callbacks: Sequence[EpochCallback] = (),
    ) -> Self:
        before = dict(self.__dict__)
        try:
            prepared = make_ready(self, X, y, sample_weight)
            until = self.n_epochs if n_epochs is None else prepared.trainer.epoch + n_epochs
            is_shown = self.verbose and n_epochs is None
            with ProgressBar(type(self).__name__, until) if is_shown else nullcontext() as progress:
                prepared.run(until, *([progress] if progress else []), *map(_of_trainer, callbacks))
            return self._adopt(prepared.trainer)
        except BaseException:
            self.__dict__ = before
            raise

    def _adopt(self, trainer: Trainer) -> Self:
        """Become the fitted estimator of what a trainer has reached."""
        self.module_ = trainer.objective.module
        if trainer.best_state is not None:
            self.module_ = copy.deepcopy(self.module_)  # the trainer's own goes on from the last epoch
            self.module_.load_state_dict(trainer.best_state)
        self.history_ = list(trainer.history)  # the trainer's own grows before an epoch is over
        self._trainer = trainer
        if trainer.epoch >= self.n_epochs or trainer.has_ended:
            for doubt in trainer.doubts:
                warnings.warn(doubt, stacklevel=4)
        return self


def _of_trainer(callback: EpochCallback) -> Callable[[Trainer], None]:
    """Return the trainer's callback that calls one of the user's."""

    def call(trainer: Trainer) -> None:
        trainer.has_ended |= bool(callback(trainer.epoch, dict(trainer.history[-1])))

    return call
