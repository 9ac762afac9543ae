"""Loss, gradient, codes and noise of the sparse autoencoder, against closed forms and finite differences."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso

from harmonium import SparseAutoencoder
from harmonium.estimators.fitting import prepare
from harmonium.modules.sparse_autoencoder import SparseAutoencoderModule
from harmonium.objectives.sparse_denoising import SparseDenoising

N_FEATURES, N_ATOMS = 5, 7


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def random_module(n_active=None, n_active_of="example", n_steps=None):
    """One away from its start: encoder and decoder differ, no bias is zero."""
    module = SparseAutoencoderModule(N_FEATURES, N_ATOMS, seeded(0), n_active, n_active_of, n_steps).double()
    with torch.no_grad():
        for k, parameter in enumerate(module.parameters()):
            parameter += 0.3 * torch.randn(parameter.shape, generator=seeded(k + 1), dtype=torch.float64)
    return module


@pytest.fixture
def rows():
    return torch.randn(9, N_FEATURES, generator=seeded(9), dtype=torch.float64)


def record_inputs(objective):
    """Return a list that every noisy batch joins when it is encoded."""
    inputs, encode = [], objective.module.encode
    objective.module.encode = lambda x: inputs.append(x.clone()) or encode(x)
    return inputs


def test_it_starts_as_matched_filters_for_random_atoms_of_unit_norm():
    module = SparseAutoencoderModule(N_FEATURES, N_ATOMS, seeded(0))
    torch.testing.assert_close(module.dictionary.norm(dim=1), torch.ones(N_ATOMS))
    assert torch.equal(module.weight, module.dictionary)
    assert module.weight.data_ptr() != module.dictionary.data_ptr()
    assert not module.bias.any()
    assert not module.centre.any()


def test_codes_and_reconstructions_are_the_formulas(rows):
    module = random_module()
    D, E, b, c = (p.detach().numpy() for p in (module.dictionary, module.weight, module.bias, module.centre))
    x = rows.numpy()
    h = module.encode(rows).detach().numpy()
    np.testing.assert_allclose(h, np.maximum(0, x @ E.T + b))
    assert (h == 0).any()
    np.testing.assert_allclose(module.reconstruct(rows).detach().numpy(), h @ D + c)


@pytest.mark.parametrize("n_active", [1, 3, 6])
def test_top_k_keeps_the_largest_activations_and_no_other(rows, n_active):
    every, kept = random_module().encode(rows).detach(), random_module(n_active).encode(rows).detach()
    threshold = np.sort(every.numpy(), axis=1)[:, [-n_active]]
    np.testing.assert_array_equal(kept.numpy(), np.where(every.numpy() >= threshold, every.numpy(), 0))
    assert torch.equal((kept > 0).sum(1), (every > 0).sum(1).clamp(max=n_active))


def test_top_k_of_all_atoms_or_more_keeps_all(rows):
    for n_active in (N_ATOMS, N_ATOMS + 5):
        assert torch.equal(random_module(n_active).encode(rows), random_module().encode(rows))


@pytest.mark.parametrize("n_active", [1, 3, 6])
def test_batch_top_k_keeps_the_largest_activations_of_the_batch(rows, n_active):
    every, kept = random_module().encode(rows).detach(), random_module(n_active, "batch").encode(rows).detach()
    threshold = np.sort(every.numpy(), axis=None)[-9 * n_active]
    np.testing.assert_array_equal(kept.numpy(), np.where(every.numpy() >= threshold, every.numpy(), 0))
    assert int((kept > 0).sum()) == min(9 * n_active, int((every > 0).sum()))
    assert len(np.unique((kept > 0).sum(1))) > 1  # an example may have more than another


@pytest.mark.parametrize("n_active", [1, 2, 3, 100])
def test_outside_of_training_batch_top_k_keeps_from_a_threshold_on_row_by_row(rows, n_active):
    module = random_module(n_active, "batch")
    module.learn_threshold([rows[:4], rows[4:5], rows[5:]])
    module.eval()
    every, kept = random_module().encode(rows).detach(), module.encode(rows).detach()
    assert torch.equal(kept, every.where(every >= module.threshold, 0))
    # the threshold is rounded to single precision
    assert int((kept > 0).sum()) == pytest.approx(min(9 * n_active, int((every > 0).sum())), abs=1)


def test_the_loss_sums_over_features_and_units_and_averages_over_examples(rows):
    module = random_module()
    loss, terms = SparseDenoising(module, seeded(0), noise=0.0, l1=0.7)(rows)
    h = module.encode(rows)
    squared_error = (rows - module.decode(h)).square().sum() / 9
    torch.testing.assert_close(loss, squared_error + 0.7 * h.sum() / 9)
    torch.testing.assert_close(terms["squared_error"], squared_error.detach())
    assert float(terms["l0"]) == pytest.approx(int((h > 0).sum()) / 9)


@pytest.mark.parametrize("n_steps", [None, 1, 3])
@pytest.mark.parametrize("kept", [(None, "example"), (3, "example"), (3, "batch")])
def test_the_gradient_equals_finite_differences(rows, kept, n_steps):
    module = random_module(*kept, n_steps)
    objective = SparseDenoising(module, seeded(3), noise=0.3, l1=0.4)
    objective.set_gradients(rows)
    for parameter in module.parameters():
        if not parameter.numel():
            continue  # one step has no matrix among the units
        flat, numeric = parameter.data.view(-1), []
        for k in range(len(flat)):
            losses = []
            for shift in (1e-6, -1e-6):
                objective.generator.manual_seed(3)
                flat[k] += shift
                losses.append(float(objective(rows).loss.detach()))
                flat[k] -= shift
            numeric.append((losses[0] - losses[1]) / 2e-6)
        np.testing.assert_allclose(parameter.grad.view(-1), numeric, rtol=1e-6, atol=1e-7)


def lasso_codes(module, x, penalty):
    """The codes with the least |x - c - D h|² + penalty sum h over h >= 0, by scikit-learn's coordinate descent."""
    D, c = module.dictionary.detach().numpy().T, module.centre.detach().numpy()
    settings = {"positive": True, "fit_intercept": False, "tol": 1e-14, "max_iter": 1_000_000}
    lasso = Lasso(penalty / (2 * len(D)), **settings)  # its loss is |.|² / (2 n) + alpha |h|
    return np.array([lasso.fit(D, row - c).coef_ for row in x.numpy()])


