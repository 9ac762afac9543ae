"""Sparsity counted by hand, and errors in closed form."""

import numpy as np
import pytest

from harmonium.metrics.sparsity import explained_variance, psnr, sparsity


def test_a_code_is_counted_by_hand():
    H = np.array([[0, 2.0, 0, 0.1], [0, 0, 0, 5.0], [0, 1.0, 0, 0], [0, 0, 0, -0.1]])
    assert sparsity(H) == {"l0": 5 / 4, "dead": 2, "rare": 2}


def test_a_unit_is_rare_below_one_example_in_a_thousand_and_not_at_it():
    H = np.zeros((3000, 5), dtype=np.float32)
    for unit, n_active in enumerate((0, 2, 3, 4, 3000)):
        H[:n_active, unit] = 1e-30
    assert sparsity(H) == {"l0": pytest.approx(3009 / 3000), "dead": 1, "rare": 2}


def test_explained_variance_is_none_for_the_mean_and_all_for_the_data(matrix):
    error_of_mean = np.square(matrix - matrix.mean(0)).mean()
    assert explained_variance(matrix, error_of_mean) == pytest.approx(0)
    assert explained_variance(matrix, 0.0) == 1
    assert explained_variance(matrix, 0.25 * error_of_mean) == pytest.approx(0.75)
    assert explained_variance(matrix, 2 * error_of_mean) == pytest.approx(-1)
    assert explained_variance((matrix + 1e4).astype(np.float32), error_of_mean) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("error", "peak", "decibels"), [(1, 1, 0), (0.01, 1, 20), (0.5, 1, 3.0103), (100, 1, -20), (1, 255, 48.1308)]
)
def test_psnr_in_decibels(error, peak, decibels):
    assert psnr(error, peak) == pytest.approx(decibels, abs=1e-4)
