"""What the report derives for the likelihoods of a decoder and the library computes."""

import math

import numpy as np
import pytest
import sympy
import torch

from harmonium.modules.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian


def test_bernoulli_score_of_a_grey_pixel_peaks_at_minus_its_entropy():
    x, r = sympy.symbols("x r", positive=True)
    score = x * r - sympy.log(1 + sympy.exp(r))
    best = sympy.log(x / (1 - x))
    assert sympy.simplify(sympy.diff(score, r).subs(r, best)) == 0
    lam = sympy.exp(r) / (1 + sympy.exp(r))
    assert sympy.simplify(sympy.diff(score, r, 2) + lam * (1 - lam)) == 0
    logits = torch.linspace(-8, 8, 3201, dtype=torch.float64)
    for grey in (0.03, 0.4, 0.5, 0.9):
        values = Bernoulli().log_prob(torch.full((3201, 1), grey).double(), logits[:, None])
        minus_entropy = grey * math.log(grey) + (1 - grey) * math.log(1 - grey)
        assert float(values.max()) == pytest.approx(minus_entropy, abs=1e-5)
        assert values.max() <= minus_entropy + 1e-7
        assert float(logits[values.argmax()].sigmoid()) == pytest.approx(grey, abs=2e-3)


def test_bernoulli_score_integrates_to_the_inverse_normaliser():
    x = sympy.symbols("x", real=True)
    r = sympy.symbols("r", positive=True)
    integrated = sympy.integrate(sympy.exp(x * r), (x, 0, 1)) / (1 + sympy.exp(r))
    assert sympy.simplify((integrated - sympy.tanh(r / 2) / r).rewrite(sympy.exp)) == 0
    assert sympy.limit(1 / integrated, r, 0) == 2
    mean = sympy.integrate(x * r * sympy.exp(x * r) / (sympy.exp(r) - 1), (x, 0, 1))
    for closed in (1 / (1 - sympy.exp(-r)) - 1 / r, sympy.diff(sympy.log((sympy.exp(r) - 1) / r), r)):
        assert sympy.simplify(mean - closed) == 0
    logits = np.array([0.2, 1.0, 7.0])
    library = ContinuousBernoulli().log_normaliser(torch.from_numpy(logits)).exp().numpy()
    expected = [float((1 / integrated).subs(r, value)) for value in logits]
    np.testing.assert_allclose(library, expected, rtol=1e-12)
    assert min(expected) > 2  # so the integral is at most 1/2


def test_the_best_common_variance_is_the_mean_squared_error():
    s, S, n = sympy.symbols("s S n", positive=True)
    log_likelihood = -n / 2 * (sympy.log(2 * sympy.pi * s) + S / s)
    assert sympy.simplify(sympy.diff(log_likelihood, s) - n / (2 * s**2) * (S - s)) == 0
    best = log_likelihood.subs(s, S)
    assert sympy.simplify(best + n / 2 * (sympy.log(2 * sympy.pi * S) + 1)) == 0
    likelihood = Gaussian(calibrated=True).double()
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = float(likelihood.log_prob(x, torch.zeros_like(x)).sum())
    assert found == pytest.approx(float(best.subs({S: float(x.square().mean()), n: 200})))
