"""Contrastive divergence, started at the data or persistent, with gradients in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch

from harmonium.modules.rbm import HIDDEN_CENTRE, RBMModule, StandardisedRBM, gradient_of
from harmonium.objectives.objective import LossOutput, Objective
from harmonium.random.draws import bernoulli
from harmonium.samplers.gibbs import block_gibbs, collapsed_gibbs

NegativePhase = Literal["collapsed", "sampled", "mean-visible", "mean-field"]
NEGATIVE_PHASES: tuple[str, ...] = ("collapsed", "sampled", "mean-visible", "mean-field")
UNBIASED_NEGATIVE_PHASES: tuple[str, ...] = ("collapsed", "sampled")


class _Phases(NamedTuple):
    """Room for x = v / sigma and h of both phases, the model's rows above the data's, kept from step to step.

    Where the chains' v need not be formed, the model's rows are those of W and b' / sigma.

    Fresh memory in every step would cost more than the products of a small RBM.
    """

    x: torch.Tensor
    h: torch.Tensor  # in memory a row a unit, as `StandardisedRBM.hidden_probabilities` writes it
    share: torch.Tensor  # of each row in the model's mean less the data's
    s: torch.Tensor  # h - c of the chains' states; in memory as h
    s_and_one: torch.Tensor  # the same, and a last column of ones
    x_model: torch.Tensor
    h_model: torch.Tensor
    x_data: torch.Tensor
    h_data: torch.Tensor

    @classmethod
    def make(cls, n_model: int, n_data: int, n_chains: int, weight: torch.Tensor) -> _Phases:
        n_hidden, n_visible = weight.shape
        x = weight.new_empty(n_model + n_data, n_visible)
        h = weight.new_empty(n_hidden, n_model + n_data).T
        share = torch.cat([weight.new_full((n_model,), 1 / n_model), weight.new_full((n_data,), -1 / n_data)])
        s_and_one = weight.new_ones(n_hidden + 1, n_chains).T
        return cls(x, h, share, s_and_one[:, :-1], s_and_one, x[:n_model], h[:n_model], x[n_model:], h[n_model:])


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
    module : RBMModule
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
        module: RBMModule,
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
        self._phases: _Phases | None = None

    def project(self) -> None:
        """Keep learned standard deviations in their bounds."""
        self.module.project()

    def forward(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> LossOutput:
        """Return L; its autograd gradient is the one that `set_gradients` writes in closed form."""
        module = self.module
        with torch.no_grad():
            phases, visibles_integrated_out = self._run(batch, module.standardised())
            v_model = module.unstandardise(phases.x_model.clone())
        if visibles_integrated_out:
            model_term = module.hidden_free_energy(phases.h_model.clone()).mean()
        else:
            model_term = module.free_energy(v_model).mean()
        return LossOutput(module.free_energy(batch).mean() - model_term, {})

    @torch.no_grad()
    def set_gradients(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        r"""Write the gradient of L in closed form.

        In the module's centred coordinates, with :math:`x = v / \sigma`, :math:`\bar h = h - c`,
        :math:`b' = b + \sigma W c` and :math:`\Delta\langle\cdot\rangle` the mean over the negative phase less that
        over the data,

        .. math::

            \partial_{W_{ij}} = \Delta\langle x_i \bar h_j\rangle,\quad
            \partial_{\alpha_j} = \Delta\langle \bar h_j\rangle,\quad
            \partial_{b'_i} = \Delta\langle x_i\rangle / \sigma_i,\quad
            \partial_{\log\sigma_i^2} = \tfrac12 \Delta\langle x_i^2\rangle - b'_i\, \partial_{b'_i}
                                        - \tfrac12 \sum_j W_{ij}\, \partial_{W_{ij}}

        where h stands for p(h = 1 | v) where v is given, and :math:`\langle x^2\rangle` gains 1, the variance of x
        given h, where v is integrated out.
        """
        module, rbm = self.module, self.module.standardised()
        if self._needs_no_visibles(batch):
            self._set_gradients_among_hidden(batch, rbm)
            return {}
        phases, visibles_integrated_out = self._run(batch, rbm)
        x, h, share = phases.x, phases.h, phases.share
        # with the signs and shares of their means in h, each difference of two means is one product
        h.sub_(HIDDEN_CENTRE).mul_(share[:, None])
        torch.mm(h.T, x, out=gradient_of(module.weight))
        torch.sum(h, 0, out=gradient_of(module.hidden_bias))
        torch.mv(x.T, share, out=gradient_of(module.visible_centre))
        rbm.finish_gradients(x, share, visible_variance=float(visibles_integrated_out))
        return {}

    def _needs_no_visibles(self, batch: torch.Tensor) -> bool:
        """Whether the chains' v are means, and W has no more rows than they: W can take their place."""
        module, are_means = self.module, self.negative_phase in ("mean-visible", "mean-field")
        is_linear = module.visible_mean_is_linear and not module.learns_scale
        return are_means and is_linear and module.n_hidden <= self._n_chains(batch)

    def _set_gradients_among_hidden(self, batch: torch.Tensor, rbm: StandardisedRBM) -> None:
        r"""Write the same gradient without forming the chains' visible units.

        With :math:`s = h - c` of the states before them, they are :math:`\tilde x = A^\top (s, 1)`, where the rows of A
        are those of W and, below, :math:`b' / \sigma`. So

        .. math::

            W \tilde x = (W A^\top)(s, 1), \quad
            \langle\tilde h \tilde x^\top\rangle = \langle\tilde h\, (s, 1)^\top\rangle A:

        A takes the place of the chains, in one product with W and in one that gives the gradient.
        """
        module, n_hidden, n_data, n_chains = self.module, self.module.n_hidden, len(batch), self._n_chains(batch)
        phases = self._room(n_hidden + 1, n_data, n_chains)
        h_data, s, products = phases.h_data, phases.s_and_one, phases.h_model.T
        phases.x_model[:n_hidden] = rbm.weight
        phases.x_model[n_hidden] = rbm.centre
        rbm.standardise(batch, out=phases.x_data)
        torch.mm(rbm.weight, phases.x.T, out=phases.h.T)
        h_data.add_(rbm.hidden_bias).sigmoid_()
        bias = rbm.hidden_bias[:, None]
        start = self._start(h_data)
        h = self._mean_chain(start, phases.s, lambda: torch.addmm(bias, products, s.T).sigmoid_().T)
        self._end(h, is_drawn=False)
        h_data.sub_(HIDDEN_CENTRE).mul_(-1 / n_data)
        h.sub_(HIDDEN_CENTRE).mul_(1 / n_chains)
        torch.mm(h.T, s, out=products)
        torch.mm(phases.h.T, phases.x, out=gradient_of(module.weight))
        torch.sum(h_data, 0, out=gradient_of(module.hidden_bias)).add_(products[:, n_hidden])
        torch.sum(s, 0, out=phases.share[: n_hidden + 1]).mul_(1 / n_chains)
        torch.mv(phases.x.T, phases.share, out=gradient_of(module.visible_centre))
        rbm.finish_gradients(phases.x, phases.share, visible_variance=0.0)

    def _run(self, batch: torch.Tensor, rbm: StandardisedRBM) -> tuple[_Phases, bool]:
        """Return both phases, and whether v is integrated out of the negative one, where x is then E[x | h]."""
        n_chains = self._n_chains(batch)
        phases = self._room(n_chains, len(batch), n_chains)
        rbm.standardise(batch, out=phases.x_data)
        rbm.hidden_probabilities(phases.x_data, out=phases.h_data)
        visibles_integrated_out = self._negative(rbm, phases)
        self._end(phases.h_model, is_drawn=visibles_integrated_out)
        return phases, visibles_integrated_out

    def _room(self, n_model: int, n_data: int, n_chains: int) -> _Phases:
        phases, weight = self._phases, self.module.weight
        wanted = (n_model, n_data, n_chains, weight.dtype)
        if phases is None or (len(phases.x_model), len(phases.x_data), len(phases.s), phases.x.dtype) != wanted:
            phases = self._phases = _Phases.make(n_model, n_data, n_chains, weight)
        return phases

    def _n_chains(self, batch: torch.Tensor) -> int:
        return len(batch)

    def _start(self, data_hidden: torch.Tensor) -> torch.Tensor:
        """Return the hidden states the chains start from, given p(h | v) of the data."""
        return data_hidden if self.negative_phase == "mean-field" else bernoulli(data_hidden, self.generator)

    def _negative(self, rbm: StandardisedRBM, phases: _Phases) -> bool:
        """Write x and h of the negative phase; return whether v is integrated out."""
        module, generator, phase = self.module, self.generator, self.negative_phase
        x, h = phases.x_model, phases.h_model
        state = self._start(phases.h_data)
        if phase == "collapsed":
            marginal = module.hidden_marginal()
            if marginal is None:
                raise ValueError("the visible units of this RBM cannot be integrated out: no 'collapsed' phase")
            h.copy_(collapsed_gibbs(marginal, state, self.n_gibbs_steps, generator))
            rbm.mean(h - HIDDEN_CENTRE, out=x)
            return True
        if phase == "sampled":
            state = block_gibbs(module, state, self.n_gibbs_steps - 1, generator)
            rbm.sample(state - HIDDEN_CENTRE, generator, out=x)
            rbm.hidden_probabilities(x, out=h)
            return False
        s = phases.s
        self._mean_chain(state, s, lambda: rbm.hidden_probabilities(rbm.mean(s, out=x), out=h))
        return False

    def _mean_chain(
        self, state: torch.Tensor, s: torch.Tensor, pass_through: Callable[[], torch.Tensor]
    ) -> torch.Tensor:
        """Return p(h | v) at the end, given the way to it from `s`, where the last state's h - c is left."""
        torch.sub(state, HIDDEN_CENTRE, out=s)
        h = pass_through()
        for _ in range(self.n_gibbs_steps - 1):
            state = bernoulli(h, self.generator) if self.negative_phase == "mean-visible" else h
            torch.sub(state, HIDDEN_CENTRE, out=s)
            h = pass_through()
        return h

    def _end(self, h: torch.Tensor, *, is_drawn: bool) -> None:
        """Do what is to be done with the chains' last hidden units, drawn or as probabilities."""


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
        module: RBMModule,
        generator: torch.Generator,
        *,
        n_chains: int,
        n_gibbs_steps: int = 1,
        negative_phase: NegativePhase = "collapsed",
    ) -> None:
        super().__init__(module, generator, n_gibbs_steps=n_gibbs_steps, negative_phase=negative_phase)
        start = torch.full((n_chains, module.n_hidden), 0.5, dtype=module.weight.dtype)
        self.register_buffer("chains", bernoulli(start, generator))

    def _n_chains(self, batch: torch.Tensor) -> int:
        return len(self.chains)

    def _start(self, data_hidden: torch.Tensor) -> torch.Tensor:
        return self.chains

    def _end(self, h: torch.Tensor, *, is_drawn: bool) -> None:
        self.chains.copy_(h if is_drawn else bernoulli(h, self.generator))
