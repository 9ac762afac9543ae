"""What the report derives for the sparse denoising autoencoder and the library computes."""

from itertools import product

import numpy as np
import pytest
import torch

from harmonium.modules.sparse_autoencoder import SparseAutoencoderModule
from harmonium.objectives.sparse_denoising import SparseDenoising


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def sparse_module(seed=0, n_features=5, n_atoms=7):
    """One away from its start, with biases and a centre that are not zero."""
    module = SparseAutoencoderModule(n_features, n_atoms, seeded(seed)).double()
    with torch.no_grad():
        for k, parameter in enumerate(module.parameters()):
            parameter += 0.3 * torch.randn(parameter.shape, generator=seeded(k + 1), dtype=torch.float64)
    module.project()
    return module


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


@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_a_rectified_unit_thresholds_softly(threshold):
    """The code of a unit with bias -t is the minimiser of (h - u)² / 2 + t h over h >= 0, by search on a grid."""
    module, u = SparseAutoencoderModule(1, 1, seeded(0)).double(), np.array([-2.0, -0.3, 0.0, 0.2, 0.5, 1.7])
    with torch.no_grad():
        module.weight.fill_(1.0)
        module.bias.fill_(-threshold)
        codes = module.encode(torch.from_numpy(u)[:, None])[:, 0].numpy()
    h = np.linspace(0, 3, 30_001)
    objective = 0.5 * (h - u[:, None]) ** 2 + threshold * h
    np.testing.assert_allclose(codes, h[objective.argmin(1)], atol=1e-4)


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
