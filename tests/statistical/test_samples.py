"""What an estimator draws from a machine beyond enumeration is distributed as the machine says."""

import copy

import numpy as np
import pytest
from scipy.linalg import block_diag

from harmonium import GaussianBernoulliRBM
from small_machines import module_of
from textbook_machine import Machine, random_theta

N_SAMPLES, N_BLOCKS, VISIBLE, HIDDEN = 20_000, 6, 3, 4


def balanced_block(seed):
    """A machine whose hidden units are strongly coupled, and each of them on in a good share of its states."""
    machine = Machine(random_theta(VISIBLE, HIDDEN, seed), VISIBLE, HIDDEN)
    machine.W = 1.5 * machine.W
    J = machine.W.T @ machine.W
    even = -machine.W.T @ (machine.b / machine.sigma) - 0.5 * J.sum(1)
    machine.alpha = even + 0.3 * machine.alpha
    return machine


BLOCKS = [balanced_block(seed) for seed in range(N_BLOCKS)]


@pytest.fixture(scope="module")
def rbm():
    """24 hidden units in six blocks that know nothing of one another, so that the truth is summed block by block."""
    of_features = np.arange(1.0, 1 + N_BLOCKS * VISIBLE)
    X = np.random.default_rng(0).normal(size=(50, N_BLOCKS * VISIBLE)) * of_features + 10 * of_features
    rbm = GaussianBernoulliRBM(N_BLOCKS * HIDDEN, n_epochs=1, scaling="feature", random_state=0).fit(X)
    whole = copy.copy(BLOCKS[0])
    whole.W = block_diag(*[block.W for block in BLOCKS])
    for name in ("b", "alpha", "sigma"):
        setattr(whole, name, np.concatenate([getattr(block, name) for block in BLOCKS]))
    rbm.module_.load_state_dict(module_of(whole).state_dict())
    return rbm


def covariance_of_visible(block, of_hidden):
    A = block.sigma[:, None] * block.W
    return A @ of_hidden @ A.T + np.diag(block.sigma**2)


def test_hidden_states_have_their_exact_probabilities(rbm):
    """Without noise a block's visible units say which of its 16 states they are the mean of."""
    means = rbm.sample(N_SAMPLES, 100, noise=False, random_state=0)
    np.testing.assert_array_equal(means, rbm.sample(N_SAMPLES, 100, noise=False, random_state=0))
    of_blocks = np.split((means - rbm.scaling_.mean) / rbm.scaling_.scale, N_BLOCKS, axis=1)
    for block, v in zip(BLOCKS, of_blocks, strict=True):
        distances = np.abs(v[:, None] - block.visible_mean(block.states)).max(2)
        assert distances.min(1).max() < 1e-4
        observed = np.bincount(distances.argmin(1), minlength=16) / N_SAMPLES
        expected = block.state_probabilities()
        error = np.sqrt(expected * (1 - expected) / N_SAMPLES)
        assert expected.min() * N_SAMPLES > 10  # so that counts are near enough to normal
        assert np.all(np.abs(observed - expected) < 4.5 * error)
        # units with the same means that know nothing of one another would be seen
        on = expected @ block.states
        independent = (on**block.states * (1 - on) ** (1 - block.states)).prod(1)
        assert np.max(np.abs(independent - expected) / error) > 10


def test_visible_units_have_their_exact_means_and_covariances(rbm):
    drawn = rbm.sample(N_SAMPLES, 100, random_state=0)
    mean, covariance, of_independent = [], [], []
    for block in BLOCKS:
        p, h = block.state_probabilities(), block.states
        on = p @ h
        mean.append(block.visible_mean(on))
        covariance.append(covariance_of_visible(block, (p[:, None] * h).T @ h - np.outer(on, on)))
        of_independent.append(covariance_of_visible(block, np.diag(on * (1 - on))))
    scale = rbm.scaling_.scale
    centred = drawn - (np.concatenate(mean) * scale + rbm.scaling_.mean)
    assert np.all(np.abs(centred.mean(0)) < 4.5 * centred.std(0) / np.sqrt(N_SAMPLES))
    products = centred[:, :, None] * centred[:, None, :] / np.outer(scale, scale)
    error = products.std(0) / np.sqrt(N_SAMPLES)
    assert np.all(np.abs(products.mean(0) - block_diag(*covariance)) < 4.5 * error)
    # hidden units with the same means that know nothing of one another would be seen
    assert np.sum(np.abs(block_diag(*of_independent) - block_diag(*covariance)) > 10 * error) > N_BLOCKS
