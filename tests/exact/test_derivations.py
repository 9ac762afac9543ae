"""The results that the report derives, against symbols, enumeration, quadrature and finite differences."""

import math
from itertools import combinations, pairwise, product

import numpy as np
import pytest
import sympy
import torch
from scipy.special import expit, logsumexp
from scipy.stats import norm

from harmonium.metrics.partition_function import log_partition
from harmonium.metrics.sparsity import explained_variance
from harmonium.metrics.variational_bounds import elbo
from harmonium.modules.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian, make_likelihood
from harmonium.modules.networks import mlp
from harmonium.modules.priors import StandardNormal
from harmonium.modules.sparse_autoencoder import SparseAutoencoderModule
from harmonium.modules.vae import VAEModule
from harmonium.objectives.elbo import NegativeELBO
from harmonium.objectives.sparse_denoising import SparseDenoising
from harmonium.samplers.annealed_importance import anneal, annealed_importance_sampling
from harmonium.samplers.annealing_paths import CollapsedPath
from small_machines import assignment_energy, every_state, random_module

# wide enough for every Gaussian below; on it the trapezoid rule is exact to rounding
GRID = np.linspace(-25, 25, 2001)
STEP = GRID[1] - GRID[0]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def integral(values):
    return values.sum(axis=0) * STEP


def finite_difference(function, theta, step=1e-5):
    """The gradient of a scalar function of a vector, by central differences."""
    shifts = step * np.eye(len(theta))
    return np.array([(function(theta + shift) - function(theta - shift)) / (2 * step) for shift in shifts])


# --- the Gaussian-Bernoulli RBM, from W, b, alpha and log sigma² alone -----------------------------------------------


class Machine:
    """The formulas of the report, term by term, for parameters in one vector (W, b, alpha, log sigma²)."""

    def __init__(self, theta, n_visible, n_hidden):
        n_weights = n_visible * n_hidden
        self.W = theta[:n_weights].reshape(n_visible, n_hidden)
        self.b = theta[n_weights : n_weights + n_visible]
        self.alpha = theta[n_weights + n_visible : n_weights + n_visible + n_hidden]
        self.sigma = np.exp(0.5 * theta[n_weights + n_visible + n_hidden :])
        self.states = every_state(n_hidden).numpy()

    def minus_energy(self, v, h):
        """-E of every row of v with the same row of h."""
        interaction = ((v / self.sigma) @ self.W * h).sum(-1)
        return interaction - ((v - self.b) ** 2 / (2 * self.sigma**2)).sum(-1) + h @ self.alpha

    def free_energy(self, v):
        return -logsumexp([self.minus_energy(v, np.broadcast_to(h, (len(v), len(h)))) for h in self.states], axis=0)

    def hidden_probabilities(self, v):
        return expit(self.alpha + (v / self.sigma) @ self.W)

    def visible_mean(self, h):
        return self.b + self.sigma * (h @ self.W.T)

    def minus_hidden_free_energy(self, h):
        a = h @ self.W.T
        constant = np.log(np.sqrt(2 * np.pi) * self.sigma).sum()
        return h @ self.alpha + a @ (self.b / self.sigma) + 0.5 * (a**2).sum(-1) + constant

    def log_partition(self):
        return logsumexp(self.minus_hidden_free_energy(self.states))

    def state_probabilities(self):
        return np.exp(self.minus_hidden_free_energy(self.states) - self.log_partition())

    def minus_energy_gradient(self, v, h, extra=0.0):
        """The report's four derivatives of -E, a row an example; `extra` is the variance of v given h."""
        pulled = (v[:, :, None] * h[:, None, :] / self.sigma[:, None]).reshape(len(v), -1)
        by_b = (v - self.b) / self.sigma**2
        by_log_variance = ((v - self.b) ** 2 + extra) / (2 * self.sigma**2) - v / (2 * self.sigma) * (h @ self.W.T)
        return np.concatenate([pulled, by_b, h, by_log_variance], axis=1)


def random_theta(n_visible, n_hidden, seed):
    generator = np.random.default_rng(seed)
    n_weights = n_visible * n_hidden
    return generator.normal(size=n_weights + 2 * n_visible + n_hidden) * np.repeat(
        [0.7, 1.0, 1.0, 0.5], [n_weights, n_visible, n_hidden, n_visible]
    )


