"""What the sparse autoencoder adds to the contract of every estimator."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

import harmonium
from harmonium import SparseAutoencoder
from harmonium.data.noise import add_noise
from harmonium.estimators.fitting import prepare
from harmonium.exceptions import InvalidInputError


@pytest.fixture
def fitted(matrix):
    return SparseAutoencoder(1.5, noise=0.5, n_epochs=3, random_state=0).fit(matrix)


def test_without_noise_and_penalty_it_is_bounded_by_pca_of_its_rank_and_reaches_it_with_more_atoms():
    generator = np.random.default_rng(1)
    X = generator.normal(size=(600, 3)) @ generator.normal(size=(3, 8)) + 0.1 * generator.normal(size=(600, 8)) + 2
    pca = PCA(3).fit(X)
    error_of_pca = np.square(X - pca.inverse_transform(pca.transform(X))).mean()
    errors = {}
    for n_atoms in (3, 16):
        settings = {"noise": 0, "l1": 0, "n_epochs": 200, "learning_rate": 0.01, "batch_size": 100, "random_state": 0}
        model = SparseAutoencoder(n_atoms / 8, **settings).fit(X)
        assert model.dictionary_.shape == (n_atoms, 8)
        errors[n_atoms] = np.square(X - model.reconstruct(X)).mean()
    assert errors[16] < error_of_pca < errors[3]


def test_an_over_complete_dictionary_of_sparse_codes_is_recovered():
    generator = np.random.default_rng(0)
    atoms = generator.normal(size=(24, 16))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    codes = np.zeros((4000, 24))
    for row in codes:
        row[generator.choice(24, 2, replace=False)] = generator.uniform(0.5, 1.5, 2)
    X = codes @ atoms + 0.01 * generator.normal(size=(4000, 16))
    settings = {"l1": 0.2, "noise": 0.02, "n_epochs": 40, "learning_rate": 0.01, "batch_size": 64, "scaling": "none"}
    model = SparseAutoencoder(1.5, random_state=0, **settings)
    start = np.abs(atoms @ prepare(model, X, None).trainer.objective.module.dictionary.detach().numpy().T).max(1)
    found = (atoms @ model.fit(X).dictionary_.T).max(1)  # the sign too: codes are not negative
    assert start.mean() < 0.7
    assert found.mean() > 0.95


def test_the_penalty_and_top_k_make_codes_sparser(matrix):
    n_active = {}
    for name, settings in {"free": {"l1": 0}, "l1": {"l1": 3.0}, "top-k": {"l1": 0, "n_active": 2}}.items():
        model = SparseAutoencoder(2, n_epochs=30, learning_rate=0.01, random_state=0, **settings).fit(matrix)
        n_active[name] = (model.transform(matrix) > 0).sum(1)
    assert n_active["l1"].mean() < 0.7 * n_active["free"].mean()
    assert n_active["top-k"].max() == 2 < n_active["free"].max()


def test_a_code_of_batch_top_k_does_not_depend_on_the_other_rows(matrix):
    settings = {"l1": 0, "n_active": 2, "n_active_of": "batch", "n_epochs": 30, "learning_rate": 0.01}
    model = SparseAutoencoder(2, random_state=0, **settings).fit(matrix)
    codes = model.transform(matrix)
    n_active = (codes > 0).sum(1)
    assert n_active.mean() == pytest.approx(2, abs=0.4)
    assert n_active.max() > 3
    np.testing.assert_allclose(np.vstack([model.transform(row[None]) for row in matrix[:20]]), codes[:20], rtol=1e-12)


@pytest.mark.parametrize("encoder", ["linear-relu", "unrolled"])
@pytest.mark.parametrize(("n_epochs", "held"), [(1, 0), (4, 0), (4, 0.3)])
def test_batch_top_k_keeps_as_many_on_average_outside_of_training(encoder, n_epochs, held):
    """However short the training and however far it went in its last epoch."""
    generator = np.random.default_rng(0)
    X = np.abs(generator.normal(size=(1500, 5))) @ generator.normal(size=(5, 20))
    settings = {"encoder": encoder, "n_active_of": "batch", "learning_rate_schedule": "constant", "random_state": 0}
    settings |= {"learning_rate": 0.01, "batch_size": 64, "noise": 0.3, "l1": 0.1, "validation_fraction": held}
    model = SparseAutoencoder(2, n_active=6, n_epochs=n_epochs, **settings).fit(X)
    assert (model.transform(add_noise(X, 0.3, seed=1)) > 0).sum(1).mean() == pytest.approx(6, abs=0.3)


@pytest.mark.parametrize("scaling", ["global", "feature", "unit-interval"])
@pytest.mark.parametrize("unit", [100, 1e-3])
def test_a_change_of_units_changes_nothing_but_the_units_also_beside_constant_features(matrix, scaling, unit):
    X = np.column_stack([matrix, np.zeros(300), np.full(300, 7.0)])
    one, other = (
        SparseAutoencoder(2, noise=0.5 * k, scaling=scaling, n_epochs=5, random_state=0).fit(k * X) for k in (1, unit)
    )
    assert other.score(unit * X) == pytest.approx(one.score(X) * unit**2, rel=1e-4)


def test_an_unrolled_encoder_denoises_better_than_one_layer():
    generator = np.random.default_rng(0)
    X = np.zeros((3000, 24))
    for row in X:
        row[generator.choice(24, 2, replace=False)] = generator.uniform(0.5, 1.5, 2)
    X = X @ generator.normal(size=(24, 16))
    settings = {"noise": 1.0, "l1": 0.3, "n_epochs": 20, "learning_rate": 0.04, "batch_size": 50, "random_state": 0}
    one, unrolled = (SparseAutoencoder(1.5, encoder=name, **settings).fit(X) for name in ("linear-relu", "unrolled"))
    assert unrolled.score(X) > 0.95 * one.score(X)


@pytest.mark.parametrize("scaling", ["none", "global", "feature"])
def test_the_score_is_minus_the_error_of_denoised_rows_in_the_users_units(fitted, matrix, scaling):
    model = clone(fitted).set_params(scaling=scaling).fit(matrix)
    noise = add_noise(np.zeros_like(matrix), model.noise, seed=0)
    error = np.square(model.denoise(matrix + noise) - matrix).mean()
    assert model.score(matrix) == pytest.approx(-error, rel=1e-6)
    assert model.score(matrix) == model.score(matrix)
    np.testing.assert_allclose(model.score(matrix.astype(np.float32)), -error, rtol=1e-5)


def test_a_grid_search_needs_nothing_but_the_score(matrix):
    search = GridSearchCV(SparseAutoencoder(2, n_epochs=10, random_state=0), {"learning_rate": [1e-5, 0.01]}, cv=2)
    assert search.fit(matrix).best_params_ == {"learning_rate": 0.01}


def test_denoising_nears_the_clean_rows(matrix):
    model = SparseAutoencoder(2, noise=2.0, n_epochs=100, learning_rate=0.01, random_state=0).fit(matrix)
    noisy = matrix + 2.0 * np.random.default_rng(1).normal(size=matrix.shape)
    assert np.square(model.denoise(noisy) - matrix).mean() < 0.8 * np.square(noisy - matrix).mean()


def test_transform_inverse_transform_denoise_reconstruct_agree(fitted, matrix):
    codes, module, scaling = fitted.transform(matrix), fitted.module_, fitted.scaling_
    assert codes.shape == (300, 9)
    E, b, c = (p.detach().double().numpy() for p in (module.weight, module.bias, module.centre))
    np.testing.assert_allclose(codes, np.maximum(0, (matrix - scaling.mean) / scaling.scale @ E.T + b), atol=1e-12)
    by_hand = (codes @ fitted.dictionary_ + c) * scaling.scale + scaling.mean
    np.testing.assert_allclose(fitted.inverse_transform(codes), by_hand)
    np.testing.assert_allclose(fitted.denoise(matrix), by_hand)
    np.testing.assert_array_equal(fitted.reconstruct(matrix), fitted.denoise(matrix))
    np.testing.assert_allclose(np.linalg.norm(fitted.dictionary_, axis=1), 1, atol=1e-6)


def test_top_atoms_are_those_of_the_largest_codes(fitted, matrix):
    codes = fitted.transform(matrix)
    indices, intensities = fitted.top_atoms(matrix, 4)
    assert indices.shape == (300, 4)
    np.testing.assert_array_equal(intensities, np.sort(codes, axis=1)[:, ::-1][:, :4])
    np.testing.assert_array_equal(codes[np.arange(300)[:, None], indices], intensities)
    assert all(len(set(row)) == 4 for row in indices)
    indices, intensities = fitted.top_atoms(matrix, 4, over_all=True)
    np.testing.assert_array_equal(indices, np.argsort(codes.mean(0))[::-1][:4])
    np.testing.assert_allclose(intensities, np.sort(codes.mean(0))[::-1][:4])


def test_a_save_keeps_the_dictionary_and_top_k(matrix, tmp_path):
    model = SparseAutoencoder(2, n_active=2, n_epochs=2, random_state=0).fit(matrix)
    model.save(tmp_path)
    loaded = harmonium.load(tmp_path)
    np.testing.assert_array_equal(loaded.dictionary_, model.dictionary_)
    np.testing.assert_array_equal(loaded.transform(matrix), model.transform(matrix))
    np.testing.assert_array_equal(loaded.inverse_transform(np.eye(12)), model.inverse_transform(np.eye(12)))
    assert (loaded.transform(matrix) > 0).sum(1).max() == 2


@pytest.mark.parametrize("scaling", ["none", "global", "feature"])
def test_constant_data_are_given_back(scaling):
    X = np.full((50, 4), 7.0)
    settings = {"n_epochs": 100, "learning_rate": 0.1, "noise": 0.1, "scaling": scaling, "random_state": 0}
    np.testing.assert_allclose(SparseAutoencoder(1.5, **settings).fit(X).denoise(X), X, atol=0.3)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"n_active": 0}, "n_active must be a positive integer; got 0"),
        ({"encoder": "lista"}, "encoder must be one of 'linear-relu', 'unrolled'; got 'lista'"),
        ({"n_steps": 0}, "n_steps must be a positive integer; got 0"),
        ({"n_active_of": "row"}, "n_active_of must be one of 'example', 'batch'; got 'row'"),
        ({"n_active": 2.5}, "n_active must be a positive integer; got 2.5"),
        ({"l1": -0.1}, "l1 must be a number of at least 0; got -0.1"),
        ({"noise": -1}, "noise must be a number of at least 0; got -1"),
        ({"noise": np.nan}, "noise must be a number of at least 0; got nan"),
        ({"overcompleteness": 0}, "overcompleteness must be a positive number; got 0"),
        ({"n_warmup_epochs": -1}, "n_warmup_epochs must be a number of at least 0; got -1"),
    ],
)
def test_a_wrong_hyper_parameter_is_named_with_what_is_allowed(matrix, settings, sentence):
    with pytest.raises(InvalidInputError, match=f"^{sentence}$"):
        SparseAutoencoder(**settings).fit(matrix)


def test_codes_and_counts_have_their_own_sentences(fitted, matrix):
    for H in (np.zeros((3, 8)), np.zeros(9), np.full((3, 9), np.nan)):
        with pytest.raises(InvalidInputError, match=r"^H must be finite and of shape \(n_samples, 9\); got shape \(\d"):
            fitted.inverse_transform(H)
    with pytest.raises(InvalidInputError, match=r"^n must be a positive integer; got 0$"):
        fitted.top_atoms(matrix, 0)
