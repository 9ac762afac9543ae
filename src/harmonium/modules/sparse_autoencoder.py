"""The sparse over-complete autoencoder with a linear decoder of unit-norm atoms."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.functional import linear


class SparseAutoencoderModule(nn.Module):
    r"""Non-linear encoder, linear decoder.

    .. math:: h = \max(0,\, E x + b), \qquad \hat x = D h + c

    The columns of D, the atoms of a dictionary, have unit norm, so that :math:`|h_i|` says how much of an atom an
    example has. E starts as the transpose of D, so that each unit starts as a matched filter for its atom, b and c at
    zero.

    Parameters
    ----------
    n_features, n_atoms : int
    generator : torch.Generator
    n_active : int, optional
        Only so many of an example's largest activations are kept, the others are set to zero (A. Makhzani, B. Frey,
        "k-Sparse Autoencoders", ICLR 2014).

    Attributes
    ----------
    dictionary : Parameter of shape (n_atoms, n_features)
        The transpose of D: one atom a row.
    weight : Parameter of shape (n_atoms, n_features)
        E.
    """

    def __init__(self, n_features: int, n_atoms: int, generator: torch.Generator, n_active: int | None = None) -> None:
        super().__init__()
        self.dictionary = nn.Parameter(torch.empty(n_atoms, n_features).normal_(generator=generator))
        self.project()
        self.weight = nn.Parameter(self.dictionary.detach().clone())
        self.bias = nn.Parameter(torch.zeros(n_atoms))
        self.centre = nn.Parameter(torch.zeros(n_features))
        self.n_active = n_active

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return h, non-negative, of shape (n, n_atoms)."""
        h = linear(x, self.weight, self.bias).relu()
        if self.n_active is None or self.n_active >= h.shape[1]:
            return h
        largest = h.topk(self.n_active, dim=1)
        return torch.zeros_like(h).scatter(1, largest.indices, largest.values)

    def decode(self, h: torch.Tensor) -> torch.Tensor:
        """Return D h + c, of shape (n, n_features)."""
        return torch.addmm(self.centre, h, self.dictionary)

    def reconstruct(self, x: torch.Tensor) -> torch.Tensor:
        """Return the decoded code of x, of shape (n, n_features)."""
        return self.decode(self.encode(x))

    @torch.no_grad()
    def project(self) -> None:
        """Scale every atom to unit norm."""
        norms = torch.linalg.vector_norm(self.dictionary, dim=1, keepdim=True)
        self.dictionary.div_(norms.clamp_min(math.sqrt(torch.finfo(norms.dtype).tiny)))
