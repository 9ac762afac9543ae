"""Latent-variable models that you can trust."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harmonium.data.datasets import load_dataset
    from harmonium.estimators.conditional_vae import ConditionalVAE
    from harmonium.estimators.gaussian_bernoulli_rbm import GaussianBernoulliRBM
    from harmonium.estimators.sparse_autoencoder import SparseAutoencoder
    from harmonium.estimators.vae import VAE
    from harmonium.experiments.loading import load

__version__ = "0.1.0"

_HOMES = {
    "VAE": "harmonium.estimators.vae",
    "ConditionalVAE": "harmonium.estimators.conditional_vae",
    "GaussianBernoulliRBM": "harmonium.estimators.gaussian_bernoulli_rbm",
    "SparseAutoencoder": "harmonium.estimators.sparse_autoencoder",
    "load": "harmonium.experiments.loading",
    "load_dataset": "harmonium.data.datasets",
}

__all__ = ["VAE", "ConditionalVAE", "GaussianBernoulliRBM", "SparseAutoencoder", "__version__", "load", "load_dataset"]


def __getattr__(name: str) -> Any:
    # imported on first use, so that the command line's --help need not wait for torch
    if name not in _HOMES:
        raise AttributeError(f"module 'harmonium' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
