"""The gradient of contrastive divergence: closed form, autograd and finite differences agree."""

import pytest
import torch

from harmonium.objectives.contrastive_divergence import (
    NEGATIVE_PHASES,
    ContrastiveDivergence,
)
from harmonium.objectives.persistent_contrastive_divergence import PersistentContrastiveDivergence
from harmonium.random.draws import bernoulli
from small_machines import random_bernoulli_module, random_module

BATCH = torch.randn(16, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
GREY = torch.rand(16, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
CHAINS = [("cd", p) for p in NEGATIVE_PHASES] + [("pcd", p) for p in NEGATIVE_PHASES if p != "mean-field"]


def gradients(module):
    return {name: parameter.grad.clone() for name, parameter in module.named_parameters()}


def make(kind, phase, steps, n_hidden=4, make_module=random_module, **settings):
    module, generator = make_module(6, n_hidden, 1, **settings), torch.Generator().manual_seed(9)
    if kind == "cd":
        return ContrastiveDivergence(module, generator, n_gibbs_steps=steps, negative_phase=phase)
    return PersistentContrastiveDivergence(module, generator, n_chains=10, n_gibbs_steps=steps, negative_phase=phase)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize(("kind", "phase"), CHAINS)
def test_closed_form_gradient_equals_autograd_for_every_parameter(kind, phase, steps):
    closed, automatic = make(kind, phase, steps), make(kind, phase, steps)
    for _ in range(2):  # the second step meets persistent chains that have moved
        automatic.zero_grad()
        closed.set_gradients(BATCH)
        automatic(BATCH).loss.backward()
        expected = gradients(automatic.module)
        assert set(expected) == {"weight", "hidden_bias", "visible_centre", "log_variance"}
        for name, value in gradients(closed.module).items():
            torch.testing.assert_close(value, expected[name], rtol=1e-10, atol=1e-10, msg=name)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize(("kind", "phase"), [chain for chain in CHAINS if chain[1] != "collapsed"])
def test_closed_form_gradient_equals_autograd_for_binary_visible_units(kind, phase, steps):
    closed, automatic = (make(kind, phase, steps, make_module=random_bernoulli_module) for _ in range(2))
    for batch in (GREY, GREY[:7]):
        automatic.zero_grad()
        closed.set_gradients(batch)
        automatic(batch).loss.backward()
        expected = gradients(automatic.module)
        assert set(expected) == {"weight", "hidden_bias", "visible_centre"}
        for name, value in gradients(closed.module).items():
            torch.testing.assert_close(value, expected[name], rtol=1e-10, atol=1e-10, msg=name)
    state = closed.generator.get_state()
    assert torch.equal(state, automatic.generator.get_state())


@pytest.mark.parametrize("n_hidden", [4, 40], ids=["fewer units than rows", "more units than rows"])
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize(("kind", "phase"), [("cd", "mean-visible"), ("cd", "mean-field"), ("pcd", "mean-visible")])
def test_visibles_that_are_means_need_not_be_formed(kind, phase, steps, n_hidden):
    # weights small enough for autograd's softplus, which is linear, and 2e-9 off, from 20 on
    settings = {"n_hidden": n_hidden, "learn_sigma": False, "scale": 0.3}
    closed, automatic = (make(kind, phase, steps, **settings) for _ in range(2))
    assert closed._needs_no_visibles(BATCH) == (n_hidden == 4)
    for batch in (BATCH, BATCH[:7], BATCH):  # the last batch of an epoch is shorter
        automatic.zero_grad()
        closed.set_gradients(batch)
        automatic(batch).loss.backward()
        for name in ("weight", "hidden_bias", "visible_centre"):
            ours, expected = (getattr(objective.module, name).grad for objective in (closed, automatic))
            torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10, msg=name)
        if kind == "pcd":
            assert torch.equal(closed.chains, automatic.chains)


def test_gradient_is_the_textbooks_difference_of_correlations():
    """In the assignment's own coordinates W, alpha, b, log sigma², from the definition, with loops for sums."""
    objective = make("cd", "sampled", 1)
    module = objective.module
    state = objective.generator.get_state()
    with torch.no_grad():
        phases, _ = objective._run(BATCH, module.standardised())
        h0, x, h = phases.h_data.clone(), phases.x_model.clone(), phases.h_model.clone()
    objective.generator.set_state(state)
    objective.set_gradients(BATCH)
    sigma, b, weight = module.sigma.detach(), module.visible_bias.detach(), module.weight.detach()

    def statistics(v, p):
        n = len(v)
        correlation = sum(torch.outer(p[k], v[k] / sigma) for k in range(n)) / n
        log_variance = (
            sum((v[k] - b) ** 2 / (2 * sigma**2) - 0.5 * (p[k] @ weight) * v[k] / sigma for k in range(n)) / n
        )
        return correlation, p.mean(0), ((v - b) / sigma**2).mean(0), log_variance

    data, model = statistics(BATCH, h0), statistics(x * sigma, h)
    d_weight, d_alpha, d_b, d_log_variance = (m - d for d, m in zip(data, model, strict=True))
    # chain rule of b = b' - sigma * (W^T 1) / 2
    d_weight = d_weight - 0.5 * sigma * d_b
    d_log_variance = d_log_variance - 0.5 * sigma * 0.5 * weight.sum(0) * d_b
    for name, expected in {
        "weight": d_weight,
        "hidden_bias": d_alpha,
        "visible_centre": d_b,
        "log_variance": d_log_variance,
    }.items():
        torch.testing.assert_close(getattr(module, name).grad, expected, rtol=1e-10, atol=1e-10, msg=name)


def test_gradient_for_binary_visible_units_is_the_textbooks():
    """The difference of correlations in W, alpha, b, then the chain rule of b = b' - W^T 1 / 2."""
    objective = make("cd", "sampled", 1, make_module=random_bernoulli_module)
    module, state = objective.module, objective.generator.get_state()
    with torch.no_grad():
        h0 = module.hidden_probabilities(GREY).T.contiguous().T  # draws are made in the order of memory
        v = module.sample_visible(bernoulli(h0, objective.generator), objective.generator)
        h = module.hidden_probabilities(v)
    assert set(v.unique().tolist()) == {0.0, 1.0}
    objective.generator.set_state(state)
    objective.set_gradients(GREY)
    d_b = (v - GREY).mean(0)
    d_weight = (h.T @ v - h0.T @ GREY) / 16 - 0.5 * d_b
    for name, expected in {"weight": d_weight, "hidden_bias": (h - h0).mean(0), "visible_centre": d_b}.items():
        torch.testing.assert_close(getattr(module, name).grad, expected, rtol=1e-10, atol=1e-10, msg=name)


@pytest.mark.parametrize("name", ["weight", "hidden_bias", "visible_centre", "log_variance"])
def test_mean_free_energy_gradient_equals_finite_differences(name):
    module = random_module(6, 4, 1)
    parameter = getattr(module, name)
    (module.free_energy(BATCH).mean() + module.hidden_free_energy(torch.eye(4, dtype=torch.float64)).mean()).backward()

    def value(shift):
        with torch.no_grad():
            flat = parameter.view(-1)
            flat[1] += shift
            result = module.free_energy(BATCH).mean() + module.hidden_free_energy(torch.eye(4).double()).mean()
            flat[1] -= shift
        return float(result)

    expected = (value(1e-5) - value(-1e-5)) / 2e-5
    assert float(parameter.grad.view(-1)[1]) == pytest.approx(expected, rel=1e-7, abs=1e-8)


def test_a_fixed_sigma_gets_no_gradient():
    module = random_module(6, 4, 1, learn_sigma=False)
    ContrastiveDivergence(module, torch.Generator()).set_gradients(BATCH)
    assert module.log_variance.grad is None
    assert module.weight.grad is not None


def test_persistent_chains_stay_binary_and_move():
    objective = make("pcd", "sampled", 1)
    before = objective.chains.clone()
    objective.set_gradients(BATCH)
    assert not torch.equal(objective.chains, before)
    assert set(objective.chains.unique().tolist()) <= {0.0, 1.0}
