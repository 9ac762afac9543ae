from .data.datasets import load_dataset as load_dataset
from .estimators.bernoulli_rbm import BernoulliRBM as BernoulliRBM
from .estimators.conditional_vae import ConditionalVAE as ConditionalVAE
from .estimators.gaussian_bernoulli_rbm import GaussianBernoulliRBM as GaussianBernoulliRBM
from .estimators.outliers import OutlierDetector as OutlierDetector
from .estimators.sparse_autoencoder import SparseAutoencoder as SparseAutoencoder
from .estimators.vae import VAE as VAE
from .experiments.loading import load as load

__version__: str
