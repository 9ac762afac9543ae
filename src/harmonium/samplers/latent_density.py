"""A density fitted after training to the aggregated posterior, to draw latent points from in place of the prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

_RIDGE = 1e-4


@dataclass(frozen=True)
class LatentDensity:
    r"""One mixture of Gaussians a class, :math:`\sum_k \pi_{ck} N(z; \mu_{ck}, L_{ck} L_{ck}^\top)`.

    Attributes
    ----------
    weights : Tensor of shape (n_classes, n_components)
    means : Tensor of shape (n_classes, n_components, n_latent)
    cholesky : Tensor of shape (n_classes, n_components, n_latent, n_latent)
    """

    weights: torch.Tensor
    means: torch.Tensor
    cholesky: torch.Tensor

    def sample(self, classes: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw a latent point for each class index, shape (len(classes), n_latent)."""
        component = torch.multinomial(self.weights[classes], 1, generator=generator).squeeze(1)
        means, cholesky = self.means[classes, component], self.cholesky[classes, component]
        noise = torch.empty_like(means).normal_(generator=generator)
        return means + (cholesky @ noise[..., None]).squeeze(-1)


def fit_latent_density(
    z: torch.Tensor, classes: torch.Tensor, n_classes: int, n_components: int, seed: int
) -> LatentDensity:
    """Fit a mixture of Gaussians with full covariances to the latent points of each class.

    Parameters
    ----------
    z : Tensor of shape (n, n_latent)
        A draw from q(z | x) for each training example, so that the mixture estimates the aggregated posterior
        (P. Ghosh et al., "From Variational to Deterministic Autoencoders", ICLR 2020, section 4).
    classes : Tensor of shape (n,)
        Indices below `n_classes`; zeros for one mixture over all.
    n_classes, n_components : int
        A class with fewer points has fewer components.
    seed : int

    Returns
    -------
    LatentDensity
    """
    # imported here because few estimators have a density fitted
    from sklearn.mixture import GaussianMixture

    n_latent = z.shape[1]
    weights = np.zeros((n_classes, n_components))
    means = np.zeros((n_classes, n_components, n_latent))
    cholesky = np.zeros((n_classes, n_components, n_latent, n_latent))
    for c in range(n_classes):
        points = z[classes == c].numpy()
        k = min(n_components, max(1, len(points) // (n_latent + 1)))
        mixture = GaussianMixture(k, reg_covar=_RIDGE, random_state=seed).fit(points)
        weights[c, :k] = mixture.weights_
        means[c, :k] = mixture.means_
        cholesky[c, :k] = np.linalg.cholesky(mixture.covariances_)
    return LatentDensity(*(torch.from_numpy(part) for part in (weights, means, cholesky)))
