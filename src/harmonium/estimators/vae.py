"""The variational autoencoder as a scikit-learn estimator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar, Literal

import numpy.typing as npt
import torch

from harmonium.data.batches import Labels
from harmonium.data.scaling import ScalingKind
from harmonium.data.splits import Indices
from harmonium.estimators.base import ValidationLosses
from harmonium.estimators.convolution_checks import check_halvings, check_images
from harmonium.estimators.doubts import doubt_a_collapsed_posterior
from harmonium.estimators.input_checks import Array, check_unit_interval
from harmonium.estimators.latent_generation import LatentGeneration
from harmonium.estimators.parameters import (
    Check,
    check_non_negative_number,
    check_positive_integer,
    check_positive_integers,
    one_of,
)
from harmonium.estimators.prior_placement import placement
from harmonium.exceptions import InvalidInputError
from harmonium.metrics.variational_bounds import elbo
from harmonium.modules.likelihoods import LIKELIHOODS, LikelihoodName, make_likelihood
from harmonium.modules.make_prior import PRIORS, PriorName, make_prior
from harmonium.modules.networks import ARCHITECTURES, make_networks
from harmonium.modules.vae import VAEModule
from harmonium.objectives.elbo import NegativeELBO
from harmonium.objectives.objective import Objective
from harmonium.random.seeding import RandomState
from harmonium.training.schedules import ScheduleName
from harmonium.training.trainer import Trainer


class VAE(LatentGeneration):
    r"""Variational autoencoder.

    Trained to maximise the evidence lower bound [1]_

    .. math::

        E_{q(z|x)}[\log p(x | z)] - KL[q(z|x) \,\|\, p(z)], \qquad q(z|x) = N(\mu(x), \operatorname{diag}\sigma^2(x))

    Every figure in nats is per example and in the user's units.

    Parameters
    ----------
    n_latent : int
        Latent dimensions.
    architecture : {"mlp", "convolutional"}
        Both with sigmoid-weighted linear units.
    hidden_sizes : sequence of int
        Of the encoder; the decoder mirrors them. Multilayer: the widths. Convolutional: the channels of convolutions
        that each halve the image, then the width of one fully connected layer, so at least two numbers.
    image_shape : (height, width) or (height, width, channels), optional
        Of a row; needed by the convolutional architecture alone, and there only where `X` is rows and not images.
    likelihood : {"bernoulli", "continuous-bernoulli", "gaussian", "calibrated-gaussian"}
        The Bernoulli ones need X in [0, 1] and ``scaling="none"``. On grey values ``"bernoulli"`` is no density: its
        figures cannot be compared with those of the others. Sigma of the Gaussian is one number, learned by gradient
        or calibrated to the error.
    prior : {"standard", "mixture", "flow"}
        p(z), in the bound and for `sample`: N(0, I); a mixture of Gaussians with full covariances [2]_, which is N(0,
        I) for half of `n_epochs`, then placed on draws from the posteriors and trained with the rest (one epoch alone
        ends with placing); or noise sent through six affine couplings [3]_, trained from the beginning, for `n_latent`
        of 2 or more. With conditions it is p(z | c). The two that are learned give a higher bound; draws from the
        mixture look best.
    n_components : int
        Of the mixture; with conditions, for all of them together.
    beta : float
        Weight of the KL divergence; the bound is one for 1 only.
    n_warmup_epochs : int
        Beta rises linearly from 0 over so many epochs.
    learning_rate : float
        Of Adam or SGD, at the start.
    learning_rate_schedule : {"constant", "cosine"}
        Cosine falls to a thousandth over `n_epochs`.
    batch_size : int
        Examples a step.
    n_epochs : int
        Passes over the data.
    validation_fraction : float
        Of the rows of `fit` to hold back, drawn by classes where `y` is one column of them; the weights with the lowest
        negative ELBO there are kept. 0 trains on all rows and keeps the last weights.
    patience : int or None
        With rows held back, training ends after so many epochs that bring nothing there. A mixture is placed first: on
        the best weights, where patience runs out before half of the epochs; then it counts anew.
    optimizer : {"adam", "sgd"}
        How the parameters follow the gradients.
    momentum : float
        Of SGD; the decay of the first moment of Adam.
    scaling : {"none", "global", "feature", "unit-interval"}
        As in `GaussianBernoulliRBM`.
    random_state : int, numpy generator or None
        The same integer gives the same bits on the same machine and number of threads.
    verbose : bool
        Show progress.

    Attributes
    ----------
    module_ : VAEModule
    scaling_ : Scaling
    history_ : list of dict
        A row an epoch, with the mean ``negative_elbo`` and ``kl`` of the training steps, and ``validation_loss``, the
        negative ELBO of the rows held back, in the model's own units. With a mixture ``preliminary`` is 1 until it is
        placed, then 0: none of the weights of before is kept.
    n_features_in_ : int

    References
    ----------
    .. [1] D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
    .. [2] E. Nalisnick, L. Hertel, P. Smyth, "Approximate Inference for Deep Latent Gaussian Mixtures", 2016; J.
       Tomczak, M. Welling, "VAE with a VampPrior", AISTATS 2018.
    .. [3] X. Chen et al., "Variational Lossy Autoencoder", ICLR 2017, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from harmonium import VAE
    >>> X = np.random.default_rng(0).normal(size=(500, 6)) * 3 + 10
    >>> vae = VAE(2, hidden_sizes=(16,), likelihood="gaussian", scaling="global", random_state=0).fit(X)
    >>> mean, sd = vae.encode(X)
    >>> mean.shape, vae.sample(3).shape
    ((500, 2), (3, 6))
    """

    _changeable: ClassVar[frozenset[str]] = LatentGeneration._changeable | {"beta", "n_warmup_epochs"}
    _constraints: ClassVar[Mapping[str, Check]] = {
        **LatentGeneration._constraints,
        "n_latent": check_positive_integer,
        "architecture": one_of(ARCHITECTURES),
        "likelihood": one_of(LIKELIHOODS),
        "prior": one_of(PRIORS),
        "n_components": check_positive_integer,
        "beta": check_non_negative_number,
        "n_warmup_epochs": check_non_negative_number,
        "hidden_sizes": check_positive_integers,
    }

    def __init__(
        self,
        n_latent: int = 16,
        *,
        architecture: Literal["mlp", "convolutional"] = "mlp",
        hidden_sizes: Sequence[int] = (512, 256),
        image_shape: tuple[int, ...] | None = None,
        likelihood: LikelihoodName = "bernoulli",
        prior: PriorName = "standard",
        n_components: int = 100,
        beta: float = 1.0,
        n_warmup_epochs: int = 0,
        learning_rate: float = 1e-3,
        learning_rate_schedule: ScheduleName = "constant",
        batch_size: int = 128,
        n_epochs: int = 20,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        optimizer: Literal["adam", "sgd"] = "adam",
        momentum: float = 0.9,
        scaling: ScalingKind = "none",
        random_state: RandomState = None,
        verbose: bool = False,
    ) -> None:
        self.n_latent = n_latent
        self.architecture = architecture
        self.hidden_sizes = hidden_sizes
        self.image_shape = image_shape
        self.likelihood = likelihood
        self.prior = prior
        self.n_components = n_components
        self.beta = beta
        self.n_warmup_epochs = n_warmup_epochs
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.optimizer = optimizer
        self.momentum = momentum
        self.scaling = scaling
        self.random_state = random_state
        self.verbose = verbose

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.image_shape is not None:
            check_positive_integers("image_shape", self.image_shape)
            if len(self.image_shape) not in (2, 3):
                raise InvalidInputError(
                    f"image_shape must be (height, width) or (height, width, channels); got {self.image_shape!r}"
                )
        if self.architecture == "convolutional":
            check_halvings(self.hidden_sizes, self.image_shape)
        if self.prior == "flow" and self.n_latent < 2:
            raise InvalidInputError("prior='flow' needs n_latent of 2 or more; got 1")
        if make_likelihood(self.likelihood).takes_unit_interval_only and self.scaling != "none":
            raise InvalidInputError(
                f"likelihood={self.likelihood!r} needs X in [0, 1] and so scaling='none'; got {self.scaling!r}"
            )

    def _check_matrix(self, X: npt.ArrayLike, *, reset: bool) -> Array:
        rows = super()._check_matrix(X, reset=reset)
        if make_likelihood(self.likelihood).takes_unit_interval_only:
            check_unit_interval(rows, f"likelihood={self.likelihood!r}")
        return rows

    def _n_parameters(self, n_features: int) -> int:
        n_latent = int(self.n_latent)
        if self.architecture == "mlp":
            n_ways = pairwise([n_features, *map(int, self.hidden_sizes), n_latent])
        else:  # whose kernels are small beside them
            n_ways = pairwise([*map(int, self.hidden_sizes), n_latent])
        of_prior = int(self.n_components) * n_latent**2 if self.prior == "mixture" else 0
        return 2 * sum(n_in * n_out for n_in, n_out in n_ways) + of_prior

    def _make_module(self, n_features: int, generator: torch.Generator) -> VAEModule:
        n_conditions, n_latent = self._n_conditions, int(self.n_latent)
        shape = getattr(self, "image_shape_", self.image_shape)
        if self.architecture == "convolutional":
            check_images(self.hidden_sizes, shape, n_features)
        encoder, decoder = make_networks(
            self.architecture,
            self.hidden_sizes,
            shape,
            n_features=n_features,
            n_conditions=n_conditions,
            n_latent=n_latent,
            generator=generator,
        )
        prior = make_prior(self.prior, n_latent, self.n_components, n_conditions, generator)
        return VAEModule(encoder, decoder, make_likelihood(self.likelihood), prior, n_conditions)

    def _between_epochs(
        self, rows: Array, labels: Labels | None, kept: Indices | None
    ) -> Callable[[Trainer], None] | None:
        return placement(self, rows, labels, kept)

    def _recorder(self, rows: Array, kept: Indices | None, held: Indices | None) -> Callable[[Trainer], None]:
        return doubt_a_collapsed_posterior

    def _make_objective(self, module: VAEModule, generator: torch.Generator, n_samples: int) -> Objective:
        n_warmup_steps = math.ceil(self.n_warmup_epochs * math.ceil(n_samples / self.batch_size))
        return NegativeELBO(module, generator, beta=self.beta, n_warmup_steps=n_warmup_steps)

    def _validation_losses(self, module: VAEModule, generator: torch.Generator) -> ValidationLosses:
        """Return the negative ELBO of each row."""
        return lambda v, c: -elbo(module, v, c, generator)

    def _watched_losses(self, module: VAEModule, generator: torch.Generator) -> ValidationLosses:
        """Return what is minimised, a value: without the KL divergence where a warm-up leaves it free at first."""
        beta = 0.0 if self.n_warmup_epochs else self.beta

        def losses(v: torch.Tensor, c: torch.Tensor | None) -> torch.Tensor:
            mean, log_variance = module.encode(v, c)
            z = module.sample_posterior(mean, log_variance, generator)
            loss = -module.log_likelihood(v, z, c)
            return (loss + beta * module.prior.kl(mean, log_variance, z, c) if beta else loss) / v.shape[1]

        return losses
