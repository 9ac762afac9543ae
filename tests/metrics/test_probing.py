"""Few units that name a class: chosen by hand, and never by the test codes."""

import numpy as np
import pytest

from harmonium.metrics.probing import best_units, sparse_probe_accuracy


def codes(n, seed):
    """Three classes; unit k + 1 is on for class k, half of the time; the others are noise or constant."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n)
    H = generator.exponential(size=(n, 8))
    H[:, 0] = 7.0
    for k in range(3):
        H[:, k + 1] = 5 * (y == k) * (generator.random(n) < 0.5)
    return H, np.array(["a", "b", "c"])[y]


def test_the_best_unit_is_the_one_whose_means_lie_furthest_apart_in_deviations():
    H = np.array([[0, 10.0, 1, 3], [0, -10, 1, 3], [1, 0, 0, 3], [2, 20, 0, 3]])
    is_member = np.array([True, True, False, False])
    distances = [1.5 / np.std([0, 0, 1, 2]), 10 / np.std([10, -10, 0, 20]), 1 / 0.5, 0]
    np.testing.assert_array_equal(best_units(H, is_member, 4), np.argsort(distances)[::-1])
    np.testing.assert_array_equal(best_units(H, is_member, 2), np.argsort(distances)[::-1][:2])
    np.testing.assert_array_equal(best_units(1000 * H, is_member, 2), best_units(H, is_member, 2))


def test_one_unit_a_class_names_what_it_is_on_for():
    (H, y), (H_test, y_test) = codes(3000, 0), codes(6000, 1)
    # on: right always; off: one of three classes, or of the two others, is named the same always
    assert sparse_probe_accuracy(H, y, H_test, y_test, 1) == pytest.approx(0.5 + 0.5 / 3, abs=0.02)


def test_units_are_chosen_and_weighed_on_the_training_codes_alone():
    (H, y), (H_test, y_test) = codes(3000, 0), codes(6000, 1)
    leaked = H_test.copy()
    leaked[:, 5] = y_test == "a"  # a unit that is noise in training
    assert sparse_probe_accuracy(H, y, leaked, y_test, 1) == sparse_probe_accuracy(H, y, H_test, y_test, 1)


def test_more_units_than_there_are_and_units_that_never_vary_serve():
    (H, y), (H_test, y_test) = codes(3000, 0), codes(6000, 1)
    assert sparse_probe_accuracy(H, y, H_test, y_test, 50) == pytest.approx(0.5 + 0.5 / 3, abs=0.02)
    silent = np.zeros((6000, 4))
    most_frequent = max("abc", key=lambda name: (y == name).sum())
    assert sparse_probe_accuracy(silent[:3000], y, silent, y_test, 2) == (y_test == most_frequent).mean()


def test_one_class_is_named_always():
    H, y = np.eye(4), np.array(["a"] * 4)
    assert sparse_probe_accuracy(H, y, H, np.array(["a", "a", "a", "b"]), 1) == 0.75
