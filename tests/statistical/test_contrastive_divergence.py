"""The update of contrastive divergence, on average over the data and the chains."""

import numpy as np
import torch
from scipy.stats import norm

from harmonium.objectives.contrastive_divergence import ContrastiveDivergence
from quadrature import GRID, integral
from small_machines import module_of
from textbook_machine import Machine


def test_the_expected_update_is_that_of_the_data_less_that_of_one_sweep():
    """One visible unit, so that the distribution after a sweep is known on a grid; data of two unlike modes."""
    n, machine = 400_000, Machine(np.array([1.2, -0.8, 0.3, 0.4, -0.6, 0.2]), 1, 2)
    p_data = 0.3 * norm.pdf(GRID, -2, 0.8) + 0.7 * norm.pdf(GRID, 1.5, 1.1)
    by_energy = -machine.minus_energy_gradient(GRID[:, None], machine.hidden_probabilities(GRID[:, None]))
    of_data, of_sweep = (integral(p[:, None] * by_energy) for p in (p_data, machine.after_a_sweep(p_data)))
    generator = np.random.default_rng(0)
    first = generator.random((n, 1)) < 0.3
    v = np.where(first, generator.normal(-2, 0.8, (n, 1)), generator.normal(1.5, 1.1, (n, 1)))
    module = module_of(machine)
    objective = ContrastiveDivergence(module, torch.Generator().manual_seed(0), negative_phase="sampled")
    expected = machine.in_centred_coordinates(of_data - of_sweep)
    expected = np.concatenate([expected[name].ravel() for name, _ in module.named_parameters()])
    updates = []
    for batch in torch.from_numpy(v).split(4000):
        objective.set_gradients(batch)
        updates.append(torch.cat([parameter.grad.flatten() for parameter in module.parameters()]).numpy())
    error = np.std(updates, axis=0, ddof=1) / np.sqrt(len(updates))
    assert np.all(np.abs(np.mean(updates, axis=0) - expected) < 4 * error)
    assert np.all(np.abs(expected) > 20 * error)  # no entry is too small to be told from nothing
