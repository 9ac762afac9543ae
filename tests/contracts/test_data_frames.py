"""What a data frame may hold, and how one that is wrong is answered: with the name of the column."""

import numpy as np
import pytest
from sklearn.base import clone

from harmonium import VAE, BernoulliRBM, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.exceptions import InvalidInputError

pandas = pytest.importorskip("pandas", reason="pandas is not a dependency")

N = 60
X = np.random.default_rng(0).random((N, 3))
FRAME = pandas.DataFrame(X, columns=list("abc"))
ESTIMATORS = [
    GaussianBernoulliRBM(2, n_epochs=1, random_state=0),
    BernoulliRBM(2, n_epochs=1, random_state=0),
    VAE(2, n_epochs=1, hidden_sizes=(4,), random_state=0),
    SparseAutoencoder(n_epochs=1, random_state=0),
]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
WRONG = {
    "category": pandas.Categorical(["u", "v"] * (N // 2)),
    "datetime64": pandas.date_range("2020", periods=N),
    "timedelta64": pandas.to_timedelta(range(N)),
    "object": [[1]] * N,
    "complex128": [1j] * N,
}
RIGHT = {
    "bool": [True, False] * (N // 2),
    "Int64": pandas.array([0, 1] * (N // 2), dtype="Int64"),
    "Float32": pandas.array([0.0, 0.5] * (N // 2), dtype="Float32"),
    "text of numbers": ["0.5"] * N,
}


@every_estimator
@pytest.mark.parametrize("kind", WRONG)
def test_a_column_that_holds_no_numbers_is_named_with_its_type(estimator, kind):
    fitted = clone(estimator).fit(FRAME)
    for call in (fitted.transform, fitted.partial_fit, clone(estimator).fit):
        with pytest.raises(InvalidInputError, match=rf"every column of X must hold numbers.*; column 'b' .* {kind}"):
            call(FRAME.assign(b=WRONG[kind]))


@every_estimator
def test_the_column_of_a_missing_number_is_named(estimator):
    nullable = [pandas.array([1, None] * (N // 2), dtype=kind) for kind in ("boolean", "Int64", "Float64")]
    for missing in (*nullable, [0.5, np.nan] * (N // 2)):
        with pytest.raises(InvalidInputError, match=r"X contains NaN at row 1, column 1 \('b'\)"):
            clone(estimator).fit(FRAME.assign(b=missing))


@every_estimator
@pytest.mark.parametrize("kind", RIGHT)
def test_a_column_of_numbers_is_taken_whatever_its_type(estimator, kind):
    frame = FRAME.assign(b=RIGHT[kind])
    same = np.column_stack([X[:, 0], np.asarray(RIGHT[kind], dtype=float), X[:, 2]])
    np.testing.assert_array_equal(
        clone(estimator).fit(frame).transform(frame), clone(estimator).fit(same).transform(same)
    )


@every_estimator
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda frame: frame[["b", "a", "c"]], "Their order is another: column 0 must be 'a'; got 'b'."),
        (lambda frame: frame.rename(columns={"a": "z"}), "Unknown are 'z'. Missing are 'a'."),
        (lambda frame: frame[["a", "b"]], "Missing are 'c'."),
        (lambda frame: frame.assign(d=0, e=0), "Unknown are 'd', 'e'."),
    ],
)
def test_columns_of_other_names_are_named(estimator, change, sentence):
    with pytest.raises(InvalidInputError) as caught:
        clone(estimator).fit(FRAME).transform(change(FRAME))
    assert str(caught.value) == f"The feature names should match those that were passed during fit. {sentence}"


@every_estimator
def test_masked_values_and_times_are_no_numbers(estimator):
    for wrong, sentence in (
        (np.ma.masked_array(X, mask=X > 0.5), "X must be without masked values; got a masked array"),
        (np.full((5, 3), "2020-01-01", dtype="datetime64[D]"), r"X must hold numbers; got type datetime64\[D\]"),
    ):
        for call in (clone(estimator).fit(FRAME.to_numpy()).transform, clone(estimator).fit):
            with pytest.raises(InvalidInputError, match=sentence):
                call(wrong)
