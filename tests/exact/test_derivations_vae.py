"""What the report derives for the variational autoencoder and the library computes."""

import math
from itertools import pairwise

import numpy as np
import pytest
import sympy
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from torch import nn

from harmonium.metrics.variational_bounds import elbo, iwae
from harmonium.modules.likelihoods import Gaussian, make_likelihood
from harmonium.modules.networks import mlp
from harmonium.modules.priors import StandardNormal
from harmonium.modules.vae import VAEModule
from harmonium.objectives.elbo import NegativeELBO
from textbook_vae import expectations, nonlinear_model


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_reparameterised_gradient_is_that_of_the_expectation():
    mu, z, e = sympy.symbols("mu z e", real=True)
    sigma = sympy.symbols("sigma", positive=True)

    def over_noise(expression):
        """E over e ~ N(0, 1) of a polynomial in e, by the moments of the normal distribution."""
        terms = sympy.Poly(sympy.expand(expression), e).terms()
        return sum(c * (sympy.factorial2(k - 1) if k % 2 == 0 else 0) for (k,), c in terms)

    f = z**4 - 3 * z**3 + 2 * z
    mean = mu**4 + 6 * mu**2 * sigma**2 + 3 * sigma**4 - 3 * (mu**3 + 3 * mu * sigma**2) + 2 * mu  # E_q[f], known
    slope = sympy.diff(f, z).subs(z, mu + sigma * e)
    assert sympy.expand(over_noise(slope) - sympy.diff(mean, mu)) == 0
    assert sympy.expand(over_noise(slope * e) - sympy.diff(mean, sigma)) == 0
    # and the library's draw, differentiated: unbiased for the derivative by mu and by log sigma²
    at_mu, at_sigma = -0.4, 0.6
    module = VAEModule(mlp([1, 2], seeded(0)), mlp([1, 1], seeded(1)), make_likelihood("gaussian"), StandardNormal(1))
    means = torch.full((40_000, 1), at_mu, dtype=torch.float64, requires_grad=True)
    log_variances = torch.full((40_000, 1), 2 * math.log(at_sigma), dtype=torch.float64, requires_grad=True)
    drawn = module.sample_posterior(means, log_variances, seeded(2))
    (drawn**4 - 3 * drawn**3 + 2 * drawn).sum().backward()
    by_log_variance = at_sigma / 2 * sympy.diff(mean, sigma)
    for draws, exact in ((means.grad, sympy.diff(mean, mu)), (log_variances.grad, by_log_variance)):
        expected = float(exact.subs({mu: at_mu, sigma: at_sigma}))
        assert abs(float(draws.mean()) - expected) < 4 * float(draws.std()) / 200
        assert abs(expected) > 20 * float(draws.std()) / 200


def test_divergence_from_the_prior_by_symbolic_integration():
    z, mu = sympy.symbols("z mu", real=True)
    sigma = sympy.symbols("sigma", positive=True)
    log_ratio = -sympy.log(sigma) - (z - mu) ** 2 / (2 * sigma**2) + z**2 / 2
    # under q, z = mu + sigma e with E[e] = 0 and E[e²] = 1
    e = sympy.symbols("e", real=True)
    weight = sympy.exp(-(e**2) / 2) / sympy.sqrt(2 * sympy.pi)
    integrand = sympy.expand(log_ratio.subs(z, mu + sigma * e))
    total = sympy.integrate(sympy.expand(integrand * weight), (e, -sympy.oo, sympy.oo))
    closed = (mu**2 + sigma**2 - 1 - sympy.log(sigma**2)) / 2
    assert sympy.simplify(sympy.expand_log(total - closed)) == 0
    means, sds = [[0.4, -1.0]], [[0.6, 1.5]]
    library = StandardNormal(2).kl(torch.tensor(means), 2 * torch.tensor(sds).log(), torch.tensor(means))
    expected = sum(
        float(closed.subs({mu: m, sigma: s})) for m, s in zip(means[0], sds[0], strict=True)
    )  # a sum over dimensions
    assert float(library) == pytest.approx(expected, rel=1e-5)
    assert expectations(nonlinear_model(0.0), 0.4, 0.6)[3] == pytest.approx(
        float(closed.subs({mu: 0.4, sigma: 0.6})), rel=1e-9
    )


def test_the_loss_is_minus_the_bound_of_its_own_draw():
    module = VAEModule(
        mlp([4, 8, 4], seeded(0)), mlp([2, 8, 4], seeded(1)), make_likelihood("bernoulli"), StandardNormal(2)
    ).double()
    x = torch.rand(6, 4, generator=seeded(2), dtype=torch.float64)
    loss = {beta: float(NegativeELBO(module, seeded(3), beta=beta)(x).loss.detach()) for beta in (1.0, 0.25)}
    mean, log_variance = module.encode(x)
    kl = float(module.prior.kl(mean, log_variance, mean).mean().detach())
    assert kl > 1e-3
    assert loss[1.0] == pytest.approx(-float(elbo(module, x, None, seeded(3)).mean()))
    assert loss[0.25] == pytest.approx(loss[1.0] - 0.75 * kl)