def test_completing_the_square_of_a_visible_unit():
    x, b, a = sympy.symbols("x b a", real=True)
    sigma = sympy.symbols("sigma", positive=True)
    exponent = x * a / sigma - (x - b) ** 2 / (2 * sigma**2)
    completed = -((x - b - sigma * a) ** 2) / (2 * sigma**2) + b * a / sigma + a**2 / 2
    assert sympy.expand(exponent - completed) == 0
    total = sympy.integrate(sympy.exp(sympy.expand(exponent)), (x, -sympy.oo, sympy.oo))
    expected = sympy.sqrt(2 * sympy.pi) * sigma * sympy.exp(b * a / sigma + a**2 / 2)
    assert sympy.simplify(total / expected) == 1


def joint_on_grid(module, h):
    """exp(-E(v, h)) on a grid over both of two visible units."""
    grid = torch.linspace(-15, 15, 301, dtype=torch.float64)
    v = torch.cartesian_prod(grid, grid)
    with torch.no_grad():
        joint = (-module.energy(v, torch.from_numpy(h).expand(len(v), -1))).exp()
    return grid.numpy(), joint.reshape(301, 301).numpy()


@pytest.mark.parametrize("h", every_state(2)[1:].numpy())
def test_visible_conditional_is_the_ratio_in_which_alpha_cancels(h):
    module = random_module(2, 2, 5, scale=0.5)
    grid, joint = joint_on_grid(module, h)
    by_definition = joint.sum(1) / (joint.sum() * (grid[1] - grid[0]))  # p(v_1 = x, h) / p(h): v_2 is integrated out
    W, b, sigma = (p.detach().numpy() for p in (module.weight.T, module.visible_bias, module.sigma))
    phi = np.exp(grid / sigma[0] * (W[0] @ h) - (grid - b[0]) ** 2 / (2 * sigma[0] ** 2))
    np.testing.assert_allclose(phi / (phi.sum() * (grid[1] - grid[0])), by_definition, rtol=1e-9, atol=1e-12)
    with torch.no_grad():
        module.hidden_bias += 3.0  # the numerator and the denominator change, their ratio does not
    changed = joint_on_grid(module, h)[1]
    assert changed.sum() > 10 * joint.sum()
    np.testing.assert_allclose(changed.sum(1) / changed.sum(), joint.sum(1) / joint.sum(), rtol=1e-9, atol=1e-12)


def test_visible_units_are_independent_given_h():
    module = random_module(2, 2, 5, scale=0.5)
    for h in every_state(2).numpy():
        joint = joint_on_grid(module, h)[1]
        joint /= joint.sum()
        np.testing.assert_allclose(joint, np.outer(joint.sum(1), joint.sum(0)), rtol=1e-8, atol=1e-14)
    mixed = sum(joint_on_grid(module, h)[1] for h in every_state(2).numpy())
    mixed /= mixed.sum()
    assert np.abs(mixed - np.outer(mixed.sum(1), mixed.sum(0))).max() > 1e-3 * mixed.max()  # without h they are not


def test_hidden_units_are_independent_given_v():
    module, states = random_module(4, 3, 1), every_state(3).numpy()
    v = torch.randn(5, 4, generator=seeded(1), dtype=torch.float64)
    probabilities = module.hidden_probabilities(v).detach().numpy()
    for row, p in zip(v.numpy(), probabilities, strict=True):
        weights = np.exp([-assignment_energy(module, row, h) for h in states])
        np.testing.assert_allclose(weights / weights.sum(), (p**states * (1 - p) ** (1 - states)).prod(1), rtol=1e-10)


def test_log_likelihood_gradient_is_data_minus_model_expectation():
    n_visible, n_hidden = 3, 4
    theta, data = random_theta(n_visible, n_hidden, 0), np.random.default_rng(1).normal(size=(6, n_visible)) * 2

    def log_likelihood(at):
        machine = Machine(at, n_visible, n_hidden)
        return (-machine.free_energy(data) - machine.log_partition()).mean()

    machine = Machine(theta, n_visible, n_hidden)
    states, means = machine.states, machine.visible_mean(machine.states)
    data_term = machine.minus_energy_gradient(data, machine.hidden_probabilities(data)).mean(0)
    model_term = machine.state_probabilities() @ machine.minus_energy_gradient(means, states, extra=machine.sigma**2)
    numeric = finite_difference(log_likelihood, theta)
    np.testing.assert_allclose(data_term - model_term, numeric, rtol=1e-6, atol=1e-7)
    assert np.abs(numeric).min() > 1e-3  # no parameter is let off


