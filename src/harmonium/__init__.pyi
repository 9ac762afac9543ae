from .data.datasets import load_dataset
from .estimators.conditional_vae import ConditionalVAE
from .estimators.gaussian_bernoulli_rbm import GaussianBernoulliRBM
from .estimators.sparse_autoencoder import SparseAutoencoder
from .estimators.vae import VAE
from .experiments.loading import load

__all__ = ["VAE", "ConditionalVAE", "GaussianBernoulliRBM", "SparseAutoencoder", "__version__", "load", "load_dataset"]

__version__: str
