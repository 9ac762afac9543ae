import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.data.splits import hold_out, strata
from harmonium.exceptions import InvalidInputError

UNEQUAL = np.repeat(["bag", "coat", "dress"], [120, 60, 20])


@given(n_samples=st.integers(10, 200), fraction=st.floats(0.01, 0.9), seed=st.integers(0, 2**63))
def test_every_row_is_in_one_of_the_parts_in_its_order(n_samples, fraction, seed):
    kept, held = hold_out(n_samples, fraction, None, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held])), np.arange(n_samples))
    assert np.all(np.diff(kept) > 0)
    assert np.all(np.diff(held) > 0)
    assert len(held) == np.ceil(fraction * n_samples)


def test_both_parts_hold_the_classes_in_the_same_proportions():
    kept, held = hold_out(200, 0.25, np.random.default_rng(0).permutation(UNEQUAL), 0)
    shuffled = np.random.default_rng(0).permutation(UNEQUAL)
    assert np.unique(shuffled[held], return_counts=True)[1].tolist() == [30, 15, 5]
    assert np.unique(shuffled[kept], return_counts=True)[1].tolist() == [90, 45, 15]


@pytest.mark.parametrize("labels", [None, UNEQUAL])
def test_the_rows_are_the_seeds(labels):
    drawn = [hold_out(200, 0.25, labels, seed)[1].tolist() for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] != list(range(50))


@pytest.mark.parametrize(
    ("n_samples", "fraction", "labels", "sentence"),
    [
        (1, 0.5, None, "a fraction of 0.5 of 1 rows cannot be held back: .*n_samples=1"),
        (3, 0.9, None, "a fraction of 0.9 of 3 rows cannot be held back: .* train set will be empty"),
        (5, 0.4, np.array([0, 0, 1, 1, 2]), "a fraction of 0.4 of 5 rows cannot be held back: .* only 1 member"),
        (200, 0.01, UNEQUAL, "a fraction of 0.01 of 200 rows cannot be held back: .* number of classes = 3"),
        (200, 0.25, UNEQUAL[1:], "a fraction of 0.25 of 200 rows cannot be held back: .*200, 199"),
    ],
)
def test_parts_that_cannot_be_made_are_one_sentence(n_samples, fraction, labels, sentence):
    with pytest.raises(InvalidInputError, match=f"^{sentence}"):
        hold_out(n_samples, fraction, labels, 0)


@pytest.mark.parametrize(
    "labels",
    [
        UNEQUAL,
        UNEQUAL[:, None],
        UNEQUAL.astype(object),
        UNEQUAL == "bag",
        np.unique(UNEQUAL, return_inverse=True)[1],
        10**9 + np.unique(UNEQUAL, return_inverse=True)[1],
        np.unique(UNEQUAL, return_inverse=True)[1] / 1.0,
        np.zeros(200),
    ],
)
def test_classes_are_strata(labels):
    found = np.unique(strata(labels, 40), return_inverse=True)[1]
    np.testing.assert_array_equal(found, np.unique(labels, return_inverse=True)[1].ravel())


@pytest.mark.parametrize(
    "labels",
    [
        None,
        np.arange(200),
        np.arange(200) // 2,  # more classes than rows held back
        np.append(UNEQUAL[1:], "hat"),
        np.linspace(0, 1, 200),
        np.where(np.arange(200) == 3, np.nan, 1.0),
        np.where(np.arange(200) == 3, np.inf, 1.0),
        np.where(np.arange(200) == 3, None, UNEQUAL.astype(object)),
        np.where(np.arange(200) == 3, np.nan, UNEQUAL.astype(object)),
        np.where(np.arange(200) == 3, 7, UNEQUAL.astype(object)),
        np.array([{}, []] * 100, dtype=object),
        np.zeros((200, 2)),
        np.zeros(200, complex),
        np.array(3),
        np.zeros(0),
    ],
)
def test_what_is_no_column_of_classes_that_both_parts_can_hold_gives_no_strata(labels):
    assert strata(labels, 40) is None
