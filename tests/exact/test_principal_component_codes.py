"""The start from principal-component codes: its log Z, its shares, and a planted mixture that it finds."""

import numpy as np
import pytest
import torch
from scipy import integrate
from scipy.stats import norm

from harmonium import GaussianBernoulliRBM
from harmonium.estimators.fitting import prepare
from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.modules.principal_component_codes import start_from_codes
from harmonium.modules.quantisers import quantise
from small_machines import every_state

CODES = "principal-component-codes"
WEIGHTS, CENTRES = np.array([0.2, 0.5, 0.3]), np.array([-6.0, 1.0, 7.0])
LINE = np.array([2.0, -1.0, 0.5, 1.0, -2.0]) / np.sqrt(10.25)


def mixture(n, seed=0):
    """Three modes along a line in five dimensions, noise of 0.5 around each."""
    generator = np.random.default_rng(seed)
    of_mode = generator.choice(3, n, p=WEIGHTS)
    return CENTRES[of_mode][:, None] * LINE + 0.5 * generator.normal(size=(n, 5)) + [3, 0, -1, 2, 5]


def started(X, n_hidden, **settings):
    rbm = GaussianBernoulliRBM(n_hidden, initialisation=CODES, random_state=0, **settings)
    return rbm._adopt(prepare(rbm, X, None).trainer)


@pytest.fixture
def module():
    """Six units on rows of two strong components and three weak ones, in the module's units, sigma fixed at one."""
    generator = np.random.default_rng(1)
    v = generator.normal(size=(4000, 5)) * [6, 4, 0.3, 0.2, 0.1]
    module = GaussianBernoulliRBMModule(5, 6, generator=torch.Generator().manual_seed(0))
    start_from_codes(module, v @ np.linalg.qr(generator.normal(size=(5, 5)))[0])
    return module.double()


def blocks(module):
    """The units of each component: those whose weights are parallel."""
    unit = module.weight.detach().numpy()
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    first = np.abs(unit @ unit[0]) > 0.5
    return [np.flatnonzero(first), np.flatnonzero(~first)]


def test_units_of_different_components_do_not_interact(module):
    couplings = module.hidden_marginal().couplings.detach().numpy()
    one, other = blocks(module)
    assert len(one) > len(other) > 0
    np.testing.assert_allclose(couplings[np.ix_(one, other)], 0, atol=1e-5)
    assert np.abs(couplings[np.ix_(one, one)]).max() > 1


def test_log_z_is_the_sum_over_the_states_of_each_block(module):
    marginal = module.hidden_marginal()
    whole = torch.logsumexp(marginal.log_weight(every_state(6)), 0) - marginal.constant
    parts = 0.0
    for units in blocks(module):
        h = torch.zeros(2 ** len(units), 6, dtype=torch.float64)
        h[:, units] = every_state(len(units))
        parts += torch.logsumexp(marginal.log_weight(h) - marginal.constant, 0)
    torch.testing.assert_close(whole, parts, rtol=0, atol=1e-5)


def test_thermometer_states_have_the_shares_of_their_levels(module):
    generator = np.random.default_rng(1)
    v = generator.normal(size=(4000, 5)) * [6, 4, 0.3, 0.2, 0.1]
    v = v @ np.linalg.qr(generator.normal(size=(5, 5)))[0]
    marginal = module.hidden_marginal()
    for units in blocks(module):
        direction = module.weight[units[0]].detach().numpy()
        scores = np.sort((v - v.mean(0)) @ (direction / np.linalg.norm(direction)))
        shares = quantise(scores, len(units) + 1)[1]
        h = torch.zeros(len(units) + 1, 6, dtype=torch.float64)
        for level in range(1, len(units) + 1):
            h[level, units[:level]] = 1
        weights = torch.softmax(marginal.log_weight(h), 0).detach().numpy()
        np.testing.assert_allclose(weights, shares, atol=2e-3)


