"""The one training loop."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence

import torch

from harmonium.data.batches import Batches
from harmonium.exceptions import DivergenceError, TrainingWarning
from harmonium.objectives.objective import Objective

HistoryRow = dict[str, float]


class Trainer:
    """Train an objective's module by stochastic gradient steps.

    Parameters
    ----------
    objective : Objective
        Asked for gradients on every batch and to project the parameters after every step.
    optimizer : torch.optim.Optimizer
        Over the objective's parameters.
    generator : torch.Generator
        Draws the order of the batches.
    schedule : callable, optional
        Maps the number of epochs done, with the current one's fraction, to a factor on the optimiser's learning rates;
        by default they stay.

    Attributes
    ----------
    epoch : int
        The number of epochs done.
    history : list of dict
        A row an epoch: ``epoch``, ``seconds`` (of the training steps alone), the mean over the epoch's steps of
        the objective's terms, and what callbacks added.
    best_state : dict of str to Tensor, or None
        The module's weights that a callback found best; None where none looks for them.
    has_ended : bool
        Set by a callback: no further epoch is run.
    doubts : list of TrainingWarning
        What callbacks have against the model as it was after the epoch whose weights are kept: the best, or the last.
    """

    def __init__(
        self,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
        generator: torch.Generator,
        schedule: Callable[[float], float] | None = None,
    ) -> None:
        self.objective = objective
        self.optimizer = optimizer
        self.generator = generator
        self.epoch = 0
        self.history: list[HistoryRow] = []
        self.best_state: dict[str, torch.Tensor] | None = None
        self.has_ended = False
        self.doubts: list[TrainingWarning] = []
        self._schedule = schedule
        self._rates = [group["lr"] for group in optimizer.param_groups]

    def train(self, batches: Batches, n_epochs: int, callbacks: Sequence[Callable[[Trainer], None]] = ()) -> None:
        """Train until `n_epochs` epochs are done, counting those done before, or a callback ends it.

        Parameters
        ----------
        batches : Batches
        n_epochs : int
        callbacks : sequence of callable
            Each is called with the trainer after every epoch, in this order; what a callback adds to
            ``trainer.history[-1]`` is recorded.

        Raises
        ------
        DivergenceError
            When a parameter, or a term of the loss, is no longer finite at the end of an epoch, or a callback finds
            that training has diverged; later callbacks, and so checkpoints, do not see that epoch.
        """
        self.objective.train()
        while self.epoch < n_epochs and not self.has_ended:
            start = time.perf_counter()
            terms = self._run_epoch(batches)
            self.epoch += 1
            self._check_finite(terms)
            best, doubts, self.doubts = self.best_state, self.doubts, []
            self.history.append({"epoch": self.epoch, "seconds": time.perf_counter() - start, **terms})
            for callback in callbacks:
                callback(self)
            if best is not None and self.best_state is best:  # the weights that are kept are still those of before
                self.doubts = doubts

    def generators(self) -> dict[str, torch.Generator]:
        """Return what the training draws from, by name."""
        return {"order": self.generator, **self.objective.generators()}

    def take_over(self, other: Trainer) -> None:
        """Go on from where another trainer stands, with copies of all that it knows but the module's parameters.

        What there is no place for here, the state of another kind of optimiser or another number of chains, is left.
        """
        buffers = dict(other.objective.named_buffers())
        for name, buffer in self.objective.named_buffers():
            if name in buffers and buffers[name].shape == buffer.shape:
                buffer.copy_(buffers[name])
        if type(self.optimizer) is type(other.optimizer):
            mine, theirs = self.optimizer.state_dict(), copy.deepcopy(other.optimizer.state_dict())
            self.optimizer.load_state_dict({**mine, "state": {**mine["state"], **theirs["state"]}})
        states = {name: generator.get_state() for name, generator in other.generators().items()}
        for name, generator in self.generators().items():
            if name in states:
                generator.set_state(states[name])
        self.epoch, self.history = other.epoch, [dict(row) for row in other.history]
        self.best_state, self.doubts = copy.deepcopy(other.best_state), list(other.doubts)

    def _run_epoch(self, batches: Batches) -> dict[str, float]:
        sums: dict[str, torch.Tensor] = {}
        n_steps = 0
        for batch, labels in batches.epoch(self.generator):
            if self._schedule is not None:
                factor = self._schedule(self.epoch + n_steps / len(batches))
                for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
                    group["lr"] = rate * factor
            for name, value in self.objective.set_gradients(batch, labels).items():
                sums[name] = sums.get(name, 0.0) + value
            self.optimizer.step()
            self.objective.project()
            n_steps += 1
        return {name: float(total) / n_steps for name, total in sums.items()}

    def _check_finite(self, terms: dict[str, float]) -> None:
        for name, value in self.objective.named_parameters():
            if not bool(torch.isfinite(value).all()):
                raise self.divergence(f"{name.removeprefix('module.')} is no longer finite")
        for name, term in terms.items():
            if not math.isfinite(term):
                raise self.divergence(f"{name} is no longer finite")

    @property
    def remedy(self) -> str:
        """What to change where training leads away from what is learned."""
        return f"a learning_rate below {self._rates[0]:g} may help"

    def divergence(self, what: str) -> DivergenceError:
        """Return the error that says what went wrong in this epoch, and what to change."""
        return DivergenceError(f"training diverged in epoch {self.epoch}: {what}; {self.remedy}")
