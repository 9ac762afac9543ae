"""The likelihoods of a decoder against torch.distributions, quadrature and their own samples."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from harmonium.modules.likelihoods import (
    LIKELIHOODS,
    Bernoulli,
    ContinuousBernoulli,
    Gaussian,
    LikelihoodName,
    make_likelihood,
)

LOGITS = torch.tensor([-40.0, -3.0, -0.3, -0.051, -0.049, -1e-5, 0.0, 1e-5, 0.049, 0.051, 0.7, 5.0, 40.0]).double()


def uniform(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_bernoulli_is_torchs_on_zeros_and_ones():
    x = uniform(50, len(LOGITS)).round()
    expected = torch.distributions.Bernoulli(logits=LOGITS).log_prob(x).sum(-1)
    torch.testing.assert_close(Bernoulli().log_prob(x, LOGITS.expand_as(x)), expected)


def test_continuous_bernoulli_is_torchs_away_from_one_half():
    logits = LOGITS[(LOGITS.abs() > 0.2) & (LOGITS.abs() < 10)]
    x = uniform(50, len(logits))
    reference = torch.distributions.ContinuousBernoulli(logits=logits)
    ours = ContinuousBernoulli()
    torch.testing.assert_close(ours.log_prob(x, logits.expand_as(x)), reference.log_prob(x).sum(-1), rtol=1e-9, atol=0)
    torch.testing.assert_close(ours.mean(logits), reference.mean, rtol=1e-9, atol=0)


@pytest.mark.parametrize("logit", LOGITS)
def test_continuous_bernoulli_integrates_to_one_and_has_its_mean_also_near_one_half(logit):
    likelihood, r = ContinuousBernoulli(), logit[None]

    def density(x):
        return math.exp(likelihood.log_prob(torch.tensor([x], dtype=torch.float64), r))

    edges = [1e-3, 0.05, 0.95, 1 - 1e-3]  # a logit of 40 puts nearly everything beside one edge
    assert quad(density, 0, 1, points=edges)[0] == pytest.approx(1, abs=1e-9)
    assert quad(lambda x: x * density(x), 0, 1, points=edges)[0] == pytest.approx(float(likelihood.mean(r)), abs=1e-9)


def test_the_series_meets_the_closed_form_without_a_step():
    likelihood, edge = ContinuousBernoulli(), ContinuousBernoulli._SERIES_BELOW
    below, above = torch.tensor([edge - 1e-9, edge + 1e-9], dtype=torch.float64)
    for quantity in (likelihood.log_normaliser, likelihood.mean):
        assert float(quantity(below)) == pytest.approx(float(quantity(above)), abs=1e-9)


def test_its_gradient_is_finite_everywhere_and_right_at_zero():
    r = LOGITS.clone().requires_grad_()
    ContinuousBernoulli().log_prob(torch.full_like(r, 0.25), r).backward()
    assert bool(r.grad.isfinite().all())
    at_zero = r.grad[LOGITS == 0]
    assert float(at_zero) == pytest.approx(0.25 - 0.5)  # x - E[x]


@pytest.mark.parametrize("calibrated", [False, True])
def test_gaussian_is_torchs(calibrated):
    likelihood = Gaussian(calibrated=calibrated).double().eval()
    with torch.no_grad():
        likelihood.log_variance.fill_(math.log(0.3))
    x, r = uniform(20, 5), uniform(20, 5) * 2
    expected = torch.distributions.Normal(r, math.sqrt(0.3)).log_prob(x).sum(-1)
    torch.testing.assert_close(likelihood.log_prob(x, r), expected)


def test_calibration_takes_the_variance_that_maximises_the_batchs_likelihood():
    likelihood, x, r = Gaussian(calibrated=True).double(), uniform(200, 5), torch.zeros(200, 5, dtype=torch.float64)
    best = likelihood.log_prob(x, r).sum()
    assert float(likelihood.log_variance) == pytest.approx(math.log(float(x.square().mean())))
    likelihood.eval()
    torch.testing.assert_close(likelihood.log_prob(x, r).sum(), best)
    for factor in (0.9, 1.1):
        worse = Gaussian(calibrated=True).double().eval()
        worse.log_variance.fill_(math.log(factor * float(x.square().mean())))
        assert worse.log_prob(x, r).sum() < best


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_samples_have_the_mean(name):
    likelihood, generator = make_likelihood(name).double(), torch.Generator().manual_seed(3)
    r = LOGITS[LOGITS.abs() < 10]
    drawn = likelihood.sample(r.expand(100_000, -1), generator).detach()
    z = (drawn.mean(0) - likelihood.mean(r)) / (drawn.std(0) / math.sqrt(len(drawn)))
    assert z.abs().max() < 4
    if likelihood.takes_unit_interval_only:
        assert drawn.min() >= 0
        assert drawn.max() <= 1


def test_only_the_bernoulli_is_no_density_of_grey_values():
    assert [name for name in LIKELIHOODS if not make_likelihood(name).is_density] == ["bernoulli"]
    x = np.linspace(0, 1, 1001)
    total = np.trapezoid(np.exp([float(Bernoulli().log_prob(torch.tensor([v]), torch.tensor([1.0]))) for v in x]), x)
    assert total < 0.7


def test_every_likelihood_is_a_choice_of_the_signature():
    assert get_args(LikelihoodName) == LIKELIHOODS
