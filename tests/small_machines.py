"""Small random machines and brute force, for tests."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from harmonium.modules.bernoulli_bernoulli import BernoulliBernoulliRBMModule
from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from textbook_machine import Machine


def random_module(
    n_visible: int, n_hidden: int, seed: int, *, scale: float = 0.7, learn_sigma: bool = True
) -> GaussianBernoulliRBMModule:
    """A float64 machine with every parameter asymmetric and away from zero."""
    generator = torch.Generator().manual_seed(seed)
    module = GaussianBernoulliRBMModule(
        n_visible, n_hidden, learn_sigma=learn_sigma, sigma_bounds=(0.01, 100.0)
    ).double()
    with torch.no_grad():
        module.weight.normal_(generator=generator).mul_(scale)
        module.hidden_bias.normal_(generator=generator)
        module.visible_centre.normal_(generator=generator).add_(0.5)
        module.log_variance.normal_(generator=generator).mul_(0.5)
    return module


def module_of(machine: Machine) -> GaussianBernoulliRBMModule:
    """The same machine in the library, which stores the visible bias centred."""
    module = GaussianBernoulliRBMModule(*machine.W.shape, learn_sigma=True).double()
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(machine.W.T))
        module.hidden_bias.copy_(torch.from_numpy(machine.alpha))
        module.visible_centre.copy_(torch.from_numpy(machine.b + 0.5 * machine.sigma * machine.W.sum(1)))
        module.log_variance.copy_(torch.from_numpy(2 * np.log(machine.sigma)))
    return module


def random_bernoulli_module(
    n_visible: int, n_hidden: int, seed: int, *, scale: float = 0.7
) -> BernoulliBernoulliRBMModule:
    """The same with binary visible units."""
    generator = torch.Generator().manual_seed(seed)
    module = BernoulliBernoulliRBMModule(n_visible, n_hidden).double()
    with torch.no_grad():
        module.weight.normal_(generator=generator).mul_(scale)
        module.hidden_bias.normal_(generator=generator)
        module.visible_centre.normal_(generator=generator).add_(0.5)
    return module


def every_state(n_hidden: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=n_hidden)), dtype=torch.float64)


def assignment_energy(module: GaussianBernoulliRBMModule, v: np.ndarray, h: np.ndarray) -> float:
    """The energy as the assignment writes it, term by term, from nothing but W, b, alpha and sigma."""
    W, b = module.weight.detach().numpy().T, module.visible_bias.detach().numpy()
    alpha, sigma = module.hidden_bias.detach().numpy(), module.sigma.detach().numpy()
    interaction = sum(W[i, j] * h[j] * v[i] / sigma[i] for i in range(len(v)) for j in range(len(h)))
    quadratic = sum((v[i] - b[i]) ** 2 / (2 * sigma[i] ** 2) for i in range(len(v)))
    return -(interaction - quadratic + sum(alpha[j] * h[j] for j in range(len(h))))


def bernoulli_energy(module: BernoulliBernoulliRBMModule, v: np.ndarray, h: np.ndarray) -> float:
    """The energy of binary visible units, term by term, from nothing but W, b and alpha."""
    W, b = module.weight.detach().numpy().T, module.visible_bias.detach().numpy()
    alpha = module.hidden_bias.detach().numpy()
    interaction = sum(W[i, j] * h[j] * v[i] for i in range(len(v)) for j in range(len(h)))
    return -interaction - sum(b[i] * v[i] for i in range(len(v))) - sum(alpha[j] * h[j] for j in range(len(h)))
