"""Every quantity of the RBM with binary visible units against enumeration, and against scikit-learn's."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.neural_network import BernoulliRBM

from harmonium.metrics.partition_function import log_partition
from harmonium.objectives.contrastive_divergence import ContrastiveDivergence
from harmonium.samplers.hidden_states import sample_hidden_states
from small_machines import bernoulli_energy, every_state, random_bernoulli_module

SEEDS = (0, 1, 2)


def grey_rows(n, n_visible, seed):
    return torch.rand(n, n_visible, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def energies(module):
    """Of every v and h, shape (2^n_visible, 2^n_hidden)."""
    states = every_state(module.n_visible).numpy(), every_state(module.n_hidden).numpy()
    return np.array([[bernoulli_energy(module, v, h) for h in states[1]] for v in states[0]])


@pytest.mark.parametrize("seed", SEEDS)
def test_energy_is_the_formulas(seed):
    module, v, h = random_bernoulli_module(4, 3, seed), grey_rows(8, 4, seed), every_state(3)
    expected = [bernoulli_energy(module, v[n].numpy(), h[n].numpy()) for n in range(8)]
    np.testing.assert_allclose(module.energy(v, h).detach(), expected, rtol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_free_energies_sum_over_every_state_of_the_other_side(seed):
    module = random_bernoulli_module(4, 3, seed)
    every_v, every_h = every_state(4), every_state(3)
    np.testing.assert_allclose(module.free_energy(every_v).detach(), -logsumexp(-energies(module), 1), rtol=1e-12)
    np.testing.assert_allclose(
        module.hidden_free_energy(every_h).detach(), -logsumexp(-energies(module), 0), rtol=1e-12
    )
    v = grey_rows(5, 4, seed)  # grey values too
    for n in range(5):
        terms = [-bernoulli_energy(module, v[n].numpy(), h) for h in every_h.numpy()]
        assert float(module.free_energy(v)[n].detach()) == pytest.approx(-logsumexp(terms), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_both_conditionals_are_bayes_rule(seed):
    module = random_bernoulli_module(4, 3, seed)
    joint = np.exp(-energies(module))
    given_v = joint @ every_state(3).numpy() / joint.sum(1, keepdims=True)
    np.testing.assert_allclose(module.hidden_probabilities(every_state(4)).detach(), given_v, rtol=1e-10)
    given_h = joint.T @ every_state(4).numpy() / joint.sum(0)[:, None]
    np.testing.assert_allclose(module.visible_mean(every_state(3)).detach(), given_h, rtol=1e-10)
    mean_field = module.visible_mean(torch.from_numpy(given_v))
    torch.testing.assert_close(module.reconstruct(every_state(4)), mean_field)


def test_draws_of_both_conditionals_have_their_probabilities():
    module, n = random_bernoulli_module(4, 3, 1), 40_000
    generator = torch.Generator().manual_seed(0)
    v, h = grey_rows(1, 4, 0), torch.tensor([[1.0, 0.0, 1.0]], dtype=torch.float64)
    for drawn, p in (
        (module.sample_hidden(v.expand(n, -1), generator), module.hidden_probabilities(v)),
        (module.sample_visible(h.expand(n, -1), generator), module.visible_mean(h)),
    ):
        assert set(drawn.unique().tolist()) == {0.0, 1.0}
        error = (p * (1 - p) / n).sqrt()
        assert bool(((drawn.mean(0) - p).abs() < 4 * error).all())


@pytest.mark.parametrize(("n_visible", "n_hidden"), [(3, 5), (4, 23), (23, 4)])
def test_log_partition_is_exact_by_either_side(n_visible, n_hidden):
    module = random_bernoulli_module(n_visible, n_hidden, 3)
    side = module.enumerable_side()
    assert (side.n_units, side.is_hidden) == ((4, False) if n_hidden > 20 else (n_hidden, True))
    estimate = log_partition(module, torch.Generator())
    assert estimate.is_exact
    with torch.no_grad():
        if n_visible < 10:
            assert estimate.value == pytest.approx(
                float(torch.logsumexp(-module.free_energy(every_state(n_visible)), 0))
            )
        if n_hidden < 10:
            by_hidden = torch.logsumexp(-module.hidden_free_energy(every_state(n_hidden)), 0)
            assert estimate.value == pytest.approx(float(by_hidden))


def test_log_partition_is_that_of_the_energy():
    module = random_bernoulli_module(4, 3, 0)
    assert log_partition(module, torch.Generator()).value == pytest.approx(logsumexp(-energies(module)), rel=1e-12)


def test_without_weights_log_partition_is_a_closed_form_where_chunks_are_needed():
    module = random_bernoulli_module(30, 16, 0, scale=0.0)
    with torch.no_grad():
        expected = torch.nn.functional.softplus(torch.cat([module.hidden_bias, module.visible_bias])).sum()
    assert log_partition(module, torch.Generator()).value == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("n_hidden", [3, 23])
def test_hidden_states_are_drawn_exactly_by_either_side(n_hidden):
    module, n = random_bernoulli_module(4, n_hidden, 5), 40_000
    with torch.no_grad():
        h = sample_hidden_states(module, n, 1, torch.Generator().manual_seed(0)).h
        p_visible = torch.softmax(-module.free_energy(every_state(4)), 0)
        p = p_visible @ module.hidden_probabilities(every_state(4))
    assert h.shape == (n, n_hidden)
    z = (h.mean(0) - p) / (p * (1 - p) / n).sqrt()
    assert z.abs().max() < 4


def test_the_stored_centre_is_the_visible_preactivation_at_half_on_hidden_units():
    module = random_bernoulli_module(4, 3, 0)
    half = torch.full((1, 3), 0.5, dtype=torch.float64)
    torch.testing.assert_close(module.visible_mean(half)[0], module.visible_centre.sigmoid())
    torch.testing.assert_close(module.visible_centre, module.visible_bias + (half @ module.weight)[0])


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_a_tempered_module_has_beta_times_the_energy(beta):
    module, v, h = random_bernoulli_module(4, 3, 2), grey_rows(8, 4, 0), every_state(3)
    torch.testing.assert_close(module.tempered(beta).energy(v, h), beta * module.energy(v, h))


def test_scikit_learns_machine_with_the_same_weights_agrees():
    module, v = random_bernoulli_module(6, 4, 1), grey_rows(9, 6, 4)
    theirs = BernoulliRBM(4)
    theirs.components_ = module.weight.detach().numpy()
    theirs.intercept_hidden_ = module.hidden_bias.detach().numpy()
    theirs.intercept_visible_ = module.visible_bias.detach().numpy()
    np.testing.assert_allclose(theirs._mean_hiddens(v.numpy()), module.hidden_probabilities(v).detach(), rtol=1e-10)
    np.testing.assert_allclose(theirs.transform(v.numpy()), module.hidden_probabilities(v).detach(), rtol=1e-10)
    ours = module.free_energy(v).detach().numpy()
    np.testing.assert_allclose(theirs._free_energy(v.numpy()), ours, rtol=1e-10)
    # its score_samples is log sigmoid of the difference that flipping one pixel makes, times the number of pixels
    binary = (v > 0.5).double()
    theirs.random_state = 0
    flipped, rows = binary.clone(), np.arange(9)
    pixels = np.random.RandomState(0).randint(0, 6, 9)
    flipped[rows, pixels] = 1 - flipped[rows, pixels]
    with torch.no_grad():
        difference = module.free_energy(flipped) - module.free_energy(binary)
    expected = 6 * torch.nn.functional.logsigmoid(difference)
    np.testing.assert_allclose(theirs.score_samples(binary.numpy()), expected, rtol=1e-10)


def test_visible_units_that_cannot_be_integrated_out_have_no_collapsed_phase():
    module = random_bernoulli_module(4, 3, 0)
    assert module.hidden_marginal() is None
    with pytest.raises(ValueError, match="no 'collapsed' phase"):
        ContrastiveDivergence(module, torch.Generator(), negative_phase="collapsed").set_gradients(grey_rows(5, 4, 0))
