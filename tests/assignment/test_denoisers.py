"""The methods that denoising is compared with: closed forms on Gaussian data, and an easy problem for all."""

import numpy as np
import pytest

from harmonium import SparseAutoencoder
from harmonium.assignment.problem3.denoisers import METHODS, measure_denoiser
from harmonium.data.datasets import Dataset
from harmonium.data.noise import add_noise
from harmonium.families.sparse_autoencoder import TEST_NOISE_SEED, evaluate_denoising

SIGMA = 0.25
SHAPE = (10, 9)
VARIANCES = np.array([4.0, 1.0, 0.3, 0.2, 0.01])
TURN = np.linalg.qr(np.random.default_rng(5).normal(size=(5, 5)))[0]
OFFSET = np.array([1.0, -2.0, 0.0, 3.0, 10.0])


def gaussian(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 5)) * np.sqrt(VARIANCES) @ TURN + OFFSET


def edges(n, seed):
    """Images with one horizontal edge, at any height."""
    height = np.random.default_rng(seed).uniform(1, SHAPE[0] - 1, (n, 1, 1))
    return np.where(np.arange(SHAPE[0])[:, None] < height, 0.8, 0.1 * np.ones(SHAPE)).reshape(n, -1)


def test_noise_is_the_same_for_a_seed_and_has_its_deviation():
    X = np.linspace(0, 1, 40_000, dtype=np.float32).reshape(400, 100)
    noisy = add_noise(X, 0.5, 3)
    assert noisy.dtype == np.float32
    np.testing.assert_array_equal(noisy, add_noise(X, 0.5, 3))
    assert np.mean(noisy == add_noise(X, 0.5, 4)) < 0.01
    assert (noisy - X).std() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(2 * X.size))
    assert noisy.min() < -1  # it is not clipped
    assert noisy.max() > 2
    np.testing.assert_allclose(add_noise(X, 1.0, 3) - X, 2 * (noisy - X), atol=1e-6)


def test_the_error_of_leaving_the_noise_is_its_variance():
    X = gaussian(20_000, 0)
    found = measure_denoiser("identity", X, X, add_noise(X, 0.5, 0), 0.5, (5, 1))
    assert found["test_mse"] == pytest.approx(0.25, abs=4 * 0.25 * np.sqrt(2 / X.size))
    assert found["psnr"] == pytest.approx(-10 * np.log10(found["test_mse"]))
    assert found["n_images"] == 20_000


def test_the_wiener_filter_reaches_its_closed_form_and_no_other_linear_map_is_better():
    sigma, generator = 0.5, np.random.default_rng(2)
    X, test = gaussian(40_000, 0), gaussian(40_000, 1)
    noisy = add_noise(test, sigma, 0)
    denoise = METHODS["wiener"][0](X, sigma, (5, 1))
    error = np.square(denoise(noisy) - test).mean()
    assert error == pytest.approx((VARIANCES * sigma**2 / (VARIANCES + sigma**2)).mean(), rel=0.02)
    gain = denoise(np.eye(5)) - denoise(np.zeros((1, 5)))
    np.testing.assert_allclose(gain, TURN.T @ np.diag(VARIANCES / (VARIANCES + sigma**2)) @ TURN, atol=0.02)
    others = [gain + 0.1 * generator.normal(size=(5, 5)) for _ in range(20)] + [0.9 * gain, 1.1 * gain, np.eye(5)]
    kept = METHODS["pca"][0](X, sigma, (5, 1))
    others.append(kept(np.eye(5)) - kept(np.zeros((1, 5))))
    for other in others:
        assert np.square((noisy - OFFSET) @ other + OFFSET - test).mean() > error


@pytest.mark.parametrize(("sigma", "n_kept"), [(0.05, 5), (0.5, 3), (0.8, 2), (3.0, 0)])
def test_principal_components_above_the_noise_are_kept(sigma, n_kept):
    test = gaussian(40_000, 1)
    denoise = METHODS["pca"][0](gaussian(40_000, 0), sigma, (5, 1))
    projection = denoise(np.eye(5)) - denoise(np.zeros((1, 5)))
    np.testing.assert_allclose(projection @ projection, projection, atol=1e-12)
    assert np.trace(projection) == pytest.approx(n_kept)
    error = np.square(denoise(add_noise(test, sigma, 0)) - test).mean()
    assert error == pytest.approx((n_kept * sigma**2 + VARIANCES[n_kept:].sum()) / 5, rel=0.03)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in ("identity", "bm3d")])
