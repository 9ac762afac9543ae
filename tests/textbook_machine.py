"""The Gaussian-Bernoulli RBM of the report's formulas, in NumPy, from W, b, alpha and log sigma² alone."""

import itertools

import numpy as np
from scipy.special import expit, logsumexp
from scipy.stats import norm

from quadrature import GRID, integral


class Machine:
    """The formulas of the report, term by term, for parameters in one vector (W, b, alpha, log sigma²)."""

    def __init__(self, theta, n_visible, n_hidden):
        n_weights = n_visible * n_hidden
        self.W = theta[:n_weights].reshape(n_visible, n_hidden)
        self.b = theta[n_weights : n_weights + n_visible]
        self.alpha = theta[n_weights + n_visible : n_weights + n_visible + n_hidden]
        self.sigma = np.exp(0.5 * theta[n_weights + n_visible + n_hidden :])
        self.states = np.array(list(itertools.product((0.0, 1.0), repeat=n_hidden)))

    def minus_energy(self, v, h):
        """-E of every row of v with the same row of h."""
        interaction = ((v / self.sigma) @ self.W * h).sum(-1)
        return interaction - ((v - self.b) ** 2 / (2 * self.sigma**2)).sum(-1) + h @ self.alpha

    def free_energy(self, v):
        return -logsumexp([self.minus_energy(v, np.broadcast_to(h, (len(v), len(h)))) for h in self.states], axis=0)

    def hidden_probabilities(self, v):
        return expit(self.alpha + (v / self.sigma) @ self.W)

    def visible_mean(self, h):
        return self.b + self.sigma * (h @ self.W.T)

    def minus_hidden_free_energy(self, h):
        a = h @ self.W.T
        constant = np.log(np.sqrt(2 * np.pi) * self.sigma).sum()
        return h @ self.alpha + a @ (self.b / self.sigma) + 0.5 * (a**2).sum(-1) + constant

    def log_partition(self):
        return logsumexp(self.minus_hidden_free_energy(self.states))

    def state_probabilities(self):
        return np.exp(self.minus_hidden_free_energy(self.states) - self.log_partition())

    def minus_energy_gradient(self, v, h, extra=0.0):
        """The report's four derivatives of -E, a row an example; `extra` is the variance of v given h."""
        pulled = (v[:, :, None] * h[:, None, :] / self.sigma[:, None]).reshape(len(v), -1)
        by_b = (v - self.b) / self.sigma**2
        by_log_variance = ((v - self.b) ** 2 + extra) / (2 * self.sigma**2) - v / (2 * self.sigma) * (h @ self.W.T)
        return np.concatenate([pulled, by_b, h, by_log_variance], axis=1)

    def in_centred_coordinates(self, gradient):
        """Derivatives by (W, b, alpha, log sigma²) at fixed b, as those at fixed b' = b + sigma W 1 / 2, by name."""
        n_visible, n_hidden = self.W.shape
        ends = np.cumsum([self.W.size, n_visible, n_hidden])
        by_W, by_b, by_alpha, by_log_variance = np.split(gradient, ends)
        return {
            "weight": (by_W.reshape(self.W.shape) - (0.5 * self.sigma * by_b)[:, None]).T,
            "hidden_bias": by_alpha,
            "visible_centre": by_b,
            "log_variance": by_log_variance - 0.25 * self.sigma * self.W.sum(1) * by_b,
        }

    def after_a_sweep(self, density):
        """The density on the grid of the one visible unit after v -> h -> v, begun at `density` on the grid."""
        p, arrived = self.hidden_probabilities(GRID[:, None]), 0
        for h in self.states:
            weight = integral(density * (p**h * (1 - p) ** (1 - h)).prod(1))
            arrived = arrived + weight * norm.pdf(GRID, self.visible_mean(h)[0], self.sigma[0])
        return arrived


def random_theta(n_visible, n_hidden, seed):
    generator = np.random.default_rng(seed)
    n_weights = n_visible * n_hidden
    return generator.normal(size=n_weights + 2 * n_visible + n_hidden) * np.repeat(
        [0.7, 1.0, 1.0, 0.5], [n_weights, n_visible, n_hidden, n_visible]
    )
