"""How far training is: a line an epoch, and on a terminal a bar below them."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from harmonium.training.trainer import Trainer


def _describe(trainer: Trainer) -> str:
    row = trainer.history[-1]
    return "  ".join(f"{key} {value:.5g}" for key, value in row.items() if key != "epoch")


class ProgressBar:
    """A trainer's callback and context manager: prints what each epoch recorded, and on a terminal draws a bar below.

    Parameters
    ----------
    label : str
        Says what is being trained.
    n_epochs : int
    """

    def __init__(self, label: str, n_epochs: int) -> None:
        self.label = label
        self.n_epochs = n_epochs
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True, emoji=False),
            disable=not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task(label, total=n_epochs)

    def __enter__(self) -> Callable[[Trainer], None]:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def __call__(self, trainer: Trainer) -> None:
        """Show the epoch just done."""
        line = f"{self.label}  epoch {trainer.epoch}/{self.n_epochs}  {_describe(trainer)}"
        print(line, file=sys.stderr, flush=True)  # above the bar, where there is one
        self._progress.update(self._task, completed=trainer.epoch)