def test_contrast_of_divergences_has_the_cd_gradient_and_a_dropped_term():
    """One visible unit, so that the distributions before and after a sweep are known on a grid."""
    n_hidden, v = 2, GRID[:, None]
    theta = np.array([1.2, -0.8, 0.3, 0.4, -0.6, 0.2])
    p_data = 0.3 * norm.pdf(GRID, -2, 0.8) + 0.7 * norm.pdf(GRID, 1.5, 1.1)

    def after_a_sweep(machine):
        p = machine.hidden_probabilities(v)
        arrived = 0
        for h in machine.states:
            weight = integral(p_data * (p**h * (1 - p) ** (1 - h)).prod(1))
            arrived = arrived + weight * norm.pdf(GRID, machine.visible_mean(h)[0], machine.sigma[0])
        return arrived

    def divergence(p, q):
        return integral(np.where(p > 1e-300, p * (np.log(np.maximum(p, 1e-300)) - np.log(q)), 0.0))

    def model(machine):
        return np.maximum(np.exp(-machine.free_energy(v) - machine.log_partition()), 1e-300)

    def contrast(at):
        machine = Machine(at, 1, n_hidden)
        return divergence(p_data, model(machine)) - divergence(after_a_sweep(machine), model(machine))

    machine = Machine(theta, 1, n_hidden)
    p_model, p_one = model(machine), after_a_sweep(machine)
    assert integral(p_model) == pytest.approx(1, abs=1e-12)
    by_energy = -machine.minus_energy_gradient(v, machine.hidden_probabilities(v))
    cd_gradient = integral(p_data[:, None] * by_energy) - integral(p_one[:, None] * by_energy)
    numeric = finite_difference(contrast, theta)
    log_ratio = np.log(np.maximum(p_one, 1e-300) / p_model)
    dropped = finite_difference(
        lambda at: integral(after_a_sweep(Machine(at, 1, n_hidden)) * log_ratio), theta
    )  # log_ratio stays where it is: only the distribution of the chain moves
    np.testing.assert_allclose(cd_gradient - dropped, numeric, rtol=1e-5, atol=1e-6)
    assert np.abs(dropped).max() > 1e-2  # it is not zero
    assert contrast(theta) > 0
    stays = p_model.copy()
    p = machine.hidden_probabilities(v)
    moved = sum(
        integral(stays * (p**h * (1 - p) ** (1 - h)).prod(1))
        * norm.pdf(GRID, machine.visible_mean(h)[0], machine.sigma[0])
        for h in machine.states
    )
    np.testing.assert_allclose(moved, stays, atol=1e-12)  # the sweep leaves the model's distribution alone


def test_collapsed_conditional_is_that_of_the_marginal():
    module, states = random_module(5, 4, 3), every_state(4)
    weights = (-module.hidden_free_energy(states)).exp().detach().numpy()
    lookup = {tuple(h): w for h, w in zip(states.tolist(), weights, strict=True)}
    marginal = module.hidden_marginal()
    theta, J = marginal.field.detach().numpy(), marginal.couplings.detach().numpy()
    for h in states.numpy():
        for j in range(4):
            on, off = h.copy(), h.copy()
            on[j], off[j] = 1, 0
            expected = lookup[tuple(on)] / (lookup[tuple(on)] + lookup[tuple(off)])
            assert expit(theta[j] + J[j] @ h) == pytest.approx(expected, rel=1e-10)


