"""When a prior that is a mixture is placed where the posteriors of the training data are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from harmonium.data.batches import Labels
from harmonium.data.chunks import in_chunks
from harmonium.data.splits import Indices
from harmonium.data.tensors import as_tensor
from harmonium.estimators.input_checks import Array
from harmonium.modules.mixture_prior import MixturePrior
from harmonium.precision import INTEGER
from harmonium.random.seeding import spawn_generator
from harmonium.training.early_stopping import PRELIMINARY, epochs_without_gain
from harmonium.training.trainer import Trainer

if TYPE_CHECKING:
    from harmonium.estimators.vae import VAE

_ROWS_PER_COMPONENT = 600


def placement(
    estimator: VAE, rows: Array, labels: Labels | None, kept: Indices | None
) -> Callable[[Trainer], None] | None:
    """Return a trainer's callback that places a mixture after half of the epochs; None for other priors.

    Until then the posteriors are still far from where they will be. Then a draw from each of some training rows'
    posteriors, 600 a component, tells the mixture where to start, and the second half trains both together. Where
    `patience` runs out in the first half, that half ends and its best weights go on. The epochs before are
    `PRELIMINARY`.

    Parameters
    ----------
    estimator : VAE
        That has learned its scaling and seed.
    rows : ndarray of shape (n_samples, n_features)
    labels : ndarray of shape (n_samples, n_conditions), optional
    kept : ndarray of int, optional
        The rows that are trained on; all by default.
    """
    if estimator.prior != "mixture":
        return None
    is_due_after = math.ceil(estimator.n_epochs / 2)

    @torch.no_grad()
    def place(trainer: Trainer) -> None:
        module = trainer.objective.module
        prior: MixturePrior = module.prior
        before, patience = trainer.history[:-1], estimator.patience
        is_out = patience is not None and bool(before) and epochs_without_gain(before) >= patience
        is_due = not bool(prior.is_placed) and (is_out or trainer.epoch >= is_due_after)
        trainer.history[-1][PRELIMINARY] = float(not is_due and not prior.is_placed)
        if not is_due:
            return
        if is_out and trainer.best_state is not None:
            module.load_state_dict(trainer.best_state)
        generator = spawn_generator(estimator.seed_, "prior")
        chosen = np.arange(len(rows)) if kept is None else kept
        order = torch.randperm(len(chosen), generator=generator, **INTEGER).numpy()
        chosen = np.sort(chosen[order[: _ROWS_PER_COMPONENT * len(prior.means)]])
        module.eval()
        draws = [
            module.sample_posterior(*module.encode(v, c), generator)
            for v, c in in_chunks(rows, labels, estimator.scaling_, chosen)
        ]
        prior.place(torch.cat(draws), None if labels is None else as_tensor(labels[chosen]), estimator.seed_)
        module.train()

    return place
