"""Learning recovers a known machine's distribution."""

import numpy as np
import pytest
import torch

from harmonium import GaussianBernoulliRBM
from harmonium.metrics.partition_function import log_partition
from harmonium.samplers.gibbs import collapsed_gibbs
from small_machines import random_module


@pytest.fixture(scope="module")
def known():
    """A machine with two hidden units, asymmetric, and 20 000 of its samples, half of them for testing."""
    module = random_module(4, 2, 21, scale=1.5)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        start = torch.zeros(20_000, 2, dtype=torch.float64)
        h = collapsed_gibbs(module.hidden_marginal(), start, 100, generator)
        v = module.sample_visible(h, generator)
        log_density = -module.free_energy(v) - log_partition(module, generator).value
    return v[:10_000].numpy(), v[10_000:].numpy(), log_density[10_000:].numpy()


@pytest.mark.parametrize(
    ("settings", "nats"),
    [
        ({"objective": "likelihood"}, 0.02),
        ({"objective": "cd", "negative_phase": "collapsed"}, 0.02),
        ({"objective": "pcd", "negative_phase": "collapsed"}, 0.02),
        ({"objective": "cd", "negative_phase": "sampled"}, 0.1),
    ],
)
def test_test_likelihood_comes_close_to_the_truth(known, settings, nats):
    train, test, truth = known
    rbm = GaussianBernoulliRBM(2, n_epochs=40, learning_rate=3e-3, random_state=0, **settings).fit(train)
    gap = truth - rbm.score_samples(test)  # its mean is the Kullback-Leibler divergence, in nats
    standard_error = gap.std() / np.sqrt(len(gap))
    assert gap.mean() < nats + 3 * standard_error
    # an untrained machine, or one Gaussian, is far worse: the test can fail
    one_gaussian = truth.mean() - np.mean(
        -0.5 * ((test - train.mean(0)) ** 2 / train.var(0) + np.log(2 * np.pi * train.var(0))).sum(1)
    )
    assert one_gaussian > 5 * nats


def test_samples_have_the_moments_of_the_data(known):
    train, test, _ = known
    # so small a rate that the last steps' noise does not move the means by more than the samples' own error
    rbm = GaussianBernoulliRBM(2, n_epochs=80, learning_rate=3e-4, objective="likelihood", random_state=0).fit(train)
    drawn = rbm.sample(10_000, 100, random_state=0)
    # both are samples: the error of a difference of means, plus 2% for the remaining misfit of the parameters
    error = np.sqrt((drawn.var(0) + test.var(0)) / 10_000)
    assert np.all(np.abs(drawn.mean(0) - test.mean(0)) < 4 * error + 0.02 * test.std(0))
    assert np.all(np.abs(drawn.std(0) / test.std(0) - 1) < 0.05)
