"""The sparse over-complete autoencoder with a linear decoder of unit-norm atoms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import linear

from harmonium.precision import SINGLE

Scope = Literal["example", "batch"]
_STEP = 0.2  # of the longest that is safe


class SparseAutoencoderModule(nn.Module):
    r"""Non-linear encoder, linear decoder.

    .. math:: h = \max(0,\, E x + b), \qquad \hat x = D h + c

    The columns of D, the atoms of a dictionary, have unit norm, so that :math:`|h_i|` says how much of an atom an
    example has. E starts as the transpose of D, so that each unit starts as a matched filter for its atom, b and c at
    zero.

    With `n_steps` the encoder is that many steps, from :math:`h^{(0)} = 0`, of

    .. math:: h^{(t+1)} = \max\bigl(0,\, h^{(t)} + \eta\, (E x + b - G_t h^{(t)})\bigr),

    with a matrix :math:`G_t` a step, which starts as :math:`D^\top D` and is learned as E is (K. Gregor, Y. LeCun,
    "Learning Fast Approximations of Sparse Coding", ICML 2010: their S is :math:`I - \eta G`, the same at every step).
    At :math:`E = D^\top`, :math:`G_t = D^\top D` and :math:`b = -\lambda/2 - D^\top c` these are steps of iterative
    shrinkage for the least :math:`\|x - c - D h\|^2 + \lambda \sum_i h_i` over :math:`h \ge 0`;
    :math:`\eta` stays a fifth of the longest safe step, :math:`1/\|D\|_2^2`, of the start: units that start loud die.

    Parameters
    ----------
    n_features, n_atoms : int
    generator : torch.Generator
    n_active : int, optional
        Only so many of an example's largest activations are kept, the others are set to zero (A. Makhzani, B. Frey,
        "k-Sparse Autoencoders", ICLR 2014).
    n_active_of : {"example", "batch"}
        Of a batch of B examples the :math:`B` `n_active` largest activations are kept in training, wherever they are,
        and outside of it those of at least `threshold` (B. Bussmann, P. Leask, N. Nanda, "BatchTopK Sparse
        Autoencoders", 2024).
    n_steps : int, optional
        Of the unrolled encoder; None for the one layer.

    Attributes
    ----------
    dictionary : Parameter of shape (n_atoms, n_features)
        The transpose of D: one atom a row.
    weight : Parameter of shape (n_atoms, n_features)
        E.
    inhibition : Parameter of shape (n_steps - 1, n_atoms, n_atoms)
        G, a matrix for each step but the first, where the encoder is unrolled.
    threshold : Tensor, scalar
        With `n_active` of a batch: the least activation kept outside of training (`learn_threshold`).
    """

    step_size: torch.Tensor
    threshold: torch.Tensor

    def __init__(
        self,
        n_features: int,
        n_atoms: int,
        generator: torch.Generator,
        n_active: int | None = None,
        n_active_of: Scope = "example",
        n_steps: int | None = None,
    ) -> None:
        super().__init__()
        self.dictionary = nn.Parameter(torch.empty(n_atoms, n_features, **SINGLE).normal_(generator=generator))
        self.project()
        self.weight = nn.Parameter(self.dictionary.detach().clone())
        self.bias = nn.Parameter(torch.zeros(n_atoms, **SINGLE))
        self.centre = nn.Parameter(torch.zeros(n_features, **SINGLE))
        # a small NumPy integer would overflow where it is multiplied
        self.n_active = None if n_active is None else int(n_active)
        self.n_active_of, self.n_steps = n_active_of, n_steps
        if n_steps is not None:
            gram = torch.empty(n_atoms, n_atoms, **SINGLE)
            torch.mm(self.dictionary.detach(), self.dictionary.detach().T, out=gram)
            self.inhibition = nn.Parameter(torch.empty(n_steps - 1, n_atoms, n_atoms, **SINGLE).copy_(gram))
            self.register_buffer("step_size", _STEP / torch.linalg.eigvalsh(gram)[-1])
        if n_active is not None and n_active_of == "batch":
            self.register_buffer("threshold", torch.zeros((), **SINGLE))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return h, non-negative, of shape (n, n_atoms)."""
        return self._keep_largest(self._activations(x))

    def _activations(self, x: torch.Tensor) -> torch.Tensor:
        u = linear(x, self.weight, self.bias)
        if self.n_steps is None:
            return u.relu()
        drive = self.step_size * u
        h = drive.relu()
        for inhibition in self.inhibition:
            h = (h + drive - self.step_size * linear(h, inhibition)).relu()
        return h

    def _keep_largest(self, h: torch.Tensor) -> torch.Tensor:
        if self.n_active is None or self.n_active >= h.shape[1]:
            return h
        if self.n_active_of == "example":
            largest = h.topk(self.n_active, dim=1)
            return torch.zeros_like(h).scatter(1, largest.indices, largest.values)
        if not self.training:
            return h.where(h >= self.threshold, 0)
        largest = h.flatten().topk(self.n_active * len(h))
        return torch.zeros_like(h.flatten()).scatter(0, largest.indices, largest.values).view_as(h)

    @torch.no_grad()
    def learn_threshold(self, batches: Iterable[torch.Tensor]) -> None:
        """Set the threshold so that `n_active` activations of an example are kept on average, over these examples.

        Parameters
        ----------
        batches : iterable of Tensor of shape (n, n_features)
            Of which one is in memory at a time.
        """
        n_atoms, n_kept, largest = len(self.dictionary), 0, torch.empty(0, **SINGLE)
        for x in batches:
            n_kept += min(self.n_active or n_atoms, n_atoms) * len(x)
            largest = torch.cat([largest, self._activations(x).flatten()]).topk(n_kept).values
        self.threshold.copy_(largest[-1])

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