def test_every_method_lowers_the_error_of_an_easy_problem_and_chooses_without_the_test_images(name):
    pytest.importorskip({"total_variation": "skimage", "non_local_means": "skimage"}.get(name, "numpy"))
    X, test = edges(200, 0), edges(20, 1)
    noisy = add_noise(test, SIGMA, 0)
    found = measure_denoiser(name, X, test, noisy, SIGMA, SHAPE)
    assert found["test_mse"] < 0.4 * SIGMA**2
    assert found["n_images"] == 20
    denoise = METHODS[name][0](X, SIGMA, SHAPE)
    restored = denoise(noisy)
    np.testing.assert_allclose(denoise(noisy[:3]), restored[:3], atol=1e-9)  # an image knows of no other
    assert found["test_mse"] == pytest.approx(np.square(restored - test).mean())
    other = measure_denoiser(name, X, test[::-1], noisy, SIGMA, SHAPE)  # nor of any clean test image
    assert other["test_mse"] == pytest.approx(np.square(restored - test[::-1]).mean())


def test_bm3d_lowers_the_error_of_an_easy_problem():
    pytest.importorskip("bm3d")
    test = edges(2, 1)
    found = measure_denoiser("bm3d", test[:0], test, add_noise(test, SIGMA, 0), SIGMA, SHAPE)
    assert found["test_mse"] < 0.4 * SIGMA**2


def test_the_weight_is_what_suits_the_training_images():
    restoration = pytest.importorskip("skimage.restoration")
    flat, busy = np.full((100, 90), 0.5), np.random.default_rng(0).normal(size=(100, 90))
    noisy = add_noise(edges(1, 1), SIGMA, 0)
    for X, weight in ((flat, 2 * SIGMA), (busy, 0.5 * SIGMA)):
        expected = restoration.denoise_tv_chambolle(noisy[0].reshape(SHAPE), weight=weight)
        restored = METHODS["total_variation"][0](X, SIGMA, SHAPE)(noisy)
        np.testing.assert_allclose(restored[0], expected.ravel(), atol=1e-9)


def test_a_slow_method_measures_the_first_images_alone(monkeypatch):
    X = edges(30, 0)
    monkeypatch.setitem(METHODS, "wiener", (METHODS["wiener"][0], 7))
    noisy = add_noise(X, SIGMA, 0)
    some = measure_denoiser("wiener", X, X, noisy, SIGMA, SHAPE)
    restored = METHODS["wiener"][0](X, SIGMA, SHAPE)(noisy)
    assert some["n_images"] == 7
    assert some["test_mse"] == pytest.approx(np.square(restored[:7] - X[:7]).mean())


def test_the_sparse_autoencoder_is_measured_on_the_same_noise_as_the_others():
    X, test = edges(200, 0), Dataset("edges", "test", edges(50, 1), None, (), SHAPE, "")
    model = SparseAutoencoder(noise=SIGMA, n_epochs=3, random_state=0).fit(X)
    noisy = add_noise(test.X, SIGMA, TEST_NOISE_SEED)
    codes, error = model.transform(noisy), np.square(model.denoise(noisy) - test.X).mean()
    assert evaluate_denoising(model, test, None) == {
        "test_mse": pytest.approx(error),
        "psnr": pytest.approx(-10 * np.log10(error)),
        "explained_variance": pytest.approx(1 - error / test.X.var(axis=0).mean()),
        "l0": pytest.approx((codes > 0).sum(1).mean()),
        "dead": int((codes == 0).all(axis=0).sum()),
        "rare": int(((codes > 0).sum(0) < 0.05).sum()),
    }


def test_with_labels_it_is_measured_how_well_few_atoms_name_the_class():
    """Images of a class share an edge; codes of the noisy training images name those of the noisy test images."""

    def split(name, n, seed):
        X = edges(n, seed)
        y = (X.reshape(n, *SHAPE).mean(axis=(1, 2)) > X.mean()).astype(int)
        return Dataset("edges", name, X, y, ("dark", "bright"), SHAPE, "")

    train, test = split("train", 300, 0), split("test", 200, 1)
    model = SparseAutoencoder(noise=SIGMA, n_epochs=20, random_state=0).fit(train.X)
    found = evaluate_denoising(model, test, lambda: train)
    accuracies = [found[f"probe_accuracy_{k}"] for k in (1, 5, 20)]
    assert 0.55 < accuracies[0] < accuracies[2] <= 1
    assert not any(key.startswith("probe") for key in evaluate_denoising(model, test, None))