def at_iterative_shrinkage(n_steps, penalty):
    """The unrolled encoder as it starts, with the threshold of a penalty and a centre that is not zero."""
    module = SparseAutoencoderModule(N_FEATURES, N_ATOMS, seeded(0), n_steps=n_steps).double()
    with torch.no_grad():
        module.centre.normal_(generator=seeded(1))
        module.dictionary.copy_(torch.nn.functional.normalize(module.dictionary))  # of unit norm in double precision
        module.weight.copy_(module.dictionary)
        module.inhibition.copy_(module.dictionary @ module.dictionary.T)
        module.bias.copy_(-penalty / 2 - module.dictionary @ module.centre)
    return module


def test_many_steps_of_the_untrained_unrolled_encoder_solve_the_lasso(rows):
    penalty, module = 0.5, at_iterative_shrinkage(20_000, 0.5)
    solution = lasso_codes(module, rows, penalty)
    assert 0 < (solution > 0).mean() < 0.9
    np.testing.assert_allclose(module.encode(rows).detach().numpy(), solution, atol=1e-6)


def test_every_step_of_it_lowers_the_objective_of_the_lasso(rows):
    penalty, objectives = 0.5, []
    for n_steps in range(1, 5):
        module = at_iterative_shrinkage(n_steps, penalty)
        h = module.encode(rows).detach()
        objectives.append((rows - module.decode(h)).square().sum(1) + penalty * h.sum(1))
    assert all(bool((after < before).all()) for before, after in pairwise(objectives))
    assert float(module.step_size) == pytest.approx(0.2 / np.linalg.norm(module.dictionary.detach().numpy(), 2) ** 2)


def test_the_unrolled_encoder_is_its_formula(rows):
    module = random_module(n_steps=3)
    E, b, G = (p.detach().numpy() for p in (module.weight, module.bias, module.inhibition))
    h, eta = np.zeros((9, N_ATOMS)), float(module.step_size)
    for matrix in (np.zeros_like(G[0]), *G):
        h = np.maximum(0, h + eta * (rows.numpy() @ E.T + b - h @ matrix.T))
    np.testing.assert_allclose(module.encode(rows).detach().numpy(), h)
    assert 0 < (h == 0).mean() < 1


@pytest.mark.parametrize("n_active", [None, 3])
def test_the_subgradient_of_the_norm_is_one_for_an_active_unit_and_zero_for_another(rows, n_active):
    module = random_module(n_active)
    with torch.no_grad():
        module.weight[2], module.bias[2] = 0, 0  # this unit sits exactly on its kink
    gradients = {}
    for l1 in (0.0, 0.5):
        SparseDenoising(module, seeded(0), noise=0.0, l1=l1).set_gradients(rows)
        gradients[l1] = module.bias.grad.clone()
    share_active = (module.encode(rows) > 0).double().mean(0)
    assert share_active[2] == 0
    torch.testing.assert_close(gradients[0.5] - gradients[0.0], 0.5 * share_active)