def test_a_one_hot_label_is_a_bias_of_its_class():
    n_features, n_classes = 4, 3
    encoder, decoder = mlp([n_features + n_classes, 4], seeded(0)), mlp([2 + n_classes, n_features], seeded(1))
    module = VAEModule(encoder, decoder, make_likelihood("bernoulli"), StandardNormal(2), n_classes)
    x, z = torch.rand(3, n_features, generator=seeded(2)), torch.randn(3, 2, generator=seeded(3))
    labels = torch.tensor([2, 0, 1])
    c = torch.eye(n_classes)[labels]
    for layer, rows, out in (
        (encoder[0], x, torch.cat(module.encode(x, c), 1)),
        (decoder[0], z, module.decode(z, c)),
    ):
        U, V = layer.weight.split([rows.shape[1], n_classes], 1)
        assert V.abs().max() > 0.01
        torch.testing.assert_close(out, rows @ U.T + (layer.bias + V.T[labels]))


X = 1.1
SHIFTS = (-1.0, 0.0, 1.5)  # of the decoder, a class each
CODES = ((0.9, 0.4), (0.7, 0.5), (-0.2, 0.6))  # mean and standard deviation of q(z | X, c)


class TextbookDecoder(nn.Module):
    """The decoder of `nonlinear_model`, given z beside the one-hot class."""

    def forward(self, rows):
        z, one_hot = rows[:, :1], rows[:, 1:]
        return 1.5 * torch.tanh(z + one_hot @ torch.tensor(SHIFTS, dtype=rows.dtype)[:, None]) + 0.3 * z


def textbook_module():
    encoder, likelihood = nn.Linear(1 + len(SHIFTS), 2).double(), Gaussian(calibrated=False).double()
    of_image = torch.tensor([[0.5], [-0.8]], dtype=torch.float64)
    outputs = torch.tensor([(mean, 2 * math.log(sd)) for mean, sd in CODES], dtype=torch.float64)
    with torch.no_grad():
        encoder.weight.copy_(torch.cat([of_image, outputs.T - X * of_image], 1))
        encoder.bias.zero_()
        likelihood.log_variance.fill_(math.log(0.3))
    return VAEModule(encoder, TextbookDecoder(), likelihood, StandardNormal(1), len(SHIFTS))


def over_every_draw(bound, label, n_draws, n_nodes):
    """The expectation of a bound over all its draws: a quadrature's nodes are handed to the library in their place."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    draws = np.stack(np.meshgrid(*[nodes] * n_draws)).reshape(n_draws, -1, 1)
    probabilities = np.stack(np.meshgrid(*[weights / weights.sum()] * n_draws)).reshape(n_draws, -1).prod(0)
    module, left = textbook_module(), list(torch.from_numpy(draws))
    module.sample_posterior = lambda mean, log_variance, generator: mean + (0.5 * log_variance).exp() * left.pop()
    x = torch.full((len(probabilities), 1), X, dtype=torch.float64)
    values = bound(module, x, torch.eye(len(SHIFTS))[[label]].expand(len(x), -1), seeded(0))
    assert left == []
    return float(probabilities @ values.numpy())


@pytest.mark.parametrize("label", range(3))
def test_the_bound_falls_short_by_the_divergence_from_the_posterior(label):
    expected, log_evidence, gap, _ = expectations(nonlinear_model(X, SHIFTS[label]), *CODES[label])
    found = over_every_draw(elbo, label, n_draws=1, n_nodes=80)
    assert found == pytest.approx(expected, rel=1e-7)
    assert found == pytest.approx(log_evidence - gap, rel=1e-7)
    assert gap > 1e-3


def test_importance_weighted_bound_is_the_expected_log_mean_weight():
    (mean, sd), shift = CODES[1], SHIFTS[1]
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    z, probability = mean + sd * nodes, weights / weights.sum()
    log_weight = norm.logpdf(X, 1.5 * np.tanh(z + shift) + 0.3 * z, math.sqrt(0.3)) + norm.logpdf(z)
    log_weight -= norm.logpdf(z, mean, sd)
    _, log_evidence, _, _ = expectations(nonlinear_model(X, shift), mean, sd)
    bounds = []
    for k in (1, 2, 3):
        chosen = np.indices((20,) * k).reshape(k, -1)
        expected = probability[chosen].prod(0) @ (logsumexp(log_weight[chosen], axis=0) - math.log(k))
        bounds.append(over_every_draw(lambda *given, k=k: iwae(*given, k), 1, n_draws=k, n_nodes=20))
        assert bounds[-1] == pytest.approx(expected, rel=1e-10)
    for low, high in pairwise([*bounds, log_evidence]):
        assert high > low + 1e-3
