"""Principal-component codes: a Gaussian-Bernoulli RBM that has seen the data's modes before it is trained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.modules.quantisers import Quantiser, nearest, quantise
from harmonium.modules.rbm import HIDDEN_CENTRE

_N_ROUNDS = 5
_MAX_LEVELS = 64


class Code(NamedTuple):
    r"""The levels of one principal component.

    Attributes
    ----------
    direction : ndarray of shape (n_visible,)
        :math:`u_k`, of unit length, of the data divided by sigma.
    levels : ndarray of shape (n_levels,)
        :math:`c_0 < c_1 < \dots`
    shares : ndarray of shape (n_levels,)
        :math:`P_s`, how often each is the nearest.
    """

    direction: NDArray[np.float64]
    levels: NDArray[np.float64]
    shares: NDArray[np.float64]


def start_from_codes(module: GaussianBernoulliRBMModule, v: NDArray[np.float64]) -> None:
    r"""Give a module the weights, biases and sigma of thermometer codes of the data's principal components.

    The score of component k of the data, divided by sigma, is quantised into levels c. Unit j of the component is on
    where the level is j or higher:

    .. math::

        W_j = (c_j - c_{j-1})\, u_k, \qquad b / \sigma = \bar v / \sigma + \sum_k c_{k0}\, u_k, \qquad
        \alpha_j = \log\frac{P_j}{P_{j-1}} - \tfrac12 \bigl[(c_j - c_0)^2 - (c_{j-1} - c_0)^2\bigr]
                   - W_j^\top b / \sigma

    so that with v integrated out the state (1, ..., 1, 0, ..., 0) of level j has weight :math:`P_j / P_0`. Units of
    different components do not interact. The units are spent one by one where one level more adds most to

    .. math:: \tfrac12 \sum_s P_{ks} c_{ks}^2 - H(P_k)

    (c from the mean), half the squared error that a component's levels save, in units of sigma squared, less the nats
    that they cost; units that gain nothing stay as they are. A learned sigma is that of what the levels leave, found
    in five rounds.

    Parameters
    ----------
    module : GaussianBernoulliRBMModule
    v : ndarray of shape (n, n_visible)
        Rows, in the model's units.
    """
    mean, sigma = v.mean(0), module.sigma.detach().double().numpy()
    x = (v - mean) / sigma
    codes = _codes(x, module.n_hidden)
    for _ in range(_N_ROUNDS if module.learns_scale else 0):
        x -= _quantised(x, codes)
        sigma = np.clip(sigma * np.sqrt(np.square(x).mean(0)), *module.sigma_bounds)
        x = (v - mean) / sigma
        codes = _codes(x, module.n_hidden)
    _write(module, codes, mean / sigma, sigma)


def _codes(x: NDArray[np.float64], n_hidden: int) -> list[Code]:
    """Return the codes of centred rows, the components of the largest variance first."""
    directions = _principal_directions(x, n_hidden)
    return [
        Code(direction, *quantiser)
        for direction, quantiser in zip(directions, _spend(x @ directions.T, n_hidden), strict=True)
        if len(quantiser.levels) > 1
    ]


def _principal_directions(x: NDArray[np.float64], n_components: int) -> NDArray[np.float64]:
    """Return the directions of the largest variances, from the smaller of the two products of x with itself."""
    if len(x) < x.shape[1]:
        values, vectors = np.linalg.eigh(x @ x.T)
        kept = values > values[-1] * 1e-10
        vectors = x.T @ vectors[:, kept] / np.sqrt(values[kept])
    else:
        vectors = np.linalg.eigh(x.T @ x)[1]
    return vectors.T[: -n_components - 1 : -1]


def _spend(scores: NDArray[np.float64], n_units: int) -> list[Quantiser]:
    """Return the quantiser of each column: one level more, and so one unit more, where most is gained, while any is."""
    ordered = np.sort(scores, axis=0).T.copy()
    chosen = [quantise(values, 1) for values in ordered]
    following = [quantise(values, 2) for values in ordered]
    gains = [_worth(more) - _worth(less) for less, more in zip(chosen, following, strict=True)]
    for _ in range(n_units):
        best = int(np.argmax(gains)) if gains else 0
        if not gains or gains[best] <= 0:
            break
        chosen[best] = following[best]
        n_levels = len(chosen[best].levels)
        if n_levels == _MAX_LEVELS:
            gains[best] = 0.0
        else:
            following[best] = quantise(ordered[best], n_levels + 1)
            gains[best] = _worth(following[best]) - _worth(chosen[best])
    return chosen


def _worth(quantiser: Quantiser) -> float:
    r"""Return :math:`\tfrac12 \sum_s P_s c_s^2 - H(P)`, in nats: what the levels save, less what they cost."""
    levels, shares = quantiser
    return float(0.5 * shares @ levels**2 + shares @ np.log(shares))


def _quantised(x: NDArray[np.float64], codes: list[Code]) -> NDArray[np.float64]:
    """Return rows with each score at its nearest level, in the span of the codes."""
    directions = np.array([code.direction for code in codes]).reshape(-1, x.shape[1])
    scores = x @ directions.T
    for column, code in zip(scores.T, codes, strict=True):
        column[:] = code.levels[nearest(column, code.levels)]
    quantised: NDArray[np.float64] = scores @ directions
    return quantised


def _write(
    module: GaussianBernoulliRBMModule, codes: list[Code], mean: NDArray[np.float64], sigma: NDArray[np.float64]
) -> None:
    bias = mean + sum((code.levels[0] * code.direction for code in codes), start=np.zeros_like(mean))
    with torch.no_grad():
        j = 0
        for code in codes:
            above = code.levels - code.levels[0]
            weights = np.diff(above)[:, None] * code.direction
            fields = np.diff(np.log(code.shares)) - 0.5 * np.diff(above**2) - weights @ bias
            units = slice(j, j + len(fields))
            module.weight[units] = torch.from_numpy(weights).float()
            module.hidden_bias[units] = torch.from_numpy(fields).float()
            j += len(fields)
        centre = bias + HIDDEN_CENTRE * module.weight.double().sum(0).numpy()
        module.log_variance.copy_(torch.from_numpy(2 * np.log(sigma)))
        module.visible_centre.copy_(torch.from_numpy(sigma * centre))