def test_a_planted_mixture_on_a_line_is_recovered():
    rbm = started(mixture(20_000), 2)
    steps = rbm.components_ * rbm.sigma_ * rbm.scaling_.scale  # from level to level, in the user's units
    gaps = np.diff(CENTRES) if steps[0] @ LINE > 0 else -np.diff(CENTRES)[::-1]
    np.testing.assert_allclose(steps, gaps[:, None] * LINE, atol=0.05)
    drawn = rbm.sample(20_000, random_state=1) @ LINE - np.array([3, 0, -1, 2, 5]) @ LINE
    shares = [(drawn < -2.5).mean(), ((drawn > -2.5) & (drawn < 4)).mean(), (drawn > 4).mean()]
    np.testing.assert_allclose(shares, WEIGHTS, atol=0.02)
    np.testing.assert_allclose(rbm.sigma_ * rbm.scaling_.scale, 0.5, atol=0.03)
    # untrained, it is nearly the density that the data were drawn from
    test = mixture(5000, seed=1)
    along = (test - [3, 0, -1, 2, 5]) @ LINE
    across = np.square(test - [3, 0, -1, 2, 5]).sum(1) - along**2
    truth = (
        np.log((WEIGHTS * norm.pdf(along[:, None], CENTRES, 0.5)).sum(1)) - across / 0.5 - 2 * np.log(2 * np.pi * 0.25)
    )
    assert rbm.score(test) == pytest.approx(truth.mean(), abs=0.03)


@pytest.mark.parametrize(
    "X",
    [
        np.random.default_rng(0).normal(size=(5, 8)),  # fewer rows than units
        np.column_stack([np.random.default_rng(0).normal(size=(300, 3)), np.full((300, 2), 7.0)]),  # constant features
        np.ones((50, 4)),  # constant data
        np.random.default_rng(0).normal(size=(300, 2)) @ np.ones((2, 30)),  # one useful component
        np.repeat([[0.0, 0.0], [1.0, 3.0]], 40, axis=0),  # two points
    ],
)
@pytest.mark.filterwarnings("ignore::harmonium.exceptions.SigmaAtBoundWarning")  # as few points as units know exactly
@pytest.mark.parametrize("settings", [{}, {"sigma": 0.5}, {"scaling": "none"}])
def test_any_matrix_can_be_started_from_and_trained(X, settings):
    rbm = GaussianBernoulliRBM(12, initialisation=CODES, n_epochs=2, random_state=0, **settings).fit(X)
    assert np.isfinite(rbm.score(X))
    assert np.isfinite(started(X, 12, **settings).reconstruct(X)).all()


def test_units_that_gain_nothing_start_small_and_random():
    rbm = started(np.random.default_rng(0).normal(size=(300, 1)) @ np.ones((1, 6)) * 0.1, 40, sigma=1.0, scaling="none")
    norms = np.linalg.norm(rbm.components_, axis=1)
    assert (norms < 0.1).all()  # a component within the noise has nothing to say
    assert len(np.unique(norms)) == 40


@pytest.mark.parametrize("n_levels", [2, 3, 6])
def test_a_quantiser_of_normal_values_has_its_levels_at_the_means_of_their_cells(n_levels):
    values = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    levels, shares = quantise(values, n_levels, n_rounds=2000)
    ends = [-np.inf, *((levels[1:] + levels[:-1]) / 2), np.inf]
    for level, share, low, high in zip(levels, shares, ends[:-1], ends[1:], strict=True):
        assert share == pytest.approx(norm.cdf(high) - norm.cdf(low), abs=1e-4)
        assert level == pytest.approx(integrate.quad(lambda x: x * norm.pdf(x), low, high)[0] / share, abs=1e-3)
    if n_levels == 2:  # the means of the two halves
        np.testing.assert_allclose(levels, [-np.sqrt(2 / np.pi), np.sqrt(2 / np.pi)], atol=1e-4)


def test_units_go_where_a_level_saves_more_than_it_costs():
    """Two modes, far apart, take one unit; a normal component of less variance takes the others."""
    generator = np.random.default_rng(0)
    two_modes = generator.choice([-6.0, 6.0], 20_000) + 0.1 * generator.normal(size=20_000)
    v = np.column_stack([two_modes, generator.normal(size=20_000) * 4])
    module = GaussianBernoulliRBMModule(2, 5, generator=torch.Generator().manual_seed(0))
    start_from_codes(module, v)
    of_two_modes, of_normal = np.abs(module.weight.detach().numpy()).T > 0.5
    assert of_two_modes.sum() == 1
    assert of_normal.sum() == 4
