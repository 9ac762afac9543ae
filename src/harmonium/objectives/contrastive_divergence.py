"""Contrastive divergence, started at the data or persistent, with gradients in closed form."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch

from harmonium.modules.gaussian_bernoulli import HIDDEN_CENTRE, GaussianBernoulliRBMModule, bernoulli
from harmonium.objectives.objective import LossOutput, Objective
from harmonium.samplers.gibbs import block_gibbs, collapsed_gibbs

NegativePhase = Literal["collapsed", "sampled", "mean-visible", "mean-field"]
NEGATIVE_PHASES: tuple[str, ...] = ("collapsed", "sampled", "mean-visible", "mean-field")
UNBIASED_NEGATIVE_PHASES: tuple[str, ...] = ("collapsed", "sampled")


class _Negative(NamedTuple):
    """The negative phase: hidden `h`, visible `x` = v / sigma, and whether `x` is E[x | h] in place of a draw."""

    h: torch.Tensor
    x: torch.Tensor
    visibles_integrated_out: bool


class ContrastiveDivergence(Objective):
    r"""Contrastive divergence: the data's free energy against that of chains started at the data.

    .. math:: L = \frac1B \sum_n F(v^{(n)}) - \frac1B \sum_n F(\tilde v^{(n)})

    with :math:`\tilde v` taken as constant, so that the gradient of L is the CD gradient [1]_. The Markov chain
    that leads from v to :math:`\tilde v` in k steps, any that leaves p(v, h) invariant, is the `negative_phase`:

    ``"sampled"``
        block Gibbs: h ~ p(h | v), v ~ p(v | h), as in [1]_;
    ``"collapsed"``
        h ~ p(h | v), then k Gibbs sweeps over h alone with v integrated out; the second term of L becomes the
        mean of :math:`G(\tilde h) = -\log \int e^{-E(v, \tilde h)} dv`, whose gradient is that of
        :math:`E(v, \tilde h)` averaged over :math:`v \sim p(v | \tilde h)` exactly. It mixes far better where sigma is
        small, and draws no visible noise;
    ``"mean-visible"``
        block Gibbs with v = E[v | h] in place of a draw;
    ``"mean-field"``
        no randomness: h = p(h | v), v = E[v | h]. Not a chain of the model: it learns to reconstruct.

    Parameters
    ----------
    module : GaussianBernoulliRBMModule
    generator : torch.Generator
        Draws the negative phase.
    n_gibbs_steps : int
        k.
    negative_phase : {"collapsed", "sampled", "mean-visible", "mean-field"}

    References
    ----------
    .. [1] G. Hinton, "Training Products of Experts by Minimizing Contrastive Divergence", Neural Computation 14
       (2002), eq. 5.
    """

    def __init__(
        self,
        module: GaussianBernoulliRBMModule,
        generator: torch.Generator,
        *,
        n_gibbs_steps: int = 1,
        negative_phase: NegativePhase = "collapsed",
    ) -> None:
        super().__init__()
        self.module = module
        self.generator = generator
        self.n_gibbs_steps = n_gibbs_steps
        self.negative_phase = negative_phase

    def project(self) -> None:
        """Keep learned standard deviations in their bounds."""
        self.module.project()

    def forward(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> LossOutput:
        """Return L; its autograd gradient is the one that `accumulate_gradients` writes in closed form."""
        with torch.no_grad():
            negative = self._negative(self.module.hidden_probabilities(batch))
        if negative.visibles_integrated_out:
            model_term = self.module.hidden_free_energy(negative.h).mean()
        else:
            model_term = self.module.free_energy(negative.x * self.module.sigma.detach()).mean()
        return LossOutput(self.module.free_energy(batch).mean() - model_term, {})

    @torch.no_grad()
    def accumulate_gradients(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        r"""Add the gradient of L in closed form.

        With :math:`x = v / \sigma` and :math:`\Delta\langle\cdot\rangle` the mean over the negative phase less that
        over the data,

        .. math::

            \partial_{W_{ij}} = \Delta\langle x_i h_j\rangle,\quad
            \partial_{\alpha_j} = \Delta\langle h_j\rangle,\quad
            \partial_{b_i} = \Delta\langle x_i\rangle / \sigma_i,\quad
            \partial_{\log\sigma_i^2} = \tfrac12 \Delta\langle x_i^2\rangle - b_i\, \partial_{b_i}
                                        - \tfrac12 \sum_j W_{ij}\, \partial_{W_{ij}}

        where h stands for p(h = 1 | v) where v is given, and :math:`\langle x^2\rangle` gains 1, the variance of x
        given h, where v is integrated out. The chain rule of :math:`b = b' - \sigma W c` then gives the gradients in
        the centred coordinates.
        """
        module = self.module
        sigma, weight = module.sigma, module.weight
        x_data = batch / sigma
        h_data = self._hidden_probabilities(x_data)
        h_model, x_model, integrated_out = self._negative(h_data)

        # both phases under one another, with the signs and shares of their means: each difference is one product
        x = torch.cat([x_model, x_data])
        share = torch.cat([x.new_full((len(h_model),), 1 / len(h_model)), x.new_full((len(batch),), -1 / len(batch))])
        h = torch.cat([h_model, h_data]).mul_(share[:, None])
        gradient_weight = h.T @ x
        gradient_bias = (share @ x).div_(sigma)
        if module.log_variance.requires_grad:
            squares = share @ x.square_() + float(integrated_out)
            interaction = (weight * gradient_weight).sum(0)
            centring = sigma * HIDDEN_CENTRE * weight.sum(0)
            gradient = 0.5 * (squares - interaction - centring * gradient_bias) - module.visible_bias * gradient_bias
            _add_gradient(module.log_variance, gradient)
        _add_gradient(module.weight, gradient_weight.sub_(HIDDEN_CENTRE * sigma * gradient_bias))
        _add_gradient(module.hidden_bias, h.sum(0))
        _add_gradient(module.visible_centre, gradient_bias)
        return {}

    def _hidden_probabilities(self, x: torch.Tensor) -> torch.Tensor:
        """Return p(h = 1 | v) for x = v / sigma, without the division that `module` would repeat."""
        return torch.addmm(self.module.hidden_bias, x, self.module.weight.T).sigmoid_()

    def _start(self, data_hidden: torch.Tensor) -> torch.Tensor:
        """Return the hidden states the chains start from, given p(h | v) of the data."""
        return data_hidden if self.negative_phase == "mean-field" else bernoulli(data_hidden, self.generator)

    def _negative(self, data_hidden: torch.Tensor) -> _Negative:
        module, generator, phase = self.module, self.generator, self.negative_phase
        h = self._start(data_hidden)
        if phase == "collapsed":
            h = collapsed_gibbs(module.hidden_marginal(), h, self.n_gibbs_steps, generator)
            return _Negative(h, module.standardised_mean(h), True)
        if phase == "sampled":
            h = block_gibbs(module, h, self.n_gibbs_steps - 1, generator)
            x = module.standardised_mean(h)
            x += torch.empty_like(x).normal_(generator=generator)
            return _Negative(self._hidden_probabilities(x), x, False)
        for step in range(self.n_gibbs_steps):
            if step > 0 and phase == "mean-visible":
                h = bernoulli(h, generator)
            x = module.standardised_mean(h)
            h = self._hidden_probabilities(x)
        return _Negative(h, x, False)


class PersistentContrastiveDivergence(ContrastiveDivergence):
    r"""Contrastive divergence whose chains go on from one step to the next instead of restarting at the data [1]_.

    Parameters
    ----------
    module, generator, n_gibbs_steps, negative_phase
        As in `ContrastiveDivergence`; ``"mean-field"`` has no chain to persist.
    n_chains : int
        They start with every hidden unit on with probability 1/2.

    References
    ----------
    .. [1] T. Tieleman, "Training Restricted Boltzmann Machines using Approximations to the Likelihood Gradient",
       ICML 2008.
    """

    chains: torch.Tensor

    def __init__(
        self,
        module: GaussianBernoulliRBMModule,
        generator: torch.Generator,
        *,
        n_chains: int,
        n_gibbs_steps: int = 1,
        negative_phase: NegativePhase = "collapsed",
    ) -> None:
        super().__init__(module, generator, n_gibbs_steps=n_gibbs_steps, negative_phase=negative_phase)
        start = torch.full((n_chains, module.n_hidden), 0.5, dtype=module.weight.dtype)
        self.register_buffer("chains", bernoulli(start, generator))

    def _start(self, data_hidden: torch.Tensor) -> torch.Tensor:
        return self.chains

    def _negative(self, data_hidden: torch.Tensor) -> _Negative:
        negative = super()._negative(data_hidden)
        # where v is given, h is p(h | v): the chain stands at a draw from it
        on = negative.h if negative.visibles_integrated_out else bernoulli(negative.h, self.generator)
        self.chains.copy_(on)
        return negative


def _add_gradient(parameter: torch.Tensor, gradient: torch.Tensor) -> None:
    if not parameter.requires_grad:
        return
    if parameter.grad is None:
        parameter.grad = gradient
    else:
        parameter.grad.add_(gradient)
