"""Contrastive divergence with gradients in closed form."""

from __future__ import annotations

from typing import Literal

import torch

from harmonium.modules.rbm import HIDDEN_CENTRE, RBMModule, StandardisedRBM, gradient_of
from harmonium.objectives.gradients_among_hidden import PassThrough, set_gradients_among_hidden
from harmonium.objectives.objective import LossOutput, Objective
from harmonium.objectives.phases import Phases
from harmonium.random.draws import bernoulli
from harmonium.samplers.gibbs import block_gibbs, collapsed_gibbs

NegativePhase = Literal["collapsed", "sampled", "mean-visible", "mean-field"]
NEGATIVE_PHASES: tuple[str, ...] = ("collapsed", "sampled", "mean-visible", "mean-field")
UNBIASED_NEGATIVE_PHASES: tuple[str, ...] = ("collapsed", "sampled")
MEAN_NEGATIVE_PHASES: tuple[str, ...] = ("mean-visible", "mean-field")


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
        small, and draws no visible noise. It needs visible units whose `hidden_marginal` is quadratic, Gaussian ones;
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
        super().__init__(module, generator)
        self.n_gibbs_steps = n_gibbs_steps
        self.negative_phase = negative_phase
        self._phases: Phases | None = None

    def project(self) -> None:
        """Bring the module's parameters back to where they are allowed to be."""
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

        In the module's centred coordinates, with :math:`x = v / \sigma`, :math:`\bar h = h - \tfrac12`,
        :math:`b'_i = b_i + \tfrac12 \sigma_i \sum_j W_{ij}` and :math:`\Delta\langle\cdot\rangle` the mean over the
        negative phase less that over the data,

        .. math::

            \partial_{W_{ij}} = \Delta\langle x_i \bar h_j\rangle,\quad
            \partial_{\alpha_j} = \Delta\langle \bar h_j\rangle,\quad
            \partial_{b'_i} = \Delta\langle x_i\rangle / \sigma_i,\quad
            \partial_{\log\sigma_i^2} = \tfrac12 \Delta\langle x_i^2\rangle - b'_i\, \partial_{b'_i}
                                        - \tfrac12 \sum_j W_{ij}\, \partial_{W_{ij}}

        where h stands for p(h = 1 | v) where v is given, and :math:`\langle x^2\rangle` gains 1, the variance of x
        given h, where v is integrated out. Binary visible units have :math:`\sigma = 1`.
        """
        module = self.module
        rbm = module.standardised()
        if self._needs_no_visibles(batch):
            phases = self._room(len(rbm.weight) + 1, len(batch), self._n_chains(batch))
            set_gradients_among_hidden(module, rbm, batch, phases, self._run_mean_chains)
            return {}
        phases, visibles_integrated_out = self._run(batch, rbm)
        x, h, share = phases.x, phases.h, phases.share
        # with the signs and shares of their means in h, each difference of two means is one product
        h.sub_(HIDDEN_CENTRE).mul_(share[:, None])
        torch.mm(h.T, x, out=gradient_of(rbm.weight))
        torch.sum(h, 0, out=gradient_of(rbm.hidden_bias))
        torch.mv(x.T, share, out=gradient_of(module.visible_centre))
        rbm.finish_gradients(x, share, visible_variance=float(visibles_integrated_out))
        return {}

    def _needs_no_visibles(self, batch: torch.Tensor) -> bool:
        """Whether the chains' v are means, and W has no more rows than they: W can take their place."""
        module, are_means = self.module, self.negative_phase in MEAN_NEGATIVE_PHASES
        is_linear = module.visible_mean_is_linear and not module.learns_scale
        return are_means and is_linear and module.n_hidden <= self._n_chains(batch)

    def _run(self, batch: torch.Tensor, rbm: StandardisedRBM) -> tuple[Phases, bool]:
        """Return both phases, and whether v is integrated out of the negative one, where x is then E[x | h]."""
        n_chains = self._n_chains(batch)
        phases = self._room(n_chains, len(batch), n_chains)
        rbm.standardise(batch, out=phases.x_data)
        rbm.hidden_probabilities(phases.x_data, out=phases.h_data)
        return phases, self._run_chains(rbm, phases)

    def _room(self, n_model: int, n_data: int, n_chains: int) -> Phases:
        phases, weight = self._phases, self.module.weight
        if phases is None or not phases.fits(n_model, n_data, n_chains, weight):
            phases = self._phases = Phases.make(n_model, n_data, n_chains, weight)
        return phases

    def _n_chains(self, batch: torch.Tensor) -> int:
        return len(batch)

    def _start(self, data_hidden: torch.Tensor) -> torch.Tensor:
        """Return the hidden states the chains start from, given p(h | v) of the data."""
        return data_hidden if self.negative_phase == "mean-field" else bernoulli(data_hidden, self.generator)

    def _end(self, h: torch.Tensor, *, is_drawn: bool) -> None:
        """Do what is to be done with the chains' last hidden units, drawn or as probabilities."""

    def _run_chains(self, rbm: StandardisedRBM, phases: Phases) -> bool:
        """Write x and h of the negative phase; return whether v is integrated out."""
        module, generator, phase = self.module, self.generator, self.negative_phase
        x, h, s = phases.x_model, phases.h_model, phases.s
        if phase in MEAN_NEGATIVE_PHASES:
            self._run_mean_chains(phases.h_data, s, lambda: rbm.hidden_probabilities(rbm.mean(s, out=x), out=h))
            return False
        state = self._start(phases.h_data)
        if phase == "collapsed":
            marginal = module.hidden_marginal()
            if marginal is None:
                raise ValueError("the visible units of this RBM cannot be integrated out: no 'collapsed' phase")
            h.copy_(collapsed_gibbs(marginal, state, self.n_gibbs_steps, generator))
            rbm.mean(h - HIDDEN_CENTRE, out=x)
        else:
            state = block_gibbs(module, state, self.n_gibbs_steps - 1, generator)
            rbm.sample(state - HIDDEN_CENTRE, generator, out=x)
            rbm.hidden_probabilities(x, out=h)
        is_drawn = phase == "collapsed"
        self._end(h, is_drawn=is_drawn)
        return is_drawn

    def _run_mean_chains(self, h_data: torch.Tensor, s: torch.Tensor, pass_through: PassThrough) -> torch.Tensor:
        """Return p(h | v) at the end, given the way to it from `s`, where the last state's h - 1/2 is left."""
        torch.sub(self._start(h_data), HIDDEN_CENTRE, out=s)
        h = pass_through()
        for _ in range(self.n_gibbs_steps - 1):
            state = bernoulli(h, self.generator) if self.negative_phase == "mean-visible" else h
            torch.sub(state, HIDDEN_CENTRE, out=s)
            h = pass_through()
        self._end(h, is_drawn=False)
        return h