def test_a_unit_active_for_fewer_than_two_in_a_hundred_is_penalised_in_proportion(rows):
    module = random_module()
    usage = torch.tensor([0.0, 0.005, 0.01, 0.019, 0.02, 0.3, 1.0])
    gradients = {}
    for l1 in (0.0, 0.5):
        objective = SparseDenoising(module, seeded(0), noise=0.0, l1=l1).eval()
        objective.usage.copy_(usage)
        objective.set_gradients(rows)
        gradients[l1] = module.bias.grad.clone()
    share_active = (module.encode(rows) > 0).double().mean(0)
    assert share_active.min() > 0
    weights = torch.tensor([0.0, 0.25, 0.5, 0.95, 1.0, 1.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(gradients[0.5] - gradients[0.0], 0.5 * weights * share_active, rtol=1e-5, atol=1e-7)


def test_usage_is_a_running_share_of_the_examples_of_training_alone(rows):
    module = random_module()
    objective = SparseDenoising(module, seeded(0), noise=0.0, l1=0.5)
    share_active = (module.encode(rows) > 0).float().mean(0)
    for _ in range(3):
        objective(rows)
    expected = share_active + 0.99**3 * (1 - share_active)
    torch.testing.assert_close(objective.usage, expected)
    objective.eval()(rows)
    torch.testing.assert_close(objective.usage, expected)
    assert int(objective.n_steps) == 3


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_atoms_have_unit_norm_after_every_step(matrix, optimizer):
    model = SparseAutoencoder(2, n_epochs=2, batch_size=100, learning_rate=0.02, optimizer=optimizer, random_state=0)
    prepared = prepare(model, matrix, None)
    trainer = prepared.trainer
    norms, project = [], trainer.objective.project

    def spy():
        moved = torch.linalg.vector_norm(trainer.objective.module.dictionary.detach(), dim=1)
        project()
        norms.append((moved, torch.linalg.vector_norm(trainer.objective.module.dictionary.detach(), dim=1)))

    trainer.objective.project = spy
    prepared.run(2)
    assert len(norms) == 6
    for moved, projected in norms:
        assert (moved - 1).abs().max() > 1e-4
        torch.testing.assert_close(projected, torch.ones(12), rtol=0, atol=1e-6)


def test_a_projection_keeps_an_atoms_direction():
    module = random_module()
    before = module.dictionary.detach().clone()
    module.project()
    torch.testing.assert_close(module.dictionary.detach() * before.norm(dim=1, keepdim=True), before)


@pytest.mark.parametrize("scaling", ["none", "global", "feature"])
def test_the_noise_has_its_deviation_in_the_users_units(matrix, scaling):
    model = SparseAutoencoder(noise=0.7, scaling=scaling, random_state=0)
    objective = prepare(model, matrix, None).trainer.objective
    inputs = record_inputs(objective)
    n = 20_000
    objective(torch.zeros(n, 6))
    drawn = inputs[0].double().numpy() * model.scaling_.scale
    np.testing.assert_allclose(drawn.mean(0), 0, atol=4 * 0.7 / np.sqrt(n))
    np.testing.assert_allclose(np.cov(drawn, rowvar=False), 0.49 * np.eye(6), atol=4 * 0.49 * np.sqrt(2 / n))


def test_the_noise_is_fresh_at_every_step_and_comes_from_the_random_state():
    X = np.zeros((60, 4))  # what is encoded is the noise itself

    def noise_of_training(random_state):
        model = SparseAutoencoder(noise=0.5, n_epochs=2, batch_size=20, random_state=random_state)
        prepared = prepare(model, X, None)
        inputs = record_inputs(prepared.trainer.objective)
        prepared.run(2)
        return torch.cat(inputs).numpy()

    drawn = noise_of_training(0)
    assert len(np.unique(drawn)) > 0.99 * 2 * 60 * 4
    np.testing.assert_array_equal(drawn, noise_of_training(0))
    assert not np.isin(drawn, noise_of_training(1)).any()


def test_the_error_is_to_the_clean_example(rows):
    """With an identity for a network the reconstruction is the noisy input, and its error the noise's."""
    module = SparseAutoencoderModule(N_FEATURES, 2 * N_FEATURES, seeded(0)).double()
    both_signs = torch.cat([torch.eye(N_FEATURES), -torch.eye(N_FEATURES)]).double()
    module.load_state_dict(module.state_dict() | {"dictionary": both_signs, "weight": both_signs})
    objective = SparseDenoising(module, seeded(0), noise=0.5, l1=0.0)
    inputs = record_inputs(objective)
    torch.testing.assert_close(objective(rows).loss, (inputs[0] - rows).square().sum(1).mean())


def test_warm_up_raises_lambda_in_equal_steps_to_its_value(rows):
    module = random_module()
    objective = SparseDenoising(module, seeded(1), noise=0.0, l1=2.0, n_warmup_steps=4)
    norm, lambdas = float(module.encode(rows).detach().sum() / 9), []
    for _ in range(6):
        loss, terms = objective(rows)
        lambdas.append(float(loss.detach() - terms["squared_error"]) / norm)
    assert lambdas == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 2.0])


def test_epochs_of_warm_up_are_counted_in_steps(matrix):
    model = SparseAutoencoder(n_warmup_epochs=2, batch_size=100, random_state=0)
    assert prepare(model, matrix, None).trainer.objective.n_warmup_steps == 6
