"""How far training is: a bar on a terminal, plain lines in a log."""

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
    """A trainer's callback and context manager: draws on a terminal, prints a line an epoch elsewhere.

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
            TextColumn("{task.fields[row]}"),
            console=Console(stderr=True, emoji=False),
            disable=not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task(label, total=n_epochs, row="")

    def __enter__(self) -> Callable[[Trainer], None]:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def __call__(self, trainer: Trainer) -> None:
        """Show the epoch just done."""
        if self._progress.disable:
            print(
                f"{self.label}  epoch {trainer.epoch}/{self.n_epochs}  {_describe(trainer)}",
                file=sys.stderr,
                flush=True,
            )
        else:
            self._progress.update(self._task, completed=trainer.epoch, row=_describe(trainer))
