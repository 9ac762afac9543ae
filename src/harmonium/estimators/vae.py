"""The variational autoencoder as a scikit-learn estimator."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted

from harmonium.data.scaling import ScalingKind
from harmonium.estimators.base import Array, LatentVariableEstimator
from harmonium.estimators.parameters import check_choice, check_non_negative_number, check_positive_integer
from harmonium.exceptions import InvalidInputError
from harmonium.metrics.variational_bounds import elbo, iwae
from harmonium.modules.likelihoods import LIKELIHOODS, LikelihoodName, make_likelihood
from harmonium.modules.networks import ARCHITECTURES, make_networks, smallest_image
from harmonium.modules.priors import StandardNormal
from harmonium.modules.vae import VAEModule
from harmonium.objectives.elbo import NegativeELBO
from harmonium.objectives.objective import Objective
from harmonium.random.seeding import RandomState, root_seed, spawn_generator
from harmonium.samplers.latent_density import LatentDensity, fit_latent_density
from harmonium.training.schedules import ScheduleName
from harmonium.training.trainer import Trainer

_MANIFOLD_TAIL = 0.02


class VAE(LatentVariableEstimator):
    r"""Variational autoencoder with prior N(0, I).

    Trained to maximise the evidence lower bound

    .. math::

        E_{q(z|x)}[\log p(x | z)] - KL[q(z|x) \,\|\, N(0, I)], \qquad q(z|x) = N(\mu(x), \operatorname{diag}\sigma^2(x))

    Every figure in nats is per example and in the user's units.

    Parameters
    ----------
    n_latent : int
    architecture : {"mlp", "convolutional"}
        Both with sigmoid-weighted linear units.
    hidden_sizes : sequence of int
        Of the encoder; the decoder mirrors them. Multilayer: the widths. Convolutional: the channels of convolutions
        that each halve the image, then the width of one fully connected layer, so at least two numbers.
    image_shape : (height, width), optional
        Of a row; needed by the convolutional architecture alone.
    likelihood : {"bernoulli", "continuous-bernoulli", "gaussian", "calibrated-gaussian"}
        The Bernoulli ones need X in [0, 1] and ``scaling="none"``. On grey values ``"bernoulli"`` is no density: its
        figures cannot be compared with those of the others. Sigma of the Gaussian is one number, learned by gradient
        or calibrated to the error.
    beta : float
        Weight of the KL divergence; the bound is one for 1 only.
    n_warmup_epochs : int
        Beta rises linearly from 0 over so many epochs.
    learning_rate : float
    learning_rate_schedule : {"constant", "cosine"}
        Cosine falls to a thousandth over `n_epochs`.
    batch_size : int
    n_epochs : int
    validation_fraction : float
        Of the rows of `fit` to hold back, drawn by classes where `y` has them; the weights with the lowest negative
        ELBO there are kept. 0 trains on all rows and keeps the last weights.
    patience : int or None
        With rows held back, training ends after so many epochs that bring nothing there.
    optimizer : {"adam", "sgd"}
    momentum : float
        Of SGD; the decay of the first moment of Adam.
    scaling : {"none", "global", "feature"}
        As in `GaussianBernoulliRBM`.
    random_state : int, numpy generator or None
    verbose : bool

    Attributes
    ----------
    module_ : VAEModule
    scaling_ : Scaling
    history_ : list of dict
        A row an epoch, with the mean ``negative_elbo`` and ``kl`` of the training steps, and ``validation_loss``, the
        negative ELBO of the rows held back, in the model's own units.
    latent_density_ : LatentDensity
        After `fit_latent_density`.
    n_features_in_ : int

    References
    ----------
    D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.

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

    module_: VAEModule
    classes_: npt.NDArray[Any]
    latent_density_: LatentDensity

    def __init__(
        self,
        n_latent: int = 16,
        *,
        architecture: Literal["mlp", "convolutional"] = "mlp",
        hidden_sizes: Sequence[int] = (512, 256),
        image_shape: tuple[int, int] | None = None,
        likelihood: LikelihoodName = "bernoulli",
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

    def check_parameters(self) -> None:
        """Raise InvalidInputError unless every hyper-parameter is one that `fit` takes."""
        check_positive_integer("n_latent", self.n_latent)
        super().check_parameters()
        check_choice("architecture", self.architecture, ARCHITECTURES)
        check_choice("likelihood", self.likelihood, LIKELIHOODS)
        check_non_negative_number("beta", self.beta)
        check_non_negative_number("n_warmup_epochs", self.n_warmup_epochs)
        sizes: object = self.hidden_sizes
        if not isinstance(sizes, Sequence) or isinstance(sizes, str) or len(sizes) == 0:
            raise InvalidInputError(f"hidden_sizes must be one or more positive integers; got {sizes!r}")
        for size in sizes:
            check_positive_integer("every one of hidden_sizes", size)
        if self.architecture == "convolutional":
            shape: object = self.image_shape
            if not isinstance(shape, Sequence) or len(shape) != 2:
                raise InvalidInputError(
                    f"architecture='convolutional' needs image_shape=(height, width); got {shape!r}"
                )
            for size in shape:
                check_positive_integer("every one of image_shape", size)
            n_halvings = len(sizes) - 1
            if n_halvings < 1:
                raise InvalidInputError(
                    "architecture='convolutional' needs hidden_sizes of one or more numbers of channels and a width; "
                    f"got {sizes!r}"
                )
            if min(smallest_image((shape[0], shape[1]), sizes)) < 1:
                raise InvalidInputError(f"images of {shape!r} cannot be halved {n_halvings} times, once a convolution")
        if make_likelihood(self.likelihood).takes_unit_interval_only and self.scaling != "none":
            raise InvalidInputError(
                f"likelihood={self.likelihood!r} needs X in [0, 1] and so scaling='none'; got {self.scaling!r}"
            )

    @property
    def _n_classes(self) -> int:
        return 0

    def _make_module(self, n_features: int, generator: torch.Generator) -> VAEModule:
        n_classes, n_latent, shape = self._n_classes, int(self.n_latent), self.image_shape
        if self.architecture == "convolutional" and shape is not None and math.prod(shape) != n_features:
            raise InvalidInputError(
                f"image_shape {tuple(shape)!r} has {math.prod(shape)} pixels; X has {n_features} features"
            )
        encoder, decoder = make_networks(
            self.architecture,
            self.hidden_sizes,
            shape,
            n_features=n_features,
            n_conditions=n_classes,
            n_latent=n_latent,
            generator=generator,
        )
        return VAEModule(encoder, decoder, make_likelihood(self.likelihood), StandardNormal(n_latent), n_classes)

    def _make_objective(self, module: VAEModule, generator: torch.Generator, n_samples: int) -> Objective:
        n_warmup_steps = math.ceil(self.n_warmup_epochs * math.ceil(n_samples / self.batch_size))
        return NegativeELBO(module, generator, beta=self.beta, n_warmup_steps=n_warmup_steps)

    def adopt(self, trainer: Trainer) -> Self:
        """Become the fitted estimator of what a trainer has reached; a density fitted before is not its own."""
        self.__dict__.pop("latent_density_", None)
        return super().adopt(trainer)

    def _check_matrix(self, X: npt.ArrayLike, *, reset: bool) -> Array:
        rows = super()._check_matrix(X, reset=reset)
        if make_likelihood(self.likelihood).takes_unit_interval_only:
            low, high = float(rows.min()), float(rows.max())
            if low < 0 or high > 1:
                raise InvalidInputError(
                    f"likelihood={self.likelihood!r} needs X in [0, 1]; found values from {low:g} to {high:g}"
                )
        return rows

    def _validation_loss(
        self, module: VAEModule, rows: torch.Tensor, labels: torch.Tensor | None, generator: torch.Generator
    ) -> torch.Tensor:
        return -elbo(module, rows, labels, generator)

    @property
    def _n_features_out(self) -> int:
        return self.module_.n_latent

    def _exact_module(self) -> VAEModule:
        check_is_fitted(self)
        return copy.deepcopy(self.module_).double().eval()

    def _infer(self, X: npt.ArrayLike, y: npt.ArrayLike | None, function: Callable[..., torch.Tensor]) -> Array:
        """Apply a function of the module and a batch to all rows, in single precision where X is, else in double."""
        check_is_fitted(self)
        precision = torch.float32 if getattr(X, "dtype", None) == np.float32 else torch.float64
        module = copy.deepcopy(self.module_).to(precision).eval()
        labels = self._given_or_likeliest(X, y)
        return self._map_rows(X, lambda *batch: function(module, *batch), labels, precision)

    def _given_or_likeliest(self, X: npt.ArrayLike, y: npt.ArrayLike | None) -> npt.NDArray[np.int64] | None:
        """Return the class indices that inference is conditioned on; None for a model without a condition."""
        return None

    def encode(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> tuple[Array, Array]:
        """Return mean and standard deviation of q(z | x), each of shape (n_samples, n_latent).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
            Labels; ignored without a condition.
        """

        def both(module: VAEModule, v: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
            mean, log_variance = module.encode(v, c)
            return torch.cat([mean, (0.5 * log_variance).exp()], -1)

        mean, sd = np.split(self._infer(X, y, both), 2, axis=1)
        return mean, sd

    def transform(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Array:
        """Return the mean of q(z | x), shape (n_samples, n_latent).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
        """
        return self.encode(X, y)[0]

    def fit_transform(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Array:
        """Fit, then `transform` with the same labels."""
        return self.fit(X, y).transform(X, y)

    def reconstruct(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Array:
        """Return E[x | z] at the mean z of q(z | x), in the user's units, shape (n_samples, n_features).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
        """
        return self._infer(X, y, lambda module, *v: self.scaling_.invert(module.reconstruct(*v)))

    def decode(self, z: npt.ArrayLike, y: npt.ArrayLike | None = None) -> npt.NDArray[np.float64]:
        """Return E[x | z] in the user's units, shape (n_samples, n_features).

        Parameters
        ----------
        z : array-like of shape (n_samples, n_latent)
        y : array-like of shape (n_samples,), or one label for all
            Needed with a condition.
        """
        module = self._exact_module()
        points = self._check_codes("z", z)
        labels = self.class_indices(y, len(points))
        with torch.no_grad():
            r = module.decode(torch.from_numpy(points), None if labels is None else torch.from_numpy(labels))
            return self.scaling_.invert(module.likelihood.mean(r)).numpy()

    def elbo(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, n_samples: int = 1) -> Array:
        """Return the evidence lower bound on log p(x), nats per example, shape (n_samples,).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
        n_samples : int
            Draws from q(z | x) over which log p(x | z) is averaged; the same draws for the same matrix.
        """
        check_positive_integer("n_samples", n_samples)
        return self._bound(X, y, elbo, n_samples)

    def iwae(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, n_importance: int = 50) -> Array:
        """Return the importance-weighted bound on log p(x), tighter than the ELBO, nats per example.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
        n_importance : int
            Draws from q(z | x) an example; the same draws for the same matrix.
        """
        check_positive_integer("n_importance", n_importance)
        return self._bound(X, y, iwae, n_importance)

    def score_samples(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Array:
        """Return the importance-weighted bound of 50 draws, a lower estimate of log p(x), nats per example."""
        return self.iwae(X, y)

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> float:
        """Return the mean of `score_samples`, in nats per example."""
        return float(self.score_samples(X, y).mean(dtype=np.float64))

    def _bound(self, X: npt.ArrayLike, y: npt.ArrayLike | None, bound: Any, n_draws: int) -> Array:
        generator = spawn_generator(self.seed_, "bounds")

        def values(module: VAEModule, v: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
            result: torch.Tensor = bound(module, v, c, generator, n_draws) - self.scaling_.log_volume
            return result

        return self._infer(X, y, values)

    def fit_latent_density(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, n_components: int = 10) -> VAE:
        """Fit a mixture of Gaussians to the aggregated posterior, one a class, for `sample` to draw from.

        Parameters
        ----------
        X, y
            The training set.
        n_components : int

        Returns
        -------
        self
        """
        check_positive_integer("n_components", n_components)
        mean, sd = self.encode(X, y)
        labels = self.class_indices(y, len(mean))
        counts = np.array([len(mean)]) if labels is None else np.bincount(labels, minlength=self._n_classes)
        if counts.min() < 2:
            name = "X" if labels is None else f"class {self.classes_[counts.argmin()]}"
            raise InvalidInputError(f"a density needs two rows or more; {name} has {counts.min()}")
        noise = torch.empty(mean.shape).normal_(generator=spawn_generator(self.seed_, "latent density")).double()
        self.latent_density_ = fit_latent_density(
            torch.from_numpy(mean).double() + noise * torch.from_numpy(sd).double(),
            torch.zeros(len(mean), dtype=torch.int64) if labels is None else torch.from_numpy(labels),
            max(1, self._n_classes),
            n_components,
            self.seed_ % 2**32,
        )
        return self

    def sample(
        self,
        n_samples: int = 1,
        y: Any = None,
        *,
        density: Literal["prior", "ex-post"] = "prior",
        noise: bool = False,
        random_state: RandomState = None,
    ) -> npt.NDArray[np.float64]:
        """Draw new rows: z from a density, then E[x | z] or x ~ p(x | z).

        Parameters
        ----------
        n_samples : int
        y : label, or array-like of shape (n_samples,)
            Needed with a condition.
        density : {"prior", "ex-post"}
            The model's p(z), N(0, I), or what `fit_latent_density` fitted.
        noise : bool
            True draws x from p(x | z) in place of E[x | z].
        random_state : int, numpy generator or None
            None draws from the seed of the fit: the same call gives the same samples.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In the user's units.
        """
        check_positive_integer("n_samples", n_samples)
        check_choice("density", density, ("prior", "ex-post"))
        module = self._exact_module()
        indices = self.class_indices(y, n_samples)
        labels = None if indices is None else torch.from_numpy(indices)
        generator = spawn_generator(self.seed_ if random_state is None else root_seed(random_state), "draws")
        if density == "prior":
            z = module.prior.sample(n_samples, generator, torch.float64, labels)
        elif hasattr(self, "latent_density_"):
            classes = torch.zeros(n_samples, dtype=torch.int64) if labels is None else labels
            z = self.latent_density_.sample(classes, generator)
        else:
            raise InvalidInputError("density='ex-post' needs a call of fit_latent_density(X, y) first")
        with torch.no_grad():
            r = module.decode(z, labels)
            v = module.likelihood.sample(r, generator) if noise else module.likelihood.mean(r)
            return self.scaling_.invert(v).numpy()

    def manifold(self, n_side: int = 20, y: Any = None) -> npt.NDArray[np.float64]:
        """Return E[x | z] on a grid over the quantiles of the prior, for two latent dimensions.

        Parameters
        ----------
        n_side : int
            Points a side, from the 2% to the 98% quantile.
        y : label
            Needed with a condition.

        Returns
        -------
        ndarray of shape (n_side * n_side, n_features)
            Row by row from the upper left: the first latent dimension grows to the right, the second upwards.
        """
        check_positive_integer("n_side", n_side)
        module = self._exact_module()
        if module.n_latent != 2:
            raise InvalidInputError(f"manifold needs n_latent=2; got {module.n_latent}")
        probabilities = torch.linspace(_MANIFOLD_TAIL, 1 - _MANIFOLD_TAIL, n_side, dtype=torch.float64)
        quantiles = module.prior.quantiles(probabilities).numpy()
        across, up = np.meshgrid(quantiles[:, 0], quantiles[::-1, 1])
        return self.decode(np.column_stack([across.ravel(), up.ravel()]), y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True  # the bounds draw from one stream over all rows
        return tags
