"""The best linear denoiser of four correlated values, and the error of any other."""

import numpy as np


def wiener_problem():
    generator = np.random.default_rng(3)
    root = generator.normal(size=(4, 4))
    S, noise = root @ root.T, 0.8
    return S, noise, S @ np.linalg.inv(S + noise**2 * np.eye(4)), generator


def linear_error(A, S, noise):
    """E|x - A y|² by propagating both covariances: (I - A) x - A s e."""
    rest = np.eye(len(S)) - A
    return np.trace(rest @ S @ rest.T) + noise**2 * np.trace(A @ A.T)
