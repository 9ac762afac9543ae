"""The Fréchet distance against closed forms of Gaussians, and classes counted by hand."""

import numpy as np
import pytest

from harmonium.metrics.generation import class_agreement, class_shares, moments, total_variation
from harmonium.metrics.generation import frechet_distance as distance_of_moments


def frechet_distance(a, b):
    return distance_of_moments(moments(a), moments(b))


def with_moments(mean, covariance, n=50, seed=0):
    """Rows that have exactly this mean and covariance."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x, rowvar=False)))).T
    return x @ np.linalg.cholesky(covariance).T + mean


A, B = np.array([[2.0, 0.9], [0.9, 1.0]]), np.array([[0.5, -0.3], [-0.3, 4.0]])


def test_a_set_is_at_distance_zero_from_itself(matrix):
    assert frechet_distance(matrix, matrix[::-1]) == pytest.approx(0, abs=1e-6)
    few = np.random.default_rng(0).normal(size=(5, 20))  # a singular covariance
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-5)


def test_a_shift_alone_is_its_square(matrix):
    shift = np.array([3.0, -1, 0, 2, 0.5, 0])
    assert frechet_distance(matrix, matrix + shift) == pytest.approx(14.25)


def test_covariances_that_commute_differ_by_their_standard_deviations():
    a, b = with_moments([1, 2, 3], np.diag([4.0, 1.0, 9.0])), with_moments([1, 0, 3], np.diag([1.0, 1.0, 25.0]), 80, 1)
    assert frechet_distance(a, b) == pytest.approx(4 + 1 + 4)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(9)


def test_covariances_that_do_not_commute_have_a_closed_form_in_two_dimensions():
    assert not np.allclose(A @ B, B @ A)
    root = np.sqrt(np.trace(A @ B) + 2 * np.sqrt(np.linalg.det(A @ B)))  # the trace of (A B)^(1/2)
    expected = 3.0**2 + np.trace(A) + np.trace(B) - 2 * root
    a, b = with_moments([0, 0], A), with_moments([0, 3], B, 70, 1)
    assert frechet_distance(a, b) == frechet_distance(b, a) == pytest.approx(expected)


def test_one_feature_is_enough():
    a, b = with_moments([1.0], np.array([[4.0]])), with_moments([3.0], np.array([[25.0]]), 70, 1)
    assert frechet_distance(a, b) == pytest.approx(4 + 9)


def test_single_precision_is_summed_in_double():
    a, b = with_moments([1e4, 0], A, 5000), with_moments([1e4, 1], A, 5000, 1)
    assert frechet_distance(a.astype(np.float32), b.astype(np.float32)) == pytest.approx(1, abs=1e-3)


def test_agreement_is_the_share_of_each_class_that_is_taken_for_it():
    intended, judged = np.array([0, 0, 1, 1, 1, 2, 3]), np.array([0, 1, 1, 0, 1, 0, 3])
    np.testing.assert_allclose(class_agreement(intended, judged), [1 / 2, 2 / 3, 0, 1])


def test_shares_count_every_class_the_missing_ones_too():
    np.testing.assert_array_equal(class_shares(np.array([2, 0, 2, 2]), 4), [1 / 4, 0, 3 / 4, 0])


def test_total_variation_is_the_share_that_would_have_to_change():
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.25, 0.25, 0.25, 0.25])
    assert total_variation(p, q) == total_variation(q, p) == pytest.approx(0.3)  # 0.25 + 0.05 too much
    assert total_variation(p, p) == 0
    assert total_variation(np.array([1.0, 0]), np.array([0, 1.0])) == 1
