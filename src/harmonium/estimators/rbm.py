"""How restricted Boltzmann machines are trained, whatever their visible units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch

from harmonium.data.splits import Indices
from harmonium.estimators.base import ValidationLosses
from harmonium.estimators.boltzmann_inference import BoltzmannInference
from harmonium.estimators.input_checks import Array
from harmonium.estimators.parameters import Check, check_positive_integer, one_of, or_none
from harmonium.estimators.recording import recorder
from harmonium.exceptions import InvalidInputError
from harmonium.metrics.partition_function import log_partition
from harmonium.modules.enumeration import MAX_ENUMERABLE_UNITS
from harmonium.modules.rbm import RBMModule
from harmonium.objectives.contrastive_divergence import ContrastiveDivergence
from harmonium.objectives.exact_likelihood import ExactLikelihood
from harmonium.objectives.objective import Objective
from harmonium.objectives.persistent_contrastive_divergence import PersistentContrastiveDivergence
from harmonium.training.trainer import Trainer

OBJECTIVES = ("cd", "pcd", "likelihood")
# enough for losses whose differences between epochs and settings are nats, at a fraction of the time
_VALIDATION_CHAINS, _VALIDATION_TEMPERATURES = 128, 500


class RBMEstimator(BoltzmannInference):
    """Base of the restricted Boltzmann machines: training.

    A subclass has the parameters `n_hidden`, `objective`, `n_gibbs_steps`, `negative_phase` and `log_likelihood_every`,
    and makes the module.
    """

    n_hidden: int
    objective: str
    n_gibbs_steps: int
    negative_phase: Any
    log_likelihood_every: int | None

    _changeable: ClassVar[frozenset[str]] = BoltzmannInference._changeable | {
        "objective",
        "n_gibbs_steps",
        "negative_phase",
        "log_likelihood_every",
    }
    _constraints: ClassVar[Mapping[str, Check]] = {
        **BoltzmannInference._constraints,
        "n_hidden": check_positive_integer,
        "objective": one_of(OBJECTIVES),
        "n_gibbs_steps": check_positive_integer,
        "log_likelihood_every": or_none(check_positive_integer),
    }

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.objective == "pcd" and self.negative_phase == "mean-field":
            raise InvalidInputError(
                "objective='pcd' needs a negative_phase with a chain of states, such as 'sampled'; got 'mean-field'"
            )

    def _n_parameters(self, n_features: int) -> int:
        return int(self.n_hidden) * n_features

    def _make_objective(self, module: RBMModule, generator: torch.Generator, n_samples: int) -> Objective:
        if self.objective == "likelihood":
            if module.enumerable_side() is None:
                raise InvalidInputError(
                    f"objective='likelihood' sums over all states of at most {MAX_ENUMERABLE_UNITS} hidden units; "
                    f"got n_hidden={self.n_hidden}"
                )
            return ExactLikelihood(module)
        options = {"n_gibbs_steps": self.n_gibbs_steps, "negative_phase": self.negative_phase}
        if self.objective == "cd":
            return ContrastiveDivergence(module, generator, **options)
        n_chains = int(min(self.batch_size, n_samples))
        return PersistentContrastiveDivergence(module, generator, n_chains=n_chains, **options)

    def _validation_losses(self, module: RBMModule, generator: torch.Generator) -> ValidationLosses:
        """Return the negative log-likelihood of each row, with log Z by a short annealed importance sampling."""
        estimate = log_partition(
            module, generator, n_chains=_VALIDATION_CHAINS, n_temperatures=_VALIDATION_TEMPERATURES
        )
        return lambda v, c: module.free_energy(v) + estimate.value

    def _watched_losses(self, module: RBMModule, generator: torch.Generator) -> ValidationLosses:
        """Return the reconstruction's loss, because the likelihood's needs log Z, which takes long."""
        return lambda v, c: module.reconstruction_loss(v) / module.n_visible

    def _recorder(self, rows: Array, kept: Indices | None, held: Indices | None) -> Callable[[Trainer], None]:
        return recorder(self, rows, kept, held)
