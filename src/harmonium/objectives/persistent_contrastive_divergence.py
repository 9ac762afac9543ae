"""Contrastive divergence with chains that persist."""

from __future__ import annotations

import torch

from harmonium.modules.rbm import RBMModule
from harmonium.objectives.contrastive_divergence import ContrastiveDivergence, NegativePhase
from harmonium.random.draws import bernoulli


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
        start = module.weight.new_full((n_chains, module.n_hidden), 0.5)
        self.register_buffer("chains", bernoulli(start, generator))

    def _n_chains(self, batch: torch.Tensor) -> int:
        return len(self.chains)

    def _start(self, data_hidden: torch.Tensor) -> torch.Tensor:
        return self.chains

    def _end(self, h: torch.Tensor, *, is_drawn: bool) -> None:
        self.chains.copy_(h if is_drawn else bernoulli(h, self.generator))
