"""What an RBM records of itself after every epoch, from rows of the training data alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from harmonium.data.splits import Indices, evenly_spaced
from harmonium.data.tensors import as_tensor
from harmonium.estimators.input_checks import Array
from harmonium.random.seeding import spawn_generator
from harmonium.training.early_stopping import VALIDATION_LOSS
from harmonium.training.trainer import Trainer

if TYPE_CHECKING:
    from harmonium.estimators.rbm import RBMEstimator

_N_ROWS = 1000


def recorder(
    estimator: RBMEstimator, rows: Array, kept: Indices | None, held: Indices | None
) -> Callable[[Trainer], None]:
    """Return a trainer's callback that adds to each row of ``history_`` what a user can act on.

    It looks at no more than 1,000 of the rows that are trained on, and as many of those held back, evenly spaced and
    the same in every epoch, and comes after early stopping, whose loss of all rows held back it reads.

    ``training_mse``
        of the mean-field reconstruction, squared error per feature in the user's units;
    ``sigma_min``, ``sigma_max``
        of a learned sigma, in the model's units, as `sigma_bounds`;
    ``free_energy_gap``
        where rows are held back: the mean F(v) of these less that of rows trained on. It grows when the model learns
        the rows rather than what they have in common [1]_;
    ``log_likelihood``
        every `log_likelihood_every` epochs, mean in nats and in the user's units, of all rows held back where there
        are any, else of those looked at; log Z as for `validation_fraction`.

    Parameters
    ----------
    estimator : RBMEstimator
        That has learned its scaling and seed.
    rows : ndarray of shape (n_samples, n_features)
    kept, held : ndarray of int, or None
        Which rows are trained on, and which are held back; None for all, and for none.

    References
    ----------
    .. [1] G. Hinton, "A Practical Guide to Training Restricted Boltzmann Machines" (2012), section 6.
    """
    scaling = estimator.scaling_
    n = _N_ROWS if held is None else min(_N_ROWS, len(held), len(rows) - len(held))

    def chosen(among: Indices | None) -> torch.Tensor:
        return scaling.apply(as_tensor(rows[evenly_spaced(len(rows), among, n)])).float()

    trained_on, held_back = chosen(kept), None if held is None else chosen(held)
    spread = trained_on.std(0, correction=0)

    def loss_of_training_rows(module: Any) -> float:
        losses = estimator._validation_losses(module, spawn_generator(estimator.seed_, "validation"))
        return _mean(losses(trained_on, None))

    @torch.no_grad()
    def record(trainer: Trainer) -> None:
        row, module = trainer.history[-1], trainer.objective.module
        # in double precision, and scaled last: the user's units can be of any size
        by_feature = (module.reconstruct(trained_on) - trained_on).square().mean(0, dtype=torch.float64).numpy()
        row["training_mse"] = float((by_feature * scaling.scale**2).mean())
        row |= module.scale_range()
        doubt = module.doubt_of_scale(spread)
        if doubt is not None:
            trainer.doubts.append(doubt)
        if held_back is not None:
            row["free_energy_gap"] = _mean(module.free_energy(held_back)) - _mean(module.free_energy(trained_on))
        every = estimator.log_likelihood_every
        if every is not None and trainer.epoch % every == 0:
            loss = row[VALIDATION_LOSS] if held_back is not None else loss_of_training_rows(module)
            row["log_likelihood"] = -loss - estimator._log_volume

    return record


def _mean(values: torch.Tensor) -> float:
    return float(values.mean(dtype=torch.float64))
