"""Watching a loss on rows held back: the best weights are kept, and training may end early."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from harmonium.training.trainer import HistoryRow, Trainer

VALIDATION_LOSS = "validation_loss"
PRELIMINARY = "preliminary"  # 1 in a row of the history whose epoch ended with a model that is still to be changed


def best_row(history: Sequence[HistoryRow]) -> HistoryRow:
    """Return the first row with the lowest validation loss, among those with a model of the last one's kind."""
    kind = history[-1].get(PRELIMINARY, 0.0)
    alike = [row for row in history if row.get(PRELIMINARY, 0.0) == kind]
    return min(alike, key=lambda row: row.get(VALIDATION_LOSS, math.inf))


def epochs_without_gain(history: Sequence[HistoryRow]) -> int:
    """Return how many epochs ago the row was that `best_row` returns."""
    return int(history[-1]["epoch"] - best_row(history)["epoch"])


class EarlyStopping:
    """A trainer's callback that records ``validation_loss`` and remembers the weights of the lowest.

    All that it knows is in the trainer, so that a run which was stopped goes on as if it had not been. Epochs
    that are `PRELIMINARY` neither end training nor give the weights that are kept, once there are others.

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
        n_without_gain = epochs_without_gain(trainer.history)
        if n_without_gain == 0:
            state = trainer.objective.module.state_dict()
            trainer.best_state = {key: value.clone() for key, value in state.items()}
        is_last = not trainer.history[-1].get(PRELIMINARY)
        trainer.has_ended = is_last and self.patience is not None and n_without_gain >= self.patience
