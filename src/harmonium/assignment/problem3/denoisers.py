"""What other methods make of the same noisy images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import MiniBatchDictionaryLearning
from sklearn.exceptions import ConvergenceWarning

from harmonium.data.noise import add_noise
from harmonium.metrics.sparsity import psnr

Images = npt.NDArray[np.floating]
Denoiser = Callable[[Images], Images]
N_FOR_CHOICE = 100
_BM3D_BLOCK = 8


def identity(X: Images, sigma: float, image_shape: tuple[int, int]) -> Denoiser:
    """Leave the noise."""
    return lambda noisy: noisy


def wiener(X: Images, sigma: float, image_shape: tuple[int, int]) -> Denoiser:
    r"""Return the best linear denoiser, :math:`\mu + S (S + \sigma^2 I)^{-1} (x - \mu)`, S the training covariance."""
    mean, covariance = X.mean(0, dtype=np.float64), np.cov(X, rowvar=False, dtype=np.float64)
    gain = np.linalg.solve(covariance + sigma**2 * np.eye(len(covariance)), covariance)
    return lambda noisy: mean + (noisy - mean) @ gain


def principal_components(X: Images, sigma: float, image_shape: tuple[int, int]) -> Denoiser:
    r"""Project onto the principal components of a variance above :math:`\sigma^2`; a further one adds more noise."""
    mean, covariance = X.mean(0, dtype=np.float64), np.cov(X, rowvar=False, dtype=np.float64)
    variances, vectors = np.linalg.eigh(covariance)
    kept = vectors[:, variances > sigma**2]
    return lambda noisy: mean + (noisy - mean) @ kept @ kept.T


def total_variation(X: Images, sigma: float, image_shape: tuple[int, int]) -> Denoiser:
    """Minimise the squared distance plus a weight times the total variation (A. Chambolle, 2004)."""
    from skimage.restoration import denoise_tv_chambolle

    def denoise(noisy: Images, weight: float) -> Images:
        return _each(noisy, image_shape, partial(denoise_tv_chambolle, weight=weight))

    return _best(denoise, sigma * np.array([0.5, 0.7, 1.0, 1.4, 2.0]), X, sigma)


def non_local_means(X: Images, sigma: float, image_shape: tuple[int, int]) -> Denoiser:
    """Average pixels over like patches of the image (A. Buades, B. Coll, J.-M. Morel, 2005)."""
    from skimage.restoration import denoise_nl_means

    def denoise(noisy: Images, h: float) -> Images:
        settings = {"h": h, "sigma": sigma, "patch_size": 5, "patch_distance": 9, "fast_mode": True}
        return _each(noisy, image_shape, partial(denoise_nl_means, **settings))

    return _best(denoise, sigma * np.array([0.3, 0.5, 0.7, 0.9, 1.2]), X, sigma)


def bm3d(X: Images, sigma: float, image_shape: tuple[int, int]) -> Denoiser:
    """Filter stacks of like patches together (K. Dabov et al., 2007)."""
    from bm3d import bm3d as filter_image

    if min(image_shape) <= _BM3D_BLOCK:  # it would take the process down
        raise ValueError(f"images must be larger than {_BM3D_BLOCK} pixels each way; got {image_shape}")
    return lambda noisy: _each(noisy, image_shape, partial(filter_image, sigma_psd=sigma))


def dictionary_learning(X: Images, sigma: float, image_shape: tuple[int, int]) -> Denoiser:
    """Code by orthogonal matching pursuit in a dictionary learned online (J. Mairal et al., 2009), scikit-learn's."""
    mean = X.mean(0, dtype=np.float64)
    learner = MiniBatchDictionaryLearning(
        n_components=256,
        alpha=0.5,
        batch_size=256,
        max_iter=3,
        random_state=0,
        fit_algorithm="cd",
        transform_algorithm="omp",
    )
    with warnings.catch_warnings():
        # codes need not be exact while the dictionary still moves
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner.fit(X[:5000] - mean)

    def denoise(noisy: Images, n_nonzero: float) -> Images:
        learner.set_params(transform_n_nonzero_coefs=int(n_nonzero))
        return np.asarray(mean + learner.transform(noisy - mean) @ learner.components_)

    return _best(denoise, [3, 5, 8, 12, 20], X, sigma)


# the method, and of how many test images, where not of all because it is slow
METHODS: dict[str, tuple[Callable[..., Denoiser], int | None]] = {
    "identity": (identity, None),
    "pca": (principal_components, None),
    "wiener": (wiener, None),
    "total_variation": (total_variation, 2000),
    "non_local_means": (non_local_means, 1000),
    "bm3d": (bm3d, 100),
    "dictionary_learning": (dictionary_learning, 2000),
}


def measure_denoiser(
    name: str, X_train: Images, X_test: Images, noisy: Images, sigma: float, image_shape: tuple[int, int]
) -> dict[str, Any]:
    """Return ``test_mse``, ``psnr`` and ``n_images``, of the first test images where the method is slow.

    What a method leaves open (a weight, a rank) is chosen on noisy training images.

    Raises
    ------
    ImportError
        If the method's package is not installed.
    """
    make, n_images = METHODS[name]
    restored = make(X_train, sigma, image_shape)(noisy[:n_images])
    error = float(np.square(restored - X_test[:n_images], dtype=np.float64).mean())
    return {"test_mse": error, "psnr": psnr(error), "n_images": len(restored)}


def _each(noisy: Images, image_shape: tuple[int, int], denoise: Callable[[Images], Images]) -> Images:
    images = noisy.astype(np.float64).reshape(-1, *image_shape)
    return np.stack([denoise(image) for image in images]).reshape(noisy.shape)


def _best(
    denoise: Callable[[Images, float], Images], candidates: Sequence[float] | Images, X: Images, sigma: float
) -> Denoiser:
    """Return the denoiser with the candidate that has the least error on some noisy training images."""
    clean = X[:N_FOR_CHOICE]
    noisy = add_noise(clean, sigma, seed=1)
    errors = [float(np.square(denoise(noisy, float(value)) - clean).mean()) for value in candidates]
    value = float(candidates[int(np.argmin(errors))])
    return lambda noisy: denoise(noisy, value)