def test_hidden_free_energy_gradient_averages_the_energys_over_v():
    n_visible, n_hidden = 1, 3
    theta = random_theta(n_visible, n_hidden, 2)
    machine, v = Machine(theta, n_visible, n_hidden), GRID[:, None]
    per_state = []
    for h in machine.states:
        numeric = finite_difference(lambda at, h=h: Machine(at, 1, n_hidden).minus_hidden_free_energy(h), theta)
        mean = machine.visible_mean(h)
        density = norm.pdf(GRID, mean[0], machine.sigma[0])
        rows = machine.minus_energy_gradient(v, np.broadcast_to(h, (len(v), n_hidden)))
        closed = machine.minus_energy_gradient(mean[None], h[None], extra=machine.sigma**2)[0]
        np.testing.assert_allclose(integral(density[:, None] * rows), numeric, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(closed, numeric, rtol=1e-6, atol=1e-7)
        per_state.append(numeric)
    of_log_z = finite_difference(lambda at: Machine(at, 1, n_hidden).log_partition(), theta)
    np.testing.assert_allclose(machine.state_probabilities() @ per_state, of_log_z, rtol=1e-6, atol=1e-7)
    p_model = np.exp(-machine.free_energy(v) - machine.log_partition())
    by_free_energy = machine.minus_energy_gradient(v, machine.hidden_probabilities(v))
    np.testing.assert_allclose(integral(p_model[:, None] * by_free_energy), of_log_z, rtol=1e-6, atol=1e-7)


def test_annealed_weights_have_the_partition_function_as_their_exact_mean():
    """By matrix products over all states: one matrix a sweep, no draws."""
    n_hidden, n_temperatures = 3, 4
    marginal = random_module(4, n_hidden, 8).hidden_marginal()
    field, couplings = marginal.field.detach().numpy(), marginal.couplings.detach().numpy()
    states = every_state(n_hidden).numpy()
    s = states @ field + 0.5 * ((states @ couplings) * states).sum(1)
    index = {tuple(h): k for k, h in enumerate(states)}

    def sweep(beta):
        whole = np.eye(len(states))
        for j in range(n_hidden):
            one = np.zeros_like(whole)
            for k, h in enumerate(states):
                p = expit(beta * (field[j] + couplings[j] @ h))
                for value, probability in ((1.0, p), (0.0, 1 - p)):
                    to = h.copy()
                    to[j] = value
                    one[k, index[tuple(to)]] += probability
            whole = whole @ one
        return whole

    step = np.diag(np.exp(s / n_temperatures))
    row = np.full(len(states), 1 / len(states)) @ step
    for t in range(1, n_temperatures):
        beta = t / n_temperatures
        np.testing.assert_allclose(np.exp(beta * s) @ sweep(beta), np.exp(beta * s), rtol=1e-12)  # invariance
        row = row @ sweep(beta) @ step
    assert row.sum() == pytest.approx(np.exp(s).sum() / 2**n_hidden, rel=1e-12)
    assert np.log(np.exp(s).sum()) + marginal.constant.item() == pytest.approx(
        log_partition(random_module(4, n_hidden, 8), torch.Generator()).value
    )


def test_annealed_estimates_of_many_tiny_runs_average_to_the_partition_function():
    module = random_module(4, 3, 8)
    exact = log_partition(module, torch.Generator()).value
    path = CollapsedPath(module.hidden_marginal())
    estimates = np.array(
        [
            annealed_importance_sampling(path, n_chains=2, n_temperatures=3, generator=seeded(k)).value
            for k in range(2000)
        ]
    )
    ratios = np.exp(estimates - exact)
    assert abs(ratios.mean() - 1) < 4 * ratios.std() / math.sqrt(len(ratios))
    assert estimates.mean() < exact - 4 * estimates.std() / math.sqrt(len(estimates))  # Jensen's inequality


def test_standard_error_follows_from_the_effective_sample_size():
    path, n = CollapsedPath(random_module(8, 6, 0).hidden_marginal()), 50
    estimate = annealed_importance_sampling(path, n_chains=n, n_temperatures=5, generator=seeded(0))
    weights = anneal(path, n_chains=n, n_temperatures=5, generator=seeded(0))[1].exp().numpy()
    assert estimate.standard_error == pytest.approx(weights.std(ddof=1) / (weights.mean() * math.sqrt(n)))
    assert estimate.effective_sample_size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert estimate.standard_error**2 == pytest.approx((n / estimate.effective_sample_size - 1) / (n - 1))
    assert 2 < estimate.effective_sample_size < 0.9 * n


# --- variational autoencoders: one latent dimension, so that every integral over z is a sum on a grid -----------------


def nonlinear_model(x, shift=0.0):
    """log p(x, z) on the grid of z, for a decoder that is not linear and noise of variance 0.3."""
    decoded = 1.5 * np.tanh(GRID + shift) + 0.3 * GRID
    return norm.logpdf(x, decoded, math.sqrt(0.3)) + norm.logpdf(GRID)


def expectations(log_joint, mean, sd):
    """ELBO, log p(x), KL[q || posterior] and KL[q || prior] of q = N(mean, sd²), each from its definition."""
    log_q = norm.logpdf(GRID, mean, sd)
    q, log_evidence = np.exp(log_q), math.log(integral(np.exp(log_joint)))
    reconstruction = integral(q * (log_joint - norm.logpdf(GRID)))
    prior = integral(q * (log_q - norm.logpdf(GRID)))
    posterior = integral(q * (log_q - (log_joint - log_evidence)))
    return reconstruction - prior, log_evidence, posterior, prior


CODES = [(0.7, 0.5), (-1.0, 0.2), (0.0, 1.0)]


@pytest.mark.parametrize(("mean", "sd"), CODES)
def test_the_bound_is_the_expected_log_weight_and_below_the_log_likelihood(mean, sd):
    log_joint = nonlinear_model(1.1)
    bound, log_evidence, _, _ = expectations(log_joint, mean, sd)
    log_q = norm.logpdf(GRID, mean, sd)
    assert integral(np.exp(log_q) * (log_joint - log_q)) == pytest.approx(bound, rel=1e-10)
    assert bound < log_evidence - 1e-2


@pytest.mark.parametrize(("mean", "sd"), CODES)
def test_the_gap_of_the_bound_is_the_divergence_from_the_posterior(mean, sd):
    bound, log_evidence, gap, _ = expectations(nonlinear_model(1.1), mean, sd)
    assert bound == pytest.approx(log_evidence - gap, rel=1e-10)
    assert gap > 1e-2


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
    library = StandardNormal(2).kl(torch.tensor(means), 2 * torch.tensor(sds).log())
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
    kl = float(module.prior.kl(*module.encode(x)).mean().detach())
    assert kl > 1e-3
    assert loss[1.0] == pytest.approx(-float(elbo(module, x, None, seeded(3)).mean()))
    assert loss[0.25] == pytest.approx(loss[1.0] - 0.75 * kl)


def test_conditional_bound_and_its_gap_class_by_class():
    codes = {-1.0: (0.9, 0.4), 0.0: (0.7, 0.5), 1.5: (-0.2, 0.6)}  # q(z | x, c) of each class, which shifts the decoder
    evidence = []
    for shift, (mean, sd) in codes.items():
        bound, log_evidence, gap, _ = expectations(nonlinear_model(1.1, shift), mean, sd)
        assert bound == pytest.approx(log_evidence - gap, rel=1e-10)
        assert gap > 1e-3
        evidence.append(log_evidence)
    assert min(abs(a - b) for a, b in combinations(evidence, 2)) > 1e-2  # p(x | c) depends on the class


def test_a_one_hot_label_is_a_bias_of_its_class():
    n_features, n_classes = 4, 3
    encoder, decoder = mlp([n_features + n_classes, 4], seeded(0)), mlp([2 + n_classes, n_features], seeded(1))
    module = VAEModule(encoder, decoder, make_likelihood("bernoulli"), StandardNormal(2), n_classes)
    x, z = torch.rand(3, n_features, generator=seeded(2)), torch.randn(3, 2, generator=seeded(3))
    labels = torch.tensor([2, 0, 1])
    for layer, rows, out in (
        (encoder[0], x, torch.cat(module.encode(x, labels), 1)),
        (decoder[0], z, module.decode(z, labels)),
    ):
        U, V = layer.weight.split([rows.shape[1], n_classes], 1)
        assert V.abs().max() > 0.01
        torch.testing.assert_close(out, rows @ U.T + (layer.bias + V.T[labels]))


def test_mean_divergence_is_information_plus_that_of_the_aggregate():
    codes = np.array([[0.7, 0.5], [-1.0, 0.2], [0.0, 1.0], [2.0, 0.3]])
    q = norm.pdf(GRID[:, None], codes[:, 0], codes[:, 1])
    log_q = norm.logpdf(GRID[:, None], codes[:, 0], codes[:, 1])
    aggregate = np.maximum(q.mean(1), 1e-300)
    to_prior = integral(q * (log_q - norm.logpdf(GRID)[:, None])).mean()
    information = integral(q * (log_q - np.log(aggregate)[:, None])).mean()
    of_aggregate = integral(aggregate * (np.log(aggregate) - norm.logpdf(GRID)))
    assert to_prior == pytest.approx(information + of_aggregate, rel=1e-8)
    assert 0.1 < information < math.log(4)
    assert of_aggregate > 0.1
    again = integral(q[:, [0, 0]] * (log_q[:, [0, 0]] - np.log(np.maximum(q[:, :1], 1e-300)))).mean()
    assert again == pytest.approx(0, abs=1e-12)  # equal codes tell nothing


def test_importance_weighted_bound_rises_from_the_elbo_to_the_log_likelihood():
    """L_K of a model with one latent dimension, K up to 4, by Gauss-Hermite quadrature over all K draws."""
    mean, sd, x = 0.7, 0.8, 1.1
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    z = mean + sd * nodes
    # a linear decoder, so that log p(x) is known: x | z ~ N(0.9 z, 0.5)
    log_weight = norm.logpdf(x, 0.9 * z, math.sqrt(0.5)) + norm.logpdf(z) - norm.logpdf(z, mean, sd)
    truth = norm.logpdf(x, 0, math.sqrt(0.9**2 + 0.5))
    bounds = []
    for k in range(1, 5):
        total, probability = np.full((1,) * k, -np.inf), np.ones((1,) * k)
        for axis in range(k):
            shape = [-1 if a == axis else 1 for a in range(k)]
            total = np.logaddexp(total, log_weight.reshape(shape))
            probability = probability * weights.reshape(shape)
        bounds.append(float((probability * (total - math.log(k))).sum()))
    reconstruction = -0.5 * math.log(2 * math.pi * 0.5) - ((x - 0.9 * mean) ** 2 + 0.81 * sd**2) / (2 * 0.5)
    divergence = 0.5 * (mean**2 + sd**2 - 1 - math.log(sd**2))
    assert bounds[0] == pytest.approx(reconstruction - divergence, rel=1e-9)  # K = 1 is the ELBO
    for low, high in pairwise([*bounds, truth]):
        assert high > low + 1e-4
    assert float(weights @ np.exp(log_weight)) == pytest.approx(math.exp(truth), rel=1e-5)  # a weight is unbiased


@pytest.mark.parametrize("m", [1, 2, 4])
def test_log_mean_weight_is_at_least_its_average_over_subsets(m):
    for row in np.random.default_rng(0).lognormal(sigma=2.0, size=(50, 5)):
        means = [np.mean(subset) for subset in combinations(row, m)]
        assert len(means) == math.comb(5, m)
        assert np.mean(means) == pytest.approx(row.mean(), rel=1e-12)
        assert math.log(row.mean()) > np.mean(np.log(means)) + 1e-6


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
    likelihood, x = Gaussian(calibrated=True).double(), torch.randn(50, 4, generator=seeded(0), dtype=torch.float64)
    found = float(likelihood.log_prob(x, torch.zeros_like(x)).sum())
    assert found == pytest.approx(float(best.subs({S: float(x.square().mean()), n: 200})))


# --- the sparse denoising autoencoder ---------------------------------------------------------------------------------


def sparse_module(seed=0, n_features=5, n_atoms=7):
    """One away from its start, with biases and a centre that are not zero."""
    module = SparseAutoencoderModule(n_features, n_atoms, seeded(seed)).double()
    with torch.no_grad():
        for k, parameter in enumerate(module.parameters()):
            parameter += 0.3 * torch.randn(parameter.shape, generator=seeded(k + 1), dtype=torch.float64)
    module.project()
    return module


def test_subgradients_of_the_absolute_value_by_their_definition():
    others, slopes = np.linspace(-3, 3, 601), np.linspace(-2, 2, 401)
    for h, least, greatest in ((0.7, 1, 1), (0.0, -1, 1), (-0.7, -1, -1)):
        serves = [g for g in slopes if np.all(np.abs(others) >= abs(h) + g * (others - h) - 1e-12)]
        assert (min(serves), max(serves)) == pytest.approx((least, greatest), abs=1e-9)
        inside = slopes[(slopes >= least - 1e-9) & (slopes <= greatest + 1e-9)]
        np.testing.assert_allclose(serves, inside)


def test_gradient_of_the_preactivation_reaches_active_units_alone():
    module, x = sparse_module(), torch.randn(1, 5, generator=seeded(9), dtype=torch.float64)
    objective = SparseDenoising(module, seeded(0), noise=0.3, l1=0.4).eval()
    weights = torch.tensor([1.0, 0.5, 1.0, 0.25, 1.0, 0.1, 1.0], dtype=torch.float64)
    objective.usage.copy_(0.02 * weights)
    objective.set_gradients(x)
    y = x + 0.3 * torch.empty_like(x).normal_(generator=seeded(0))
    with torch.no_grad():
        u = y @ module.weight.T + module.bias
        active = u > 0
        residual = x - module.reconstruct(y)
        by_u = torch.where(active, -2 * residual @ module.dictionary.T + 0.4 * weights, torch.zeros_like(u))
        by_dictionary = -2 * module.encode(y).T @ residual
    assert bool(active.any())
    assert not bool(active.all())
    torch.testing.assert_close(module.bias.grad, by_u[0], rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(module.weight.grad, by_u.T @ y, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(module.dictionary.grad, by_dictionary)


@pytest.mark.parametrize("u", [-2.0, -0.3, 0.0, 0.2, 0.5, 1.7])
@pytest.mark.parametrize("t", [0.0, 0.5])
def test_soft_thresholding_is_the_minimiser_on_a_grid(u, t):
    h = np.linspace(-3, 3, 60_001)
    objective = 0.5 * (h - u) ** 2 + t * np.abs(h)
    assert h[objective.argmin()] == pytest.approx(math.copysign(max(0.0, abs(u) - t), u), abs=1e-4)
    positive = np.where(h >= 0, objective, np.inf)
    assert h[positive.argmin()] == pytest.approx(max(0.0, u - t), abs=1e-4)


def test_shrinkage_descends_to_a_code_that_meets_the_conditions_of_optimality():
    module, penalty = sparse_module(), 0.3
    D, c = module.dictionary.detach().numpy().T, module.centre.detach().numpy()
    y, h = np.random.default_rng(0).normal(size=5) * 2, np.zeros(7)
    eta = 1 / (2 * np.linalg.norm(D, 2) ** 2)

    def objective(h):
        return np.square(y - c - D @ h).sum() + penalty * h.sum()

    before = objective(h)
    for _ in range(20_000):
        h = np.maximum(0, h + 2 * eta * D.T @ (y - c - D @ h) - eta * penalty)
        after = objective(h)
        assert after <= before + 1e-12
        before = after
    correlation = 2 * D.T @ (y - c - D @ h)
    assert 0 < (h > 0).sum() < 7
    np.testing.assert_allclose(correlation[h > 0], penalty, atol=1e-8)
    assert correlation[h == 0].max() < penalty + 1e-8
    generator = np.random.default_rng(1)
    assert all(objective(np.maximum(0, h + 0.05 * generator.normal(size=7))) > before for _ in range(200))


def test_one_proximal_step_from_zero_is_the_encoder():
    penalty, y = 0.5, torch.randn(6, 5, generator=seeded(4), dtype=torch.float64)
    module = SparseAutoencoderModule(5, 7, seeded(0)).double()
    module.project()
    with torch.no_grad():
        module.weight.copy_(module.dictionary)
        module.centre.normal_(generator=seeded(1))
        D, c = module.dictionary.T, module.centre
        module.bias.copy_(-penalty / 2 - D.T @ c)
        smooth = torch.zeros(6, 7, dtype=torch.float64, requires_grad=True)
    (y - c.detach() - smooth @ D.detach().T).square().sum().backward()
    step = (0 - 0.5 * smooth.grad - 0.5 * penalty).clamp_min(0)
    assert 0 < int((step > 0).sum()) < 42
    torch.testing.assert_close(module.encode(y).detach(), step)
    # with orthonormal atoms the step is the solution: no other code is better
    square = SparseAutoencoderModule(5, 5, seeded(0)).double()
    with torch.no_grad():
        square.dictionary.copy_(torch.linalg.qr(square.dictionary)[0])
        square.weight.copy_(square.dictionary)
        square.bias.fill_(-penalty / 2)
        h = square.encode(y)

        def objective(code):
            return (y - square.decode(code)).square().sum(1) + penalty * code.sum(1)

        for seed, size in product(range(50), (1e-3, 0.3)):
            other = (h + size * torch.randn(h.shape, generator=seeded(seed), dtype=torch.float64)).clamp_min(0)
            assert bool((objective(other) >= objective(h)).all())


def test_scaling_code_against_dictionary_lowers_the_penalty_for_nothing():
    module, scaled = sparse_module(), sparse_module()
    x = torch.randn(9, 5, generator=seeded(9), dtype=torch.float64)
    with torch.no_grad():
        scaled.weight.mul_(0.01)
        scaled.bias.mul_(0.01)
        scaled.dictionary.div_(0.01)
        torch.testing.assert_close(scaled.reconstruct(x), module.reconstruct(x))
        torch.testing.assert_close(scaled.encode(x), 0.01 * module.encode(x))
        assert module.encode(x).sum() > 1
        scaled.project()  # takes the gain back
        torch.testing.assert_close(scaled.dictionary, module.dictionary)
        contribution = torch.linalg.vector_norm(module.encode(x)[:, :, None] * module.dictionary, dim=2)
        torch.testing.assert_close(contribution, module.encode(x))


CENTRES, SHARES, NOISE = np.array([-1.5, 0.4, 2.0]), np.array([0.5, 0.2, 0.3]), 0.7
WIDTHS = np.array([0.3, 0.5, 0.2])


def noisy_mixture():
    """p_s(y) and E[x | y] on the grid, x from a mixture of three Gaussians, by Bayes' rule component by component."""
    variances = WIDTHS**2 + NOISE**2
    joint = SHARES * norm.pdf(GRID[:, None], CENTRES, np.sqrt(variances))
    within = CENTRES + WIDTHS**2 / variances * (GRID[:, None] - CENTRES)
    density = joint.sum(1)
    return density, np.divide((joint * within).sum(1), density, out=np.zeros_like(density), where=density > 1e-200)


def test_squared_error_splits_at_the_posterior_mean():
    x = np.linspace(-4, 5, 901)
    prior = (SHARES * norm.pdf(x[:, None], CENTRES, WIDTHS)).sum(1) * (x[1] - x[0])
    joint = prior[:, None] * norm.pdf(GRID, x[:, None], NOISE) * STEP
    density, mean = noisy_mixture()

    def error(g):
        return float((joint * (x[:, None] - g) ** 2).sum())

    for g in (GRID, 0.8 * GRID, np.tanh(GRID), np.zeros_like(GRID)):
        distance = integral(density * (mean - g) ** 2)
        assert error(g) == pytest.approx(error(mean) + distance, rel=1e-9)
        assert distance > 1e-2
    assert error(GRID) == pytest.approx(NOISE**2, rel=1e-9)


def test_posterior_mean_is_the_noisy_image_plus_the_score():
    mean = noisy_mixture()[1]
    near = np.abs(GRID) < 6
    # quadrature of the definition, so that the mixture's closed form is not taken on trust either
    x = np.linspace(-4, 5, 901)
    prior = (SHARES * norm.pdf(x[:, None], CENTRES, WIDTHS)).sum(1)
    joint = prior[:, None] * norm.pdf(GRID[near], x[:, None], NOISE)
    np.testing.assert_allclose((x[:, None] * joint).sum(0) / joint.sum(0), mean[near], rtol=1e-6, atol=1e-8)

    def log_density(y):
        return np.log((SHARES * norm.pdf(y[:, None], CENTRES, np.sqrt(WIDTHS**2 + NOISE**2))).sum(1))

    score = (log_density(GRID[near] + 1e-5) - log_density(GRID[near] - 1e-5)) / 2e-5
    np.testing.assert_allclose(GRID[near] + NOISE**2 * score, mean[near], rtol=1e-7, atol=1e-7)
    assert np.abs(NOISE**2 * score).max() > 1


def wiener_problem():
    generator = np.random.default_rng(3)
    root = generator.normal(size=(4, 4))
    S, noise = root @ root.T, 0.8
    return S, noise, S @ np.linalg.inv(S + noise**2 * np.eye(4)), generator


def linear_error(A, S, noise):
    """E|x - A y|² by propagating both covariances: (I - A) x - A s e."""
    rest = np.eye(len(S)) - A
    return np.trace(rest @ S @ rest.T) + noise**2 * np.trace(A @ A.T)


def test_wiener_filter_solves_the_normal_equations():
    S, noise, best, generator = wiener_problem()
    total = S + noise**2 * np.eye(4)
    for A in (best, generator.normal(size=(4, 4))):
        report = np.trace(S) - 2 * np.trace(A @ S) + np.trace(A @ total @ A.T)
        assert report == pytest.approx(linear_error(A, S, noise), rel=1e-10)
        numeric = finite_difference(lambda a: linear_error(a.reshape(4, 4), S, noise), A.ravel())
        np.testing.assert_allclose((-2 * S + 2 * A @ total).ravel(), numeric, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(best @ total, S, atol=1e-12)  # E[(x - A y) yᵀ] = 0
    eigenvalues, vectors = np.linalg.eigh(S)
    gains = eigenvalues / (eigenvalues + noise**2)
    np.testing.assert_allclose(vectors @ np.diag(gains) @ vectors.T, best, atol=1e-12)
    least = linear_error(best, S, noise)
    assert least == pytest.approx((eigenvalues * noise**2 / (eigenvalues + noise**2)).sum(), rel=1e-10)
    assert least == pytest.approx(np.trace(S) - np.trace(best @ S), rel=1e-10)
    assert all(linear_error(best + 0.1 * generator.normal(size=(4, 4)), S, noise) > least for _ in range(50))


def test_explained_variance_of_the_wiener_filter():
    S, noise, best, generator = wiener_problem()
    eigenvalues = np.linalg.eigvalsh(S)
    closed = (eigenvalues**2 / (eigenvalues + noise**2)).sum() / eigenvalues.sum()
    assert np.trace(best @ S) / np.trace(S) == pytest.approx(closed, rel=1e-10)
    X = generator.normal(size=(200, 4))
    X -= X.mean(0)
    X = X @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T, ddof=0))).T @ np.linalg.cholesky(S).T + 5  # covariance S
    assert explained_variance(X, linear_error(best, S, noise) / 4) == pytest.approx(closed, rel=1e-9)
    assert 0.1 < closed < 0.95
