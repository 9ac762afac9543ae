"""Priors that are learned: densities that integrate to one, draws that follow them, bounds that stay bounds."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import kstest, multivariate_normal, norm
from tests.quadrature import finite_difference
from torch import nn

from harmonium.metrics.variational_bounds import elbo, iwae
from harmonium.modules.flow_prior import FlowPrior
from harmonium.modules.likelihoods import Gaussian
from harmonium.modules.mixture_prior import MixturePrior
from harmonium.modules.vae import VAEModule
from harmonium.objectives.elbo import NegativeELBO

CONDITIONS = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def mixture(n_conditions=2):
    """Two classes in the plane: an elongated one of two parts, and a round one far off."""
    weights = torch.tensor([[0.2, 0.8, 1e-9], [1e-9, 1e-9, 1.0]], dtype=torch.float64)
    prior = MixturePrior(2, 3, n_conditions).double()
    with torch.no_grad():
        if n_conditions:
            prior.gate.copy_(weights.log())
        else:
            prior.log_weights.copy_(torch.tensor([0.1, 0.6, 0.3]).double().log())
        prior.means.copy_(torch.tensor([[-2.0, 1.0], [0.5, 0.0], [3.0, -4.0]]))
        prior.factors.copy_(
            torch.tensor([[[0.0, 9.0], [1.5, 0.5]], [[-0.5, 9.0], [0.7, 0.2]], [[0.1, 9.0], [0.0, 0.1]]])
        )
    prior.is_placed.fill_(True)
    return prior


def covariances(prior):
    """The components' covariances, by another way than the prior's own."""
    P = np.tril(prior.factors.detach().numpy())
    for factor in P:
        np.fill_diagonal(factor, np.exp(np.diag(factor)))
    return np.linalg.inv(P.transpose(0, 2, 1) @ P)


def flow(n_latent=2, n_conditions=2):
    prior = FlowPrior(n_latent, n_conditions, seeded(0)).double()
    with torch.no_grad():
        for coupling in prior.couplings:
            coupling.network[-1].weight.normal_(std=0.02, generator=seeded(1))
            coupling.network[-1].bias.normal_(std=0.1, generator=seeded(2))
    return prior


PRIORS = pytest.mark.parametrize("prior", [mixture(), flow()], ids=["mixture", "flow"])


@pytest.mark.parametrize("prior", [MixturePrior(3, 5, 2), FlowPrior(3, 2, seeded(0))], ids=["mixture", "flow"])
def test_a_new_prior_is_the_standard_normal(prior):
    z, c = torch.randn(4, 3, generator=seeded(0)), torch.eye(2)[[0, 1, 1, 0]]
    torch.testing.assert_close(prior.log_prob(z, c).detach().numpy(), norm.logpdf(z).sum(1).astype(np.float32))


def test_the_mixtures_density_is_that_of_its_components():
    prior, z = mixture(), torch.randn(6, 2, generator=seeded(0), dtype=torch.float64) * 2
    normals = [multivariate_normal(m, S) for m, S in zip(prior.means.detach().numpy(), covariances(prior), strict=True)]
    wanted = np.log(0.2 * normals[0].pdf(z) + 0.8 * normals[1].pdf(z))
    np.testing.assert_allclose(prior.log_prob(z, CONDITIONS[:1].expand(6, -1)).detach(), wanted, atol=1e-6)


@PRIORS
@pytest.mark.parametrize("c", CONDITIONS)
def test_the_density_integrates_to_one(prior, c):
    grid = torch.linspace(-15, 15, 301, dtype=torch.float64)
    z = torch.cartesian_prod(grid, grid)
    total = prior.log_prob(z, c.expand(len(z), -1)).detach().exp().sum() * (grid[1] - grid[0]) ** 2
    assert abs(float(total) - 1) < 3e-3  # the flow has tails beyond the grid


@pytest.mark.parametrize("n_latent", [2, 5])
def test_the_flow_inverts_and_its_log_determinant_is_the_jacobians(n_latent):
    prior, c = flow(n_latent), CONDITIONS[:1]
    e = torch.randn(1, n_latent, generator=seeded(3), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda e: prior.push(e, None, c)[0], e)[:, 0]
    z = prior.push(e, None, c)
    wanted = norm.logpdf(e).sum() - float(jacobian.detach().slogdet().logabsdet)
    assert abs(float(prior.log_prob(z, c).detach()) - wanted) < 1e-9
    back = z
    for coupling in reversed(prior.couplings):
        back, _ = coupling.inverse(back, c)
    torch.testing.assert_close(back.detach(), e)


@PRIORS
def test_gradients_are_those_of_finite_differences(prior):
    z = torch.randn(3, 2, generator=seeded(4), dtype=torch.float64, requires_grad=True)
    c = CONDITIONS[[0, 1, 0]]
    parameters = [p for p in prior.parameters() if p.numel()]
    gradients = torch.autograd.grad(prior.log_prob(z, c).sum(), [z, *parameters])

    def with_(k, values):
        places = [z, *parameters]
        before = places[k].detach().clone()
        places[k].data = torch.as_tensor(values).view_as(before)
        total = float(prior.log_prob(z, c).detach().sum())
        places[k].data = before
        return total

    for k, gradient in enumerate(gradients):
        at = [z, *parameters][k].detach().numpy().ravel()
        few = slice(None, None, max(1, len(at) // 12))  # a dozen of a large network's weights

        def of_few(values, k=k, at=at, few=few):
            moved = at.copy()
            moved[few] = values
            return with_(k, moved)

        np.testing.assert_allclose(gradient.numpy().ravel()[few], finite_difference(of_few, at[few]), atol=1e-5)


@PRIORS
@pytest.mark.parametrize("c", CONDITIONS)
def test_draws_and_uniform_points_follow_the_density(prior, c):
    n = 10_000
    many = c.expand(n, -1)
    drawn = prior.sample(n, seeded(5), torch.float64, many).detach()
    uniform = torch.rand(n, 2, generator=seeded(6), dtype=torch.float64)
    pushed = prior.from_uniform(uniform, many).detach()
    other = prior.sample(n, seeded(7), torch.float64, many).detach()
    for points in (drawn, pushed):
        # E[log p] and the marginals, against draws of another seed
        gap = (prior.log_prob(points, many) - prior.log_prob(other, many)).detach()
        assert abs(float(gap.mean())) < 4 * float(gap.std()) / math.sqrt(n)
        directions = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.7, -0.7]], dtype=torch.float64)
        assert all(kstest(points @ d, other @ d).pvalue > 1e-3 for d in directions)


def test_draws_have_the_moments_of_the_mixture():
    prior, n = mixture(), 100_000
    drawn = prior.sample(n, seeded(8), torch.float64, CONDITIONS[:1].expand(n, -1)).detach().numpy()
    means, S = prior.means.detach().numpy(), covariances(prior)
    mean = 0.2 * means[0] + 0.8 * means[1]
    spread = sum(w * (S[k] + np.outer(means[k] - mean, means[k] - mean)) for k, w in ((0, 0.2), (1, 0.8)))
    np.testing.assert_allclose(drawn.mean(0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), spread, atol=0.08)


def test_from_uniform_inverts_the_distribution_function_of_the_first_coordinate_and_of_the_second_given_it():
    prior, S = mixture(0), covariances(mixture(0))
    means, weights = prior.means.detach().numpy(), np.array([0.1, 0.6, 0.3])
    z = prior.from_uniform(torch.tensor([[0.25, 0.9]], dtype=torch.float64)).detach().numpy()[0]
    sd = np.sqrt(S[:, 0, 0])
    assert abs((weights * norm.cdf(z[0], means[:, 0], sd)).sum() - 0.25) < 1e-8
    given = weights * norm.pdf(z[0], means[:, 0], sd)
    conditional_mean = means[:, 1] + S[:, 1, 0] / S[:, 0, 0] * (z[0] - means[:, 0])
    conditional_sd = np.sqrt(S[:, 1, 1] - S[:, 1, 0] ** 2 / S[:, 0, 0])
    assert abs((given / given.sum() * norm.cdf(z[1], conditional_mean, conditional_sd)).sum() - 0.9) < 1e-8


@PRIORS
def test_a_temperature_scales_the_noise_alone(prior):
    c = CONDITIONS[:1].expand(2000, -1)
    cold = prior.sample(2000, seeded(9), torch.float64, c, 1e-6).detach()
    warm = prior.sample(2000, seeded(9), torch.float64, c).detach()
    assert cold.std(0).max() < warm.std(0).min()
    if isinstance(prior, MixturePrior):  # what is left are the components' means, with their weights
        shares = torch.cdist(cold, prior.means.detach()).argmin(1).bincount(minlength=3) / 2000
        np.testing.assert_allclose(shares, [0.2, 0.8, 0], atol=4 * math.sqrt(0.16 / 2000))


@PRIORS
def test_the_divergence_is_estimated_without_bias(prior):
    mean, log_variance = torch.tensor([[0.4, -1.0]]).double(), torch.tensor([[-0.7, 0.6]]).double()
    grid = torch.linspace(-8, 8, 201, dtype=torch.float64)
    points = torch.cartesian_prod(grid, grid)
    q = norm.logpdf(points, mean, (0.5 * log_variance).exp()).sum(1)
    log_ratio = q - prior.log_prob(points, CONDITIONS[:1].expand(len(points), -1)).detach().numpy()
    exact = float((np.exp(q) * log_ratio).sum() * (grid[1] - grid[0]) ** 2)
    n = 20_000
    z = mean + (0.5 * log_variance).exp() * torch.randn(n, 2, generator=seeded(10), dtype=torch.float64)
    estimates = prior.kl(mean.expand(n, -1), log_variance.expand(n, -1), z, CONDITIONS[:1].expand(n, -1)).detach()
    assert abs(float(estimates.mean()) - exact) < 4 * float(estimates.std()) / math.sqrt(n) + 1e-3


def linear_gaussian(prior):
    """x = A z + b + noise; the encoder is affine and not the exact posterior."""
    decoder, encoder = nn.Linear(2, 3), nn.Linear(3, 4)
    with torch.no_grad():
        decoder.weight.copy_(torch.tensor([[1.0, 0.5], [-0.3, 0.8], [0.2, -1.2]]))
        decoder.bias.copy_(torch.tensor([0.1, -0.2, 0.3]))
        encoder.weight.zero_()
        encoder.weight[:2] = torch.linalg.pinv(decoder.weight) * 0.9
        encoder.bias.copy_(torch.tensor([0.1, 0.2, -1.0, -1.5]))
    likelihood = Gaussian(calibrated=False)
    with torch.no_grad():
        likelihood.log_variance.fill_(-1.0)
    return VAEModule(encoder, decoder, likelihood, prior).double()


def test_elbo_and_iwae_are_bounds_on_the_exact_log_likelihood_under_a_mixture():
    prior = mixture(0)
    module = linear_gaussian(prior)
    x = torch.randn(40, 3, generator=seeded(12), dtype=torch.float64)
    A, b = (part.detach().numpy() for part in (module.decoder.weight, module.decoder.bias))
    components = [
        multivariate_normal(A @ m + b, A @ S @ A.T + math.exp(-1) * np.eye(3)).pdf(x)
        for m, S in zip(prior.means.detach().numpy(), covariances(prior), strict=True)
    ]
    exact = float(np.log(np.array([0.1, 0.6, 0.3]) @ np.array(components)).mean())
    bounds = [float(elbo(module, x, None, seeded(13), 200).mean())]
    bounds += [float(iwae(module, x, None, seeded(14), n).mean()) for n in (10, 1000)]
    assert bounds[0] < bounds[1] - 0.1 < bounds[2] - 0.1 < exact
    assert exact - bounds[2] < 0.05


def test_the_loss_is_the_bound_with_the_mixture_in_it():
    module = linear_gaussian(mixture(0))
    x = torch.randn(8, 3, generator=seeded(15), dtype=torch.float64)
    loss = NegativeELBO(module, seeded(16))(x).loss
    torch.testing.assert_close(loss.detach(), -elbo(module, x, None, seeded(16)).mean())


def planted(n=6000):
    """Draws of two classes, a third of the first: each of two parts of unequal weights."""
    is_first = torch.arange(n) < n // 3
    part = torch.rand(n, generator=seeded(17)) < torch.where(is_first, 0.25, 0.6)
    centres = torch.tensor([[[0.0, 0.0], [5.0, 1.0]], [[-5.0, 2.0], [0.0, -6.0]]])
    z = centres[(~is_first).long(), part.long()] + torch.randn(n, 2, generator=seeded(18)) * torch.tensor([1.0, 0.3])
    return z, torch.eye(2)[(~is_first).long()], centres


def test_placing_finds_the_parts_of_every_class_and_their_weights():
    z, c, centres = planted()
    prior = MixturePrior(2, 4, 2)
    prior.place(z, c, seed=0)
    for k, weights in enumerate(((0.75, 0.25), (0.4, 0.6))):
        pi = prior._log_pi(c[c[:, k] == 1][:1]).exp()[0].detach()
        nearest = torch.cdist(centres[k], prior.means.detach())
        near = nearest.argmin(1)
        assert nearest.min(1).values.max() < 0.15
        torch.testing.assert_close(pi[near], torch.tensor(weights), atol=0.04, rtol=0)
        spread = torch.from_numpy(covariances(prior)[near]).float()
        torch.testing.assert_close(spread, torch.diag(torch.tensor([1.0, 0.09])).expand(2, -1, -1), atol=0.1, rtol=0)


def test_placing_without_conditions_shares_the_components_among_clusters():
    z, _, centres = planted()
    prior = MixturePrior(2, 40)
    prior.place(z, None, seed=0)
    drawn = prior.sample(20_000, seeded(19), torch.float32).detach()
    shares = torch.cdist(drawn, centres.flatten(0, 1)).argmin(1).bincount(minlength=4) / 20_000
    wanted = torch.tensor([0.75 / 3, 0.25 / 3, 0.4 * 2 / 3, 0.6 * 2 / 3])
    torch.testing.assert_close(shares, wanted, atol=0.02, rtol=0)
    assert float(prior.log_prob(z).detach().mean()) > -3.1  # the mixture's own entropy is 2.96 nats


def test_a_continuous_condition_that_says_nothing_of_the_codes_hardly_changes_the_weights():
    z, _, _ = planted()
    prior = MixturePrior(2, 8, 1)
    prior.place(z, torch.rand(len(z), 1, generator=seeded(20)), seed=0)
    at_ends = prior._log_pi(torch.tensor([[0.0], [1.0]])).detach()
    torch.testing.assert_close(at_ends[0], at_ends[1], atol=0.5, rtol=0)
    assert prior.gate.requires_grad


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_class_of_few_draws_does_not_make_the_mixture_singular(n):
    z, c, _ = planted()
    few = torch.cat([torch.arange(n), torch.arange(3000, 3500)])
    prior = MixturePrior(2, 10, 2)
    prior.place(z[few], c[few], seed=0)
    assert torch.isfinite(prior.log_prob(z, c)).all()
    assert prior.log_prob(z[few[:n]], c[few[:n]]).max() < 3


def placed_by_levels(c, z):
    prior = MixturePrior(2, 30, c.shape[1])
    prior.place(z, c, seed=0)
    return prior


NUMBER = torch.tensor([-1.0, 0.0, 1.0, 4.0])
ONE_HOT = torch.eye(4)
FAR_APART = torch.tensor([[-9.0, 0.0], [0.0, 9.0], [9.0, 0.0], [0.0, -9.0]])
LEVEL = torch.arange(2000) % 4


@pytest.mark.parametrize(
    "conditions",
    [
        ONE_HOT,
        NUMBER[:, None],
        torch.stack([NUMBER, NUMBER.square()], 1),
        torch.cat([ONE_HOT[:, :2] + ONE_HOT[:, 2:], NUMBER[:, None]], 1),
        torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]]),  # two columns of classes
        torch.zeros(4, 1),
    ],
    ids=["classes", "a number", "two numbers", "classes and a number", "two columns of classes", "a constant"],
)
def test_a_placed_mixture_is_near_the_data_under_every_condition(conditions):
    """Four far groups of codes: whatever the weights can be told of the condition, not knowing costs log 4."""
    z = FAR_APART[LEVEL] + torch.randn(2000, 2, generator=seeded(11))
    prior = placed_by_levels(conditions[LEVEL], z)
    fresh = FAR_APART[LEVEL] + torch.randn(2000, 2, generator=seeded(12))
    known = norm.logpdf(fresh - FAR_APART[LEVEL]).sum(1)
    found = prior.log_prob(fresh, conditions[LEVEL]).detach().numpy()
    for level in range(4):
        lost = (known - found)[level::4].mean()
        assert lost < math.log(4) + 0.35, level  # and what few points leave open of a density


@pytest.mark.parametrize(
    "conditions", [ONE_HOT[:2, :2], NUMBER[[0, 3], None], NUMBER[[1, 2], None], torch.tensor([[0.3, 1.0], [0.3, -1.0]])]
)
def test_two_conditions_of_any_kind_have_weights_of_their_own(conditions):
    level = LEVEL[:1000] % 2
    prior = placed_by_levels(conditions[level], FAR_APART[level] + torch.randn(1000, 2, generator=seeded(11)))
    drawn = prior.sample(1000, seeded(13), torch.float32, conditions[level]).detach()
    assert (torch.cdist(drawn, FAR_APART[:2]).argmin(1) == level).float().mean() > 0.9


@pytest.mark.parametrize("c", [torch.tensor([[1.0], [1.0000001]]), torch.tensor([[6e-17], [6e-17]])])
def test_a_rounding_error_of_the_conditions_is_not_told_apart(c):
    prior = placed_by_levels(c[LEVEL % 2], torch.randn(2000, 2, generator=seeded(11)))
    assert float(prior.gate.detach().abs().max()) < 1
    assert float(prior.log_prob(torch.zeros(1, 2), c[:1]).detach()) == pytest.approx(-math.log(2 * math.pi), abs=0.3)
