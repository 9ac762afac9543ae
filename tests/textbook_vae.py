"""An autoencoder of one latent dimension, so that every integral over z is a sum on a grid."""

import math

import numpy as np
from scipy.stats import norm

from quadrature import GRID, integral


def nonlinear_model(x, shift=0.0):
    """log p(x, z) on the grid of z, for a decoder that is not linear and noise of variance 0.3."""
    decoded = 1.5 * np.tanh(GRID + shift) + 0.3 * GRID
    return norm.logpdf(x, decoded, math.sqrt(0.3)) + norm.logpdf(GRID)


def expectations(log_joint, mean, sd):
    """ELBO, log p(x), KL[q || posterior] and KL[q || prior] of q = N(mean, sd²), each from its definition."""
    log_q = norm.logpdf(GRID, mean, sd)
    q, log_evidence = np.exp(log_q), math.log(integral(np.exp(log_joint)))
    reconstruction = integral(q * (log_joint - norm.logpdf(GRID)))
    prior = integral(q * (log_q - norm.logpdf(GRID)))
    posterior = integral(q * (log_q - (log_joint - log_evidence)))
    return reconstruction - prior, log_evidence, posterior, prior
