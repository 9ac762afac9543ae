"""What a trainer asks of every model family: a loss, its gradients and a projection."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn


class LossOutput(NamedTuple):
    """What an objective makes of a batch.

    Attributes
    ----------
    loss : Tensor, scalar
        The quantity whose gradient trains the module.
    terms : dict of str to Tensor
        Detached scalars worth recording, averaged over an epoch by the trainer.
    """

    loss: torch.Tensor
    terms: dict[str, torch.Tensor]


class Objective(nn.Module):
    """Base of the objectives: a module held together with the loss that trains it.

    Parameters
    ----------
    module : torch.nn.Module
        What is trained.
    generator : torch.Generator, optional
        What the loss draws from; checkpoints keep its state.
    """

    module: Any
    generator: Any

    def __init__(self, module: nn.Module, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.module = module
        self.generator = generator

    def forward(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> LossOutput:
        """Return the loss of a batch: the mean over its rows.

        Parameters
        ----------
        batch : Tensor of shape (n, n_features)
        labels : Tensor, optional
            What goes with the rows: class indices of shape (n,), or conditions of shape (n, n_conditions).
        """
        raise NotImplementedError

    def set_gradients(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        """Set every parameter's ``.grad`` to the loss's gradient on a batch and return the terms to record.

        By default autograd's; an objective with a closed form may write its own, tested equal.
        """
        self.zero_grad()
        output: LossOutput = self(batch, labels)
        output.loss.backward()  # type: ignore[no-untyped-call]  # untyped in PyTorch
        return output.terms

    def project(self) -> None:
        """Bring the parameters back to where they are allowed to be; called after every optimiser step."""

    def generators(self) -> dict[str, torch.Generator]:
        """Return what the objective draws from, by the names under which checkpoints keep it beside `state_dict`."""
        return {} if self.generator is None else {"sampling": self.generator}
