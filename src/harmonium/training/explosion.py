"""A loss that has grown while it should fall, though every number is still finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harmonium.exceptions import NothingLearnedWarning
from harmonium.training.trainer import Trainer

_EXPLODED, _GROWN = 10.0, 0.1


class ExplosionWatch:
    r"""A trainer's callback that compares the loss of some training rows with that of the same rows before training.

    With l the loss a value of these rows, in nats or as a square of values whose variance is near one, training has
    diverged after an epoch with

    .. math:: l_{now} - l_{start} > 10\, (1 + |l_{start}|)

    and NothingLearnedWarning is among the trainer's doubts from a hundredth of that on. What learns anything comes near
    neither: it is not the mean over an epoch that counts, whose first steps may be wild, but the model at its end.

    Parameters
    ----------
    loss : callable
        Maps a module to l, with the same draws whenever it is called.
    module : torch.nn.Module
        As it is before training.
    """

    def __init__(self, loss: Callable[[Any], float], module: Any) -> None:
        self.loss = loss
        self.start = loss(module)

    def __call__(self, trainer: Trainer) -> None:
        """Measure this epoch."""
        now = self.loss(trainer.objective.module)
        growth = (now - self.start) / (1 + abs(self.start))
        what = f"the loss a value of the training rows has grown from {self.start:.3g} to {now:.3g}"
        if not growth <= _EXPLODED:  # a NaN is not either
            raise trainer.divergence(what)
        if growth > _GROWN:
            trainer.doubts.append(NothingLearnedWarning(f"nothing was learned: {what}; {trainer.remedy}"))
