"""The Gaussian-Bernoulli restricted Boltzmann machine: its parameters and its exact quantities."""

from __future__ import annotations

import math

import torch
from torch import nn

from harmonium.exceptions import SigmaAtBoundWarning
from harmonium.modules.hidden_marginal import HiddenMarginal
from harmonium.modules.rbm import HIDDEN_CENTRE, RBMModule, StandardisedRBM, gradient_of
from harmonium.precision import DOUBLE
from harmonium.random.draws import fill_normal

_AT_BOUND, _NOTABLE = 1.001, 0.1


class StandardisedGaussianRBM(StandardisedRBM):
    r"""The RBM over :math:`x = v / \sigma`, whose visible units have variance one.

    Parameters
    ----------
    module : GaussianBernoulliRBMModule
    """

    def __init__(self, module: GaussianBernoulliRBMModule) -> None:
        self.inverse_sigma = (-0.5 * module.log_variance).exp()
        super().__init__(module, module.visible_centre * self.inverse_sigma)
        self._module = module

    def standardise(self, v: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`v / \sigma`."""
        return torch.mul(v, self.inverse_sigma, out=out)

    def mean(self, s: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`E[x_i | h] = b'_i / \sigma_i + \sum_j W_{ij} s_j`."""
        return torch.addmm(self.centre, s, self.weight, out=out)

    def sample(self, s: torch.Tensor, generator: torch.Generator, out: torch.Tensor) -> torch.Tensor:
        """Draw from N(E[x | h], I)."""
        return fill_normal(out, generator).add_(self.mean(s))

    def finish_gradients(self, x: torch.Tensor, share: torch.Tensor, visible_variance: float) -> None:
        r"""Write the gradients by :math:`b'` and :math:`\log\sigma^2` (see `ContrastiveDivergence`)."""
        module = self._module
        gradient_centre = gradient_of(module.visible_centre).mul_(self.inverse_sigma)
        if module.learns_scale:
            gradient = torch.mv(x.square_().T, share, out=gradient_of(module.log_variance))
            interaction = (module.weight * gradient_of(module.weight)).sum(0)
            gradient.add_(visible_variance).sub_(interaction).mul_(0.5)
            gradient.addcmul_(module.visible_centre, gradient_centre, value=-1)


class GaussianBernoulliRBMModule(RBMModule):
    r"""Parameters and exact quantities of the Gaussian-Bernoulli RBM.

    .. math::

        E(v, h) = -\sum_{ij} W_{ij} h_j \frac{v_i}{\sigma_i} + \sum_i \frac{(v_i - b_i)^2}{2\sigma_i^2}
                  - \sum_j \alpha_j h_j, \qquad p(v, h) = e^{-E(v, h)} / Z

    The visible bias is stored centred (see `RBMModule`): :math:`b'_i = b_i + \tfrac12 \sigma_i \sum_j W_{ij}` is the
    mean of v when every hidden unit is half on.

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
    """

    visible_mean_is_linear = True

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
        super().__init__(n_visible, n_hidden, generator)
        log_variance = 2 * torch.as_tensor(sigma, **DOUBLE).log()
        self.log_variance = nn.Parameter(
            log_variance.to(torch.float32).expand(n_visible).clone(), requires_grad=learn_sigma
        )
        self.sigma_bounds = sigma_bounds

    @property
    def sigma(self) -> torch.Tensor:
        r""":math:`\sigma_i = \exp(\tfrac12 \log\sigma_i^2)`, shape (n_visible,)."""
        return (0.5 * self.log_variance).exp()

    @property
    def visible_bias(self) -> torch.Tensor:
        r""":math:`b_i = b'_i - \tfrac12 \sigma_i \sum_j W_{ij}`, shape (n_visible,)."""
        return self.visible_centre - self.sigma * (HIDDEN_CENTRE * self.weight.sum(0))

    @property
    def learns_scale(self) -> bool:
        r"""Whether :math:`\sigma` takes gradients."""
        return self.log_variance.requires_grad

    def scale_range(self) -> dict[str, float]:
        r"""Return ``sigma_min`` and ``sigma_max``, where :math:`\sigma` takes gradients."""
        if not self.learns_scale:
            return {}
        sigma = self.sigma.detach()
        return {"sigma_min": float(sigma.min()), "sigma_max": float(sigma.max())}

    def doubt_of_scale(self, spread: torch.Tensor) -> SigmaAtBoundWarning | None:
        r"""Return a warning where a tenth of the learned :math:`\sigma_i` stand at a bound without need.

        Features that vary less than the lower bound need it, such as a picture's constant margin.
        """
        low, high = self.sigma_bounds
        if not self.learns_scale or low == high:
            return None
        at_low = (self.sigma <= low * _AT_BOUND) & (spread > low)
        at_high = self.sigma >= high / _AT_BOUND
        share, bound = max((float(at.float().mean()), bound) for at, bound in ((at_low, low), (at_high, high)))
        if share < _NOTABLE:
            return None
        return SigmaAtBoundWarning(
            f"sigma of {share:.0%} of the features is at its bound, {bound:g}, in units of the scaled data; a lower "
            "sigma_learning_rate, wider sigma_bounds or another scaling may help"
        )

    def standardise(self, v: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`x = v / \sigma`."""
        return v / self.sigma

    def unstandardise(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`v = \sigma x`."""
        return self.sigma * x

    def standardised(self) -> StandardisedGaussianRBM:
        """Divide the visible units by their standard deviations."""
        return StandardisedGaussianRBM(self)

    def visible_energy(self, v: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`\sum_i (v_i - b_i)^2 / 2\sigma_i^2`, shape (n,)."""
        return ((v - self.visible_bias) ** 2 / (2 * self.sigma**2)).sum(-1)

    def reconstruction_loss(self, v: torch.Tensor) -> torch.Tensor:
        """Return the squared error of the mean-field reconstruction, summed over features; shape (n,)."""
        return (v - self.reconstruct(v)).square().sum(-1)

    def sample_visible(self, h: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        r"""Draw v from :math:`N(b_i + \sigma_i \sum_j W_{ij} h_j, \sigma_i^2)`; shape (n, n_visible)."""
        mean = self.visible_mean(h)
        return mean + self.sigma * fill_normal(torch.empty_like(mean), generator)

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
        """G(h) = -log ∫ exp(-E(v, h)) dv, the negative of `hidden_marginal`'s log weight; shape (n,)."""
        return -self.hidden_marginal().log_weight(h)

    def project(self) -> None:
        """Bring learned standard deviations back into `sigma_bounds`."""
        if self.log_variance.requires_grad:
            low, high = self.sigma_bounds
            with torch.no_grad():
                self.log_variance.clamp_(2 * math.log(low), 2 * math.log(high))
