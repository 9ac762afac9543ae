"""Memory for both phases of contrastive divergence."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Phases(NamedTuple):
    r"""Room for x and h of both phases, the model's rows above the data's, kept from step to step.

    Where the chains' x need not be formed, the model's rows are those of W and of the centre of x.

    Fresh memory in every step would cost more than the products of a small RBM.
    """

    x: torch.Tensor
    h: torch.Tensor  # in memory a row a unit, as `StandardisedRBM.hidden_probabilities` writes it
    share: torch.Tensor  # of each row in the model's mean less the data's
    s: torch.Tensor  # h - 1/2 of the chains' states; in memory as h
    s_and_one: torch.Tensor  # the same, and a last column of ones
    x_model: torch.Tensor
    h_model: torch.Tensor
    x_data: torch.Tensor
    h_data: torch.Tensor

    @classmethod
    def make(cls, n_model: int, n_data: int, n_chains: int, weight: torch.Tensor) -> Phases:
        """Return room for so many rows of each phase, and for the states of so many chains."""
        n_hidden, n_visible = weight.shape
        x = weight.new_empty(n_model + n_data, n_visible)
        h = weight.new_empty(n_hidden, n_model + n_data).T
        share = torch.cat([weight.new_full((n_model,), 1 / n_model), weight.new_full((n_data,), -1 / n_data)])
        s_and_one = weight.new_ones(n_hidden + 1, n_chains).T
        return cls(x, h, share, s_and_one[:, :-1], s_and_one, x[:n_model], h[:n_model], x[n_model:], h[n_model:])

    def fits(self, n_model: int, n_data: int, n_chains: int, weight: torch.Tensor) -> bool:
        """Whether `make` would return room of this size."""
        wanted = (n_model, n_data, n_chains, weight.dtype)
        return (len(self.x_model), len(self.x_data), len(self.s), self.x.dtype) == wanted
