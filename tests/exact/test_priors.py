"""The prior N(0, I) is what it says, and the objective and the bounds ask the module's own prior."""

import math

import torch
from scipy.stats import kstest, norm
from torch import nn

from harmonium.metrics.variational_bounds import elbo, iwae
from harmonium.modules.likelihoods import Gaussian
from harmonium.modules.priors import StandardNormal
from harmonium.modules.vae import VAEModule
from harmonium.objectives.elbo import NegativeELBO


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_draws_follow_the_normal_law_in_every_dimension():
    drawn = StandardNormal(3).sample(20_000, seeded(0), torch.float64)
    assert drawn.shape == (20_000, 3)
    assert all(kstest(column, norm.cdf).pvalue > 1e-3 for column in drawn.T)
    assert drawn.T.corrcoef().fill_diagonal_(0).abs().max() < 4 / math.sqrt(20_000)


def test_quantiles_are_where_the_distribution_function_says():
    u = torch.tensor([[0.02, 0.3], [0.5, 0.98]], dtype=torch.float64)
    torch.testing.assert_close(torch.from_numpy(norm.cdf(StandardNormal(2).from_uniform(u))), u)


def test_the_divergence_is_the_mean_of_the_log_ratio():
    mean, log_variance = torch.tensor([[0.4, -1.0]]).double(), torch.tensor([[-0.7, 0.6]]).double()
    prior, n = StandardNormal(2), 200_000
    z = mean + (0.5 * log_variance).exp() * torch.randn(n, 2, generator=seeded(1), dtype=torch.float64)
    log_q = norm.logpdf(z, mean, (0.5 * log_variance).exp()).sum(1)
    ratio = torch.from_numpy(log_q) - prior.log_prob(z)
    assert abs(float(ratio.mean() - prior.kl(mean, log_variance, z))) < 4 * float(ratio.std()) / math.sqrt(n)


class Shifted(StandardNormal):
    """N(m_c, I), with a mean that is the number of the class: a prior that needs the condition."""

    def log_prob(self, z, c=None):
        return super().log_prob(z - c.argmax(1, keepdim=True))

    def kl(self, mean, log_variance, z, c=None):
        return super().kl(mean - c.argmax(1, keepdim=True), log_variance, z)


def test_objective_and_bounds_ask_the_modules_own_prior():
    encoder, decoder = nn.Linear(6, 4), nn.Linear(5, 3)
    modules = [
        VAEModule(encoder, decoder, Gaussian(calibrated=False), prior(2), 3) for prior in (StandardNormal, Shifted)
    ]
    x, labels = torch.randn(8, 3, generator=seeded(0)), torch.tensor([0, 1, 2, 0, 1, 2, 2, 2])
    c = torch.eye(3)[labels]
    plain, shifted = modules
    mean, log_variance = plain.encode(x, c)
    change = (Shifted(2).kl(mean, log_variance, mean, c) - plain.prior.kl(mean, log_variance, mean)).detach()
    assert change[labels > 0].abs().min() > 1e-3
    bounds = [elbo(module, x, c, seeded(1)) for module in modules]
    torch.testing.assert_close(bounds[0] - bounds[1], change)
    losses = [NegativeELBO(module, seeded(1))(x, c).loss for module in modules]
    torch.testing.assert_close(losses[1] - losses[0], change.mean())
    one_draw = [iwae(module, x, c, seeded(1), 1) for module in modules]
    z = plain.sample_posterior(mean, log_variance, seeded(1)).detach()
    torch.testing.assert_close(one_draw[1] - one_draw[0], shifted.prior.log_prob(z, c) - plain.prior.log_prob(z))


def test_a_prior_without_parameters_adds_no_key_to_a_saved_model():
    module = VAEModule(nn.Linear(3, 4), nn.Linear(2, 3), Gaussian(calibrated=False), StandardNormal(2))
    assert [key for key in module.state_dict() if key.startswith("prior")] == []
