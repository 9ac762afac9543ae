"""Paths of distributions from the uniform one over the hidden states to an RBM's, for annealed importance sampling."""

from __future__ import annotations

import copy
import functools
import math
from abc import ABC, abstractmethod

import torch

from harmonium.modules.hidden_marginal import HiddenMarginal
from harmonium.modules.rbm import RBMModule
from harmonium.precision import DOUBLE
from harmonium.samplers.gibbs import block_gibbs, collapsed_gibbs


class AnnealingPath(ABC):
    r"""Base of the paths :math:`f_\beta(h)`, from a constant at :math:`\beta = 0` to :math:`e^{-G(h)}` at 1.

    Chains move in float32, which is twice as fast; weights are as exact as the module.

    Attributes
    ----------
    n_hidden : int
    log_base : float
        :math:`\log \sum_h f_0(h)`.
    """

    n_hidden: int
    log_base: float

    @abstractmethod
    def log_ratio(self, h: torch.Tensor, before: float, after: float) -> torch.Tensor:
        r"""Return :math:`\log f_{after}(h) - \log f_{before}(h)`; float64, (n,)."""

    @abstractmethod
    def advance(self, h: torch.Tensor, beta: float, generator: torch.Generator) -> torch.Tensor:
        r"""Move chains by a transition that leaves :math:`f_\beta` invariant."""


class CollapsedPath(AnnealingPath):
    r"""The path :math:`\log f_\beta(h) = \beta\,(\theta^\top h + \tfrac12 h^\top J h) + c`, by collapsed Gibbs sweeps.

    Parameters
    ----------
    marginal : HiddenMarginal
        In float64.
    """

    def __init__(self, marginal: HiddenMarginal) -> None:
        self.n_hidden = len(marginal.field)
        self.log_base = self.n_hidden * math.log(2) + float(marginal.constant.detach())
        self._free_of_constant = marginal._replace(constant=torch.zeros_like(marginal.constant))

    def log_ratio(self, h: torch.Tensor, before: float, after: float) -> torch.Tensor:
        r"""Return :math:`\theta^\top h + \tfrac12 h^\top J h`, times the difference of the two."""
        return self._free_of_constant.log_weight(h.double()) * (after - before)

    def advance(self, h: torch.Tensor, beta: float, generator: torch.Generator) -> torch.Tensor:
        """Make one collapsed sweep."""
        tempered = HiddenMarginal(*((beta * part).float() for part in self._free_of_constant))
        return collapsed_gibbs(tempered, h, 1, generator)


class BlockPath(AnnealingPath):
    r"""The path :math:`f_\beta(h) = \sum_v e^{-\beta E(v, h)}`, by block Gibbs at the energy :math:`\beta E`.

    Parameters
    ----------
    module : RBMModule
        One that can be `tempered`; in float64.
    """

    def __init__(self, module: RBMModule) -> None:
        self.n_hidden = module.n_hidden
        self._moving = copy.deepcopy(module).float()
        # a temperature is asked for at the end of one step and at the beginning of the next
        self._tempered = functools.lru_cache(maxsize=2)(module.tempered)
        anywhere = torch.zeros(1, module.n_hidden, **DOUBLE)
        constant = -self._tempered(0.0).hidden_free_energy(anywhere).detach()
        self.log_base = self.n_hidden * math.log(2) + float(constant)

    def log_ratio(self, h: torch.Tensor, before: float, after: float) -> torch.Tensor:
        """Return the difference of two free energies of h."""
        cold, warm = (self._tempered(beta).hidden_free_energy(h.double()) for beta in (after, before))
        return warm - cold

    def advance(self, h: torch.Tensor, beta: float, generator: torch.Generator) -> torch.Tensor:
        """Go from h to v and back."""
        return block_gibbs(self._moving.tempered(beta), h, 1, generator)


def annealing_path(module: RBMModule) -> AnnealingPath:
    """Return the path of an RBM in float64: collapsed where its hidden marginal is quadratic, else block."""
    marginal = module.hidden_marginal()
    return BlockPath(module) if marginal is None else CollapsedPath(marginal)
