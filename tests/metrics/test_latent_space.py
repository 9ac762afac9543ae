"""Neighbours and silhouettes counted by hand, and planted classes."""

import numpy as np
import pytest

from harmonium.metrics.latent_space import knn_accuracy, probe_accuracy, silhouette, tsne


def column(*values):
    return np.array(values, dtype=float)[:, None]


def test_the_most_frequent_class_of_fifteen_neighbours_wins_over_the_nearest():
    Z_train = column(*[0.0] * 8, *[1.0] * 7, *[100.0] * 20)
    y_train = np.array(["a"] * 8 + ["b"] * 7 + ["c"] * 20)
    Z_test, y_test = column(0.9, 1.0, 101.0, 99.0), np.array(["a", "b", "c", "c"])
    assert knn_accuracy(Z_train, y_train, Z_test, y_test) == 0.75  # at 1.0 too it says a


def unequal_classes(n, seed):
    """Two classes, a quarter and three quarters, that a slanted line separates."""
    generator = np.random.default_rng(seed)
    y = (generator.random(n) < 0.75).astype(int)
    return generator.normal(size=(n, 2)) * 0.2 + y[:, None] * [1.5, 1.0] + [3.0, -7.0], y


def test_a_linear_probe_reads_what_a_line_separates_in_any_units():
    (Z_train, y_train), (Z_test, y_test) = unequal_classes(400, 0), unequal_classes(400, 1)
    assert probe_accuracy(Z_train, y_train, Z_test, y_test) > 0.98
    units = np.array([1e-4, 1e5])
    assert probe_accuracy(Z_train * units, y_train, Z_test * units, y_test) > 0.98


def test_a_linear_probe_does_not_read_an_exclusive_or_but_neighbours_do():
    Z = np.random.default_rng(0).uniform(-1, 1, size=(2000, 2))
    y = (Z[:, 0] * Z[:, 1] > 0).astype(int)
    given = Z[:1000], y[:1000], Z[1000:], y[1000:]
    assert probe_accuracy(*given) == pytest.approx(0.5, abs=0.1)
    assert knn_accuracy(*given) > 0.9


def test_the_silhouette_is_rousseeuws_by_hand():
    y = np.array([0, 0, 1, 1])
    expected = np.mean([1 - 1 / 11, 1 - 1 / 10, 1 - 2 / 9.5, 1 - 2 / 11.5])
    assert silhouette(column(0, 1, 10, 12), y) == pytest.approx(expected)
    assert silhouette(column(0, 1, 0, 1), y) < 0


def test_tsne_places_new_points_with_their_own_class():
    generator = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [60, 40, 20])
    centres = 10 * np.eye(5)[:3]
    Z_fit, Z = (centres[y] + generator.normal(size=(120, 5)) for _ in range(2))
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (it must not move)
    points = tsne(Z_fit, Z, perplexity=10, seed=0)
    assert points.shape == (120, 2)
    assert knn_accuracy(points, y, points, y) == 1
    assert silhouette(points, y) > 0.5
    np.testing.assert_array_equal(points, tsne(Z_fit, Z, perplexity=10, seed=0))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002 (the same)
