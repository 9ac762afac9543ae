"""Watching a loss on rows held back: the best weights are kept, and training may end early."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from harmonium.training.trainer import Trainer

VALIDATION_LOSS = "validation_loss"


class EarlyStopping:
    """A trainer's callback that records ``validation_loss`` and remembers the weights of the lowest.

    All that it knows is in the trainer, so that a run which was stopped goes on as if it had not been.

    Parameters
    ----------
    validation_loss : callable
        Maps the module to a number.
    patience : int or None
        Training ends after so many epochs without a lower loss; None never ends it early.

    References
    ----------
    L. Prechelt, "Early Stopping - But When?", Neural Networks: Tricks of the Trade, 1998.
    """

    def __init__(self, validation_loss: Callable[[Any], float], patience: int | None) -> None:
        self.validation_loss = validation_loss
        self.patience = patience

    def __call__(self, trainer: Trainer) -> None:
        """Measure this epoch."""
        loss = self.validation_loss(trainer.objective.module)
        if not math.isfinite(loss):
            raise trainer.divergence(f"the {VALIDATION_LOSS} is no longer finite")
        trainer.history[-1][VALIDATION_LOSS] = loss
        losses = [row.get(VALIDATION_LOSS, np.inf) for row in trainer.history]
        best = int(np.argmin(losses))
        if best == len(losses) - 1:
            state = trainer.objective.module.state_dict()
            trainer.best_state = {key: value.clone() for key, value in state.items()}
        trainer.has_ended = self.patience is not None and len(losses) - 1 - best >= self.patience
