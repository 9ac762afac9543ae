"""The Gaussian-Bernoulli restricted Boltzmann machine: its parameters and its exact quantities."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import softplus

from harmonium.random.draws import bernoulli, fill_normal

HIDDEN_CENTRE = 0.5
INITIAL_WEIGHT_SD = 0.01


class HiddenMarginal(NamedTuple):
    r"""The marginal of the hidden units, a fully visible Boltzmann machine (see `hidden_marginal`).

    Attributes
    ----------
    field : Tensor of shape (n_hidden,)
        :math:`\theta`.
    couplings : Tensor of shape (n_hidden, n_hidden)
        :math:`J`, symmetric with a zero diagonal.
    constant : Tensor, scalar
        :math:`c`.
    """

    field: torch.Tensor
    couplings: torch.Tensor
    constant: torch.Tensor

    def log_weight(self, h: torch.Tensor) -> torch.Tensor:
        r""":math:`\theta^\top h + \tfrac12 h^\top J h + c` of every row of `h`, shape (n,)."""
        return h @ self.field + 0.5 * ((h @ self.couplings) * h).sum(-1) + self.constant


class StandardisedMachine(NamedTuple):
    r"""The machine over :math:`x = v / \sigma`, whose visible units have variance one (see `standardised`).

    Attributes
    ----------
    weight : Tensor of shape (n_hidden, n_visible)
        :math:`W`.
    hidden_bias : Tensor of shape (n_hidden,)
        :math:`\alpha`.
    centre : Tensor of shape (n_visible,)
        :math:`b' / \sigma`.
    inverse_sigma : Tensor of shape (n_visible,)
        :math:`1 / \sigma`.
    """

    weight: torch.Tensor
    hidden_bias: torch.Tensor
    centre: torch.Tensor
    inverse_sigma: torch.Tensor

    def hidden_probabilities(self, x: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`\operatorname{sigmoid}(\alpha_j + \sum_i W_{ij} x_i)`, (n, n_hidden), in `out` if given.

        In memory a hidden unit is a row and a batch's rows are its columns: a product whose rows are as long as the
        batch, and not as the hidden units are many, is faster.
        """
        by_unit = None if out is None else out.T
        return torch.addmm(self.hidden_bias[:, None], self.weight, x.T, out=by_unit).sigmoid_().T

    def mean(self, s: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`E[x_i | h] = b'_i / \sigma_i + \sum_j W_{ij} s_j` of :math:`s = h - c`, shape (n, n_visible).

        Written to `out` if given.
        """
        return torch.addmm(self.centre, s, self.weight, out=out)


class GaussianBernoulliRBMModule(nn.Module):
    r"""Parameters and exact quantities of the Gaussian-Bernoulli RBM.

    .. math::

        E(v, h) = -\sum_{ij} W_{ij} h_j \frac{v_i}{\sigma_i} + \sum_i \frac{(v_i - b_i)^2}{2\sigma_i^2}
                  - \sum_j \alpha_j h_j, \qquad p(v, h) = e^{-E(v, h)} / Z

    The visible bias is stored *centred*: the parameter `visible_centre` is
    :math:`b'_i = b_i + \sigma_i \sum_j W_{ij} c_j` with the constant :math:`c_j = 1/2`, the mean of v when every
    hidden unit is half on, and :math:`b` follows from it. The energy is the one above; only the coordinates in
    which an optimiser moves differ, so that a change of W no longer drags the mean of the data along [1]_.

    Parameters
    ----------
    n_visible, n_hidden : int
    sigma : float or Tensor of shape (n_visible,)
        The initial (or, if not learned, the fixed) standard deviations.
    learn_sigma : bool
        Whether :math:`\log \sigma_i^2` takes gradients.
    sigma_bounds : (float, float)
        `project` keeps every learned :math:`\sigma_i` in this interval.
    generator : torch.Generator, optional
        Draws the initial weights, N(0, 0.01²); all biases start at zero.

    References
    ----------
    .. [1] J. Melchior, A. Fischer, L. Wiskott, "How to Center Deep Boltzmann Machines", JMLR 17 (2016), eq. 6-8.
    """

    def __init__(
        self,
        n_visible: int,
        n_hidden: int,
        *,
        sigma: float | torch.Tensor = 1.0,
        learn_sigma: bool = False,
        sigma_bounds: tuple[float, float] = (0.0, math.inf),
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(INITIAL_WEIGHT_SD * torch.randn(n_hidden, n_visible, generator=generator))
        self.hidden_bias = nn.Parameter(torch.zeros(n_hidden))
        self.visible_centre = nn.Parameter(torch.zeros(n_visible))
        log_variance = 2 * torch.as_tensor(sigma, dtype=torch.float64).log()
        self.log_variance = nn.Parameter(
            log_variance.to(torch.float32).expand(n_visible).clone(), requires_grad=learn_sigma
        )
        self.sigma_bounds = sigma_bounds

    @property
    def n_visible(self) -> int:
        """Number of visible units."""
        return self.weight.shape[1]

    @property
    def n_hidden(self) -> int:
        """Number of hidden units, M."""
        return self.weight.shape[0]

    @property
    def sigma(self) -> torch.Tensor:
        r""":math:`\sigma_i = \exp(\tfrac12 \log\sigma_i^2)`, shape (n_visible,)."""
        return (0.5 * self.log_variance).exp()

    @property
    def visible_bias(self) -> torch.Tensor:
        r""":math:`b_i = b'_i - \sigma_i \sum_j W_{ij} c_j`, shape (n_visible,)."""
        return self.visible_centre - self.sigma * (HIDDEN_CENTRE * self.weight.sum(0))

    def energy(self, v: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        """E(v, h) of every row, as in the class docstring; shape (n,)."""
        interaction = ((v / self.sigma) @ self.weight.T * h).sum(-1)
        quadratic = ((v - self.visible_bias) ** 2 / (2 * self.sigma**2)).sum(-1)
        return -interaction + quadratic - h @ self.hidden_bias

    def hidden_preactivation(self, v: torch.Tensor) -> torch.Tensor:
        r""":math:`\alpha_j + \sum_i W_{ij} v_i / \sigma_i`, shape (n, n_hidden)."""
        return self.hidden_bias + (v / self.sigma) @ self.weight.T

    def hidden_probabilities(self, v: torch.Tensor) -> torch.Tensor:
        r""":math:`p(h_j = 1 | v) = \operatorname{sigmoid}(\alpha_j + \sum_i W_{ij} v_i / \sigma_i)`."""
        return self.hidden_preactivation(v).sigmoid()

    def visible_mean(self, h: torch.Tensor) -> torch.Tensor:
        r""":math:`E[v_i | h] = b_i + \sigma_i \sum_j W_{ij} h_j`."""
        return self.sigma * self.standardised().mean(h - HIDDEN_CENTRE)

    def standardised(self) -> StandardisedMachine:
        """Divide the visible units by their standard deviations."""
        inverse_sigma = (-0.5 * self.log_variance).exp()
        return StandardisedMachine(self.weight, self.hidden_bias, self.visible_centre * inverse_sigma, inverse_sigma)

    def reconstruct(self, v: torch.Tensor) -> torch.Tensor:
        """Return the deterministic mean-field pass v -> p(h | v) -> E[v | h], shape (n, n_visible)."""
        return self.visible_mean(self.hidden_probabilities(v))

    def sample_hidden(self, v: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw h from p(h | v), as 0.0 and 1.0; shape (n, n_hidden)."""
        return bernoulli(self.hidden_probabilities(v), generator)

    def sample_visible(self, h: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw v from p(v | h) = N(E[v | h], diag σ²); shape (n, n_visible)."""
        mean = self.visible_mean(h)
        return mean + self.sigma * fill_normal(torch.empty_like(mean), generator)

    def free_energy(self, v: torch.Tensor) -> torch.Tensor:
        r"""F(v) = -log Σ_h exp(-E(v, h)), shape (n,).

        .. math:: F(v) = \sum_i \frac{(v_i - b_i)^2}{2\sigma_i^2}
                         - \sum_j \log\bigl(1 + e^{\alpha_j + \sum_i W_{ij} v_i / \sigma_i}\bigr)
        """
        quadratic = ((v - self.visible_bias) ** 2 / (2 * self.sigma**2)).sum(-1)
        return quadratic - softplus(self.hidden_preactivation(v)).sum(-1)

    def hidden_marginal(self) -> HiddenMarginal:
        r"""Integrate the visible units out.

        .. math::

            \int e^{-E(v, h)}\, dv = \exp\bigl(\theta^\top h + \tfrac12 h^\top J h + c\bigr), \quad
            \theta_j = \alpha_j + \sum_i \frac{W_{ij} b_i}{\sigma_i} + \tfrac12 \sum_i W_{ij}^2, \quad
            J_{jk} = \sum_i W_{ij} W_{ik}\ (j \ne k), \quad
            c = \sum_i \log\bigl(\sqrt{2\pi}\,\sigma_i\bigr)

        by completing the square of the Gaussian integral and :math:`h_j^2 = h_j`. Sums and chains over h
        therefore cost nothing in the number of visible units.
        """
        gram = self.weight @ self.weight.T
        squared_norms = gram.diagonal()
        field = self.hidden_bias + self.weight @ (self.visible_bias / self.sigma) + 0.5 * squared_norms
        constant = 0.5 * self.log_variance.sum() + 0.5 * self.n_visible * math.log(2 * math.pi)
        return HiddenMarginal(field, gram - torch.diag(squared_norms), constant)

    def hidden_free_energy(self, h: torch.Tensor) -> torch.Tensor:
        """G(h) = -log ∫ exp(-E(v, h)) dv, the counterpart of `free_energy`; shape (n,)."""
        return -self.hidden_marginal().log_weight(h)

    def project(self) -> None:
        """Bring learned standard deviations back into `sigma_bounds`."""
        if self.log_variance.requires_grad:
            low, high = self.sigma_bounds
            with torch.no_grad():
                self.log_variance.clamp_(2 * math.log(low), 2 * math.log(high))
