"""Bounds and gradients of the variational autoencoder, against a linear-Gaussian one that is solved exactly."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from harmonium.metrics.variational_bounds import elbo, iwae
from harmonium.modules.likelihoods import Gaussian, make_likelihood
from harmonium.modules.networks import ConvolutionalDecoder, ConvolutionalEncoder, mlp
from harmonium.modules.priors import StandardNormal
from harmonium.modules.vae import VAEModule, log_normal
from harmonium.objectives.elbo import NegativeELBO

N_FEATURES, N_LATENT, VARIANCE = 5, 2, 0.4


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_kl_and_log_normal_are_torchs():
    mean, log_variance = torch.randn(2, 20, 3, generator=seeded(0), dtype=torch.float64)
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = torch.distributions.kl_divergence(q, prior).sum(-1)
    torch.testing.assert_close(StandardNormal(3).kl(mean, log_variance, mean), expected)
    z = torch.randn(20, 3, generator=seeded(1), dtype=torch.float64)
    torch.testing.assert_close(log_normal(z, mean, log_variance), q.log_prob(z).sum(-1))
    torch.testing.assert_close(StandardNormal(3).log_prob(z), prior.log_prob(z).sum(-1))


def linear_gaussian(*, exact_posterior: bool):
    """x = A z + m + noise: log p(x) and q(z | x) in closed form; `decoder` is A, `encoder` the posterior or near it."""
    loadings = torch.randn(N_FEATURES, N_LATENT, generator=seeded(2), dtype=torch.float64)
    loadings = torch.linalg.qr(loadings)[0] * torch.tensor([2.0, 0.7])  # orthogonal: the posterior is diagonal
    offset = torch.randn(N_FEATURES, generator=seeded(3), dtype=torch.float64)
    posterior_variance = 1 / (1 + loadings.square().sum(0) / VARIANCE)
    encoder, decoder = nn.Linear(N_FEATURES, 2 * N_LATENT).double(), nn.Linear(N_LATENT, N_FEATURES).double()
    likelihood = Gaussian(calibrated=False).double()
    slope = posterior_variance[:, None] * loadings.T / VARIANCE
    with torch.no_grad():
        decoder.weight.copy_(loadings)
        decoder.bias.copy_(offset)
        wrong = 1.0 if exact_posterior else 0.8
        encoder.weight.copy_(torch.cat([wrong * slope, torch.zeros_like(slope)]))
        encoder.bias.copy_(torch.cat([-wrong * slope @ offset, (posterior_variance / wrong**3).log()]))
        likelihood.log_variance.fill_(math.log(VARIANCE))
    z = torch.randn(400, N_LATENT, generator=seeded(4), dtype=torch.float64)
    x = z @ loadings.T + offset + math.sqrt(VARIANCE) * torch.randn(400, N_FEATURES, generator=seeded(5)).double()
    covariance = loadings @ loadings.T + VARIANCE * torch.eye(N_FEATURES, dtype=torch.float64)
    log_density = torch.distributions.MultivariateNormal(offset, covariance).log_prob(x)
    return VAEModule(encoder, decoder, likelihood, StandardNormal(N_LATENT)), x, log_density


def test_with_the_exact_posterior_every_bound_is_the_log_likelihood():
    module, x, log_density = linear_gaussian(exact_posterior=True)
    for k in (1, 7):
        torch.testing.assert_close(iwae(module, x, None, seeded(0), k), log_density, rtol=1e-10, atol=1e-10)
    bounds = torch.stack([elbo(module, x, None, seeded(k)) for k in range(200)])
    error = bounds.mean(1).std() / math.sqrt(200)
    assert abs(float(bounds.mean() - log_density.mean())) < 4 * float(error)


def test_with_a_wrong_posterior_the_bounds_are_ordered():
    module, x, log_density = linear_gaussian(exact_posterior=False)
    values, errors = [], []
    for k in (None, 2, 10, 100):
        repeated = [
            float((elbo(module, x, None, seeded(s)) if k is None else iwae(module, x, None, seeded(s), k)).mean())
            for s in range(40)
        ]
        values.append(np.mean(repeated))
        errors.append(np.std(repeated, ddof=1) / math.sqrt(40))
    truth = float(log_density.mean())
    for (low, high), (a, b) in zip(pairwise(values), pairwise(errors), strict=True):
        assert high - low > 3 * math.hypot(a, b)
    assert values[-1] < truth + 3 * errors[-1]
    assert truth - values[0] > 10 * (truth - values[-1])


def test_gradient_of_the_reparameterised_bound_equals_finite_differences():
    module = VAEModule(
        mlp([4, 8, 4], seeded(0)), mlp([2, 8, 4], seeded(1)), make_likelihood("continuous-bernoulli"), StandardNormal(2)
    ).double()
    x = torch.rand(6, 4, generator=seeded(2), dtype=torch.float64)
    objective = NegativeELBO(module, seeded(3), beta=0.7)
    objective.set_gradients(x)
    for parameter in module.parameters():
        flat, k = parameter.data.view(-1), parameter.numel() // 2
        losses = []
        for shift in (1e-6, -1e-6):
            objective.generator.manual_seed(3)
            flat[k] += shift
            losses.append(float(objective(x).loss.detach()))
            flat[k] -= shift
        numeric = (losses[0] - losses[1]) / 2e-6
        assert float(parameter.grad.view(-1)[k]) == pytest.approx(numeric, rel=1e-5, abs=1e-7)


def test_warm_up_raises_beta_in_equal_steps_to_its_value():
    module = linear_gaussian(exact_posterior=False)[0]
    x = torch.randn(50, N_FEATURES, generator=seeded(0), dtype=torch.float64)
    objective = NegativeELBO(module, seeded(1), beta=2.0, n_warmup_steps=4)
    betas = []
    for _ in range(6):
        loss, terms = objective(x)
        betas.append(float((loss.detach() - terms["negative_elbo"]) / terms["kl"] + 1))
    assert betas == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 2.0])


@pytest.mark.parametrize("shape", [(28, 28), (5, 7), (4, 4), (9, 6)])
@pytest.mark.parametrize("n_conditions", [0, 3])
def test_convolutions_take_images_of_any_shape(shape, n_conditions):
    n_pixels = shape[0] * shape[1]
    module = VAEModule(
        ConvolutionalEncoder(shape, [3, 4], 5, n_conditions, 6, seeded(0)),
        ConvolutionalDecoder(3 + n_conditions, shape, [3, 4], 5, seeded(1)),
        make_likelihood("bernoulli"),
        StandardNormal(3),
        n_conditions,
    )
    c = torch.eye(3)[[0, 2]] if n_conditions else None
    assert module.reconstruct(torch.rand(2, n_pixels, generator=seeded(2)), c).shape == (2, n_pixels)


def test_layers_leave_the_global_generator_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    mlp([4, 8, 4], seeded(0))
    assert torch.equal(torch.rand(3), expected)
