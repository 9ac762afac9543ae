"""What a model can be conditioned on: classes, numbers and tables of both, and what is said of all else."""

import json

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import harmonium
from earlier_files import as_of_version_1
from harmonium import ConditionalVAE
from harmonium.estimators.conditions import MAX_CLASSES, ClassColumn, ContinuousColumn
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.exceptions import InvalidInputError

N = 300
SMALL = {"hidden_sizes": (8,), "likelihood": "gaussian", "scaling": "global", "random_state": 0}
generator = np.random.default_rng(0)
NAMES = np.array(["bag", "coat", "dress"])[generator.integers(0, 3, N)]
DOSE = generator.uniform(0, 10, N)
COUNT = generator.integers(0, 4, N)
ROWS = generator.normal(size=(N, 4)) + DOSE[:, None]


def table(*columns):
    """An array of objects, as a data frame without names."""
    return np.array(columns, dtype=object).T


def fit(y, **settings):
    return ConditionalVAE(2, **(SMALL | {"n_epochs": 1} | settings)).fit(ROWS, y)


def test_a_condition_is_scikit_learns_one_hot_vectors_beside_standardised_numbers():
    vae = fit(table(NAMES, DOSE, COUNT, COUNT > 1))
    expected = np.hstack(
        [
            OneHotEncoder(sparse_output=False).fit_transform(NAMES[:, None]),
            StandardScaler().fit_transform(DOSE[:, None]),
            OneHotEncoder(sparse_output=False).fit_transform(COUNT[:, None]),
            OneHotEncoder(sparse_output=False).fit_transform(COUNT[:, None] > 1),
        ]
    )
    found = vae._encoded_labels(table(NAMES, DOSE, COUNT, COUNT > 1), N)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert vae.module_.n_conditions == 10
    # of new rows by what was learned of the old ones
    one = vae._encoded_labels(["coat", DOSE.mean() + DOSE.std(), 3, False], 2)
    np.testing.assert_allclose(one, [[0, 1, 0, 1, 0, 0, 0, 1, 1, 0]] * 2, atol=1e-6)


@pytest.mark.parametrize(
    ("y", "kinds"),
    [
        (NAMES, [3]),
        (list(NAMES), [3]),
        (NAMES.astype(object), [3]),
        (COUNT, [4]),
        (COUNT.astype(float), [4]),  # scikit-learn's "multiclass"
        (COUNT > 1, [2]),
        (COUNT[:, None], [4]),
        (DOSE, ["number"]),
        (np.arange(N) * 1.0, ["number"]),  # whole, but too many for classes
        (np.column_stack([COUNT, DOSE]), [4, "number"]),  # NumPy has made floats of the integers
        (table(COUNT, DOSE), [4, "number"]),
        (table(COUNT.astype(float), COUNT), ["number", 4]),  # types of their own
        ([[name, dose] for name, dose in zip(NAMES, DOSE, strict=True)], [3, "number"]),
        (np.full(N, 0.1), ["number"]),
        (np.column_stack([COUNT, DOSE]).tolist(), [4, "number"]),  # a list as the array of its numbers
        (np.column_stack([COUNT, COUNT]).astype(float).tolist(), [4, 4]),
        ([(int(count), 2.0) for count in COUNT], [4, 1]),
        (DOSE.tolist(), ["number"]),
    ],
)
def test_the_type_of_a_column_says_whether_it_is_classes_or_a_number(y, kinds):
    vae = fit(y)
    assert [len(c.classes) if isinstance(c, ClassColumn) else "number" for c in vae.conditions_] == kinds
    assert hasattr(vae, "classes_") == (len(kinds) == 1 and kinds != ["number"])
    assert np.isfinite(vae.reconstruct(ROWS, y)).all()


def test_a_data_frame_has_named_columns_in_any_order():
    pandas = pytest.importorskip("pandas", reason="pandas is not a dependency")
    frame = pandas.DataFrame({"kind": NAMES, "dose": DOSE, "count": COUNT, "of": pandas.Categorical(COUNT / 2)})
    vae = fit(frame)
    assert [c.name for c in vae.conditions_] == ["kind", "dose", "count", "of"]
    assert [type(c) for c in vae.conditions_] == [ClassColumn, ContinuousColumn, ClassColumn, ClassColumn]
    expected = vae.transform(ROWS, frame)
    np.testing.assert_array_equal(vae.transform(ROWS, frame[["of", "count", "dose", "kind"]]), expected)
    np.testing.assert_array_equal(vae.transform(ROWS, frame.to_numpy(dtype=object)), expected)
    for row in (frame.iloc[7], frame.iloc[[7]], frame.iloc[7].tolist()):
        np.testing.assert_array_equal(
            vae.sample(3, y=row, random_state=0), vae.sample(3, y=frame.iloc[[7, 7, 7]], random_state=0)
        )
    row = frame.iloc[7]
    expected = vae.sample(3, y=row.tolist(), random_state=0)
    for named in (row[["of", "count", "dose", "kind"]], dict(row), dict(row[::-1])):
        np.testing.assert_array_equal(vae.sample(3, y=named, random_state=0), expected)
    with pytest.raises(InvalidInputError, match="y must have the columns kind, dose, count, of; got kind, dose"):
        vae.sample(3, y=frame[["kind", "dose"]])
    for other in (row.rename({"of": "from"}), dict(row.rename({"of": "from"}))):
        with pytest.raises(InvalidInputError, match=r"^y must have the columns kind, dose, count, of; got .*from$"):
            vae.sample(3, y=other)
    with pytest.raises(InvalidInputError, match="y must have one value a name where it is a mapping"):
        vae.sample(3, y=dict(frame))
    for dates in (pandas.date_range("2020", periods=N), pandas.Series(["2020-01-01"] * N, dtype="datetime64[ns]")):
        with pytest.raises(
            InvalidInputError, match=r"^column dose of y must hold names, numbers or .*: give numbers, su"
        ):
            fit(frame.assign(dose=dates))
    with pytest.raises(InvalidInputError, match="column count of y has missing labels"):
        fit(frame.assign(count=frame["count"].astype("Int64").where(frame["dose"] > 1)))
    with pytest.raises(InvalidInputError, match="must have different names; got kind, kind"):
        fit(frame[["kind", "kind"]])


@pytest.mark.filterwarnings("ignore:the posterior has collapsed")  # as it should: the number says all
def test_numbers_that_decide_everything_are_used():
    X = DOSE[:, None] * [1.0, -2.0, 0.5] + np.random.default_rng(1).normal(size=(N, 3)) * 0.2
    vae = ConditionalVAE(1, n_epochs=150, learning_rate=5e-3, batch_size=50, **SMALL).fit(X, DOSE)
    for dose in (2.0, 5.0, 8.0):
        np.testing.assert_allclose(
            vae.sample(300, y=dose, random_state=0).mean(0), dose * np.array([1, -2, 0.5]), atol=0.5
        )
    drawn = vae.sample(3, y=[2.0, 5.0, 8.0], random_state=0)
    assert drawn[0, 0] < drawn[1, 0] < drawn[2, 0]


def test_a_row_of_numbers_is_taken_by_its_names():
    """Of one type, so that nothing but the names says which is which."""
    pandas = pytest.importorskip("pandas", reason="pandas is not a dependency")
    frame = pandas.DataFrame({"height": DOSE, "weight": DOSE[::-1] * 30})
    vae = fit(frame)
    expected = vae.sample(3, y=frame.iloc[[5]], random_state=0)
    for row in (frame[["weight", "height"]].iloc[5], {"weight": DOSE[-6] * 30, "height": DOSE[5]}):
        np.testing.assert_array_equal(vae.sample(3, y=row, random_state=0), expected)
    one = fit(frame["height"])
    np.testing.assert_array_equal(
        one.sample(3, y={"height": 5.0}, random_state=0), one.sample(3, y=5.0, random_state=0)
    )


def test_as_many_rows_are_drawn_as_conditions_are_given():
    vae = fit(NAMES)
    three = ["dress", "coat", "bag"]
    np.testing.assert_array_equal(vae.sample(y=three, random_state=0), vae.sample(3, y=three, random_state=0))
    assert vae.sample(y="coat").shape == (1, 4)
    np.testing.assert_array_equal(vae.sample(3, y=["coat"], random_state=0), vae.sample(3, y="coat", random_state=0))
    np.testing.assert_array_equal(vae.transform(ROWS, ["coat"]), vae.transform(ROWS, ["coat"] * N))
    two = fit(table(NAMES, DOSE))
    assert two.sample(y=["coat", 1.0]).shape == (1, 4)
    assert two.sample(y=[["coat", 1.0], ["bag", 2.0]]).shape == (2, 4)
    for n_samples, y in ((4, three), (1, three), (2, []), (None, [])):
        with pytest.raises(InvalidInputError, match=r"^y must be one label, or "):
            vae.sample(n_samples, y=y)
    with pytest.raises(InvalidInputError, match="n_samples must be a positive integer; got 0"):
        vae.sample(0, y="coat")


@pytest.mark.parametrize("unit", [1e-8, 1e8, 1e100])
def test_numbers_of_any_size_are_standardised(unit):
    vae = fit(DOSE * unit)
    np.testing.assert_allclose(vae._encoded_labels(DOSE * unit, N), fit(DOSE)._encoded_labels(DOSE, N), rtol=1e-5)


def test_a_number_that_is_the_same_for_all_stays_a_number_near_itself():
    vae = fit(np.full(N, 0.3))
    assert (vae.conditions_[0].mean, vae.conditions_[0].scale) == (0.3, 1.0)


def test_one_row_stands_for_all_and_a_table_for_each():
    vae = fit(table(NAMES, DOSE))
    z = np.random.default_rng(2).normal(size=(3, 2))
    expected = vae.decode(z, table(["coat"] * 3, [2.5] * 3))
    for one in (["coat", 2.5], ("coat", 2.5), [["coat", 2.5]], np.array(["coat", 2.5])):  # the last is all strings
        np.testing.assert_array_equal(vae.decode(z, one), expected)
    apart = vae.decode(z, table(["coat", "bag", "coat"], [2.5, 2.5, 7.0]))
    np.testing.assert_array_equal(apart[0], expected[0])
    assert np.abs(apart[1:] - expected[1:]).max(1).min() > 0
    assert vae.manifold(3, y=["bag", 1.0]).shape == (9, 4)


@pytest.mark.parametrize("y", [NAMES, COUNT, COUNT > 1, COUNT.astype(float), DOSE, table(NAMES, DOSE, COUNT)])
def test_what_was_learned_of_the_labels_is_saved(y, tmp_path):
    vae = fit(y)
    vae.save(tmp_path)
    loaded = harmonium.load(tmp_path)
    np.testing.assert_array_equal(loaded.transform(ROWS, y), vae.transform(ROWS, y))
    for before, after in zip(vae.conditions_, loaded.conditions_, strict=True):
        np.testing.assert_equal(vars(after), vars(before))
    if hasattr(vae, "classes_"):
        assert loaded.classes_.dtype == vae.classes_.dtype


def test_a_model_saved_when_there_were_classes_alone_is_read(tmp_path):
    vae = fit(NAMES)
    vae.save(tmp_path)
    description = json.loads((tmp_path / "model.json").read_text())
    assert description["conditions"] == [{"name": "0", "classes": ["bag", "coat", "dress"]}]
    as_of_version_1(tmp_path, conditions=None, classes=["bag", "coat", "dress"])
    loaded = harmonium.load(tmp_path)
    assert loaded.classes_.tolist() == ["bag", "coat", "dress"]
    np.testing.assert_array_equal(loaded.transform(ROWS), vae.transform(ROWS))


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        (None, "ConditionalVAE requires y to be passed, but the target y is None"),
        (table(NAMES, DOSE)[1:], r"y must have one label a row of X, shape \(300, 2\); got \(299, 2\)"),
        (np.zeros((N, 2, 2)), r"y must have one label a row of X, shape \(300, 2\); got \(300, 2, 2\)"),
        ("coat", r"y must have one label a row of X, shape \(300,\); got \(\)"),
        (np.zeros((N, 0)), r"y must have one label a row of X, shape \(300, 0\); got \(300, 0\)"),
        (np.arange(N), f"y has 300 different numbers, and at most {MAX_CLASSES} are taken for classes: give them as"),
        (table(NAMES, np.arange(N)), "column 1 of y has 300 different numbers"),
        (np.column_stack([NAMES, DOSE]), "column 1 of y has 300 different numbers"),  # written as strings
        (np.where(DOSE > 9, np.nan, DOSE), "y contains NaN or infinity; every label must be a value"),
        (table(NAMES, np.where(DOSE > 9, np.inf, DOSE)), "column 1 of y contains NaN or infinity"),
        (table(NAMES, np.where(DOSE > 9, None, DOSE)), "column 1 of y has missing labels; every row must have one"),
        (
            table(DOSE, np.where(COUNT > 1, NAMES.astype(object), 7)),
            "column 1 of y must hold labels of one sort; got 7",
        ),
        (
            np.append(COUNT[1:].astype("U9"), np.nan),
            "y has missing labels; every row must have one, of another name than",
        ),
        ([*NAMES[1:], float("nan")], "y has missing labels; every row must have one"),
        ([*NAMES[1:], None], "y has missing labels; every row must have one"),
        ([*NAMES[1:], ""], "y has missing labels; every row must have one, of another name than ''"),
        (np.full(N, 2**63, np.uint64), r"y must hold whole numbers below 2\^63; got 9223372036854775808"),
        ([{}] * N, "y must hold names, numbers or booleans; got object values"),
        (np.arange(N).astype("S"), r"y must hold names, numbers or booleans; got \|S21 values; as names they can be"),
        (np.arange(N).astype("datetime64[D]"), "y must hold names, numbers or booleans; got datetime64"),
        (
            np.arange(N).astype("datetime64[D]").tolist(),
            "y must hold names, numbers or booleans; got date values: give num",
        ),
        (table(NAMES, np.arange(N).astype("m8[s]").tolist()), "column 1 of y must hold names, .* got timedelta values"),
        (DOSE * 1e200, "y must have a standard deviation that double precision can hold; got numbers from .* unit"),
        (DOSE * 1e-200, "y must have a standard deviation that double precision can hold; got numbers from .* unit"),
        (np.where(DOSE > 9, 1e300, DOSE), "y must have a standard deviation that double .* to 1e.300"),
        (table(NAMES, DOSE * 1e200), "column 1 of y must have a standard deviation"),
        ([[1], [1, 2], [3]] * 100, "y must hold names, numbers or booleans"),
    ],
)
def test_labels_that_cannot_be_learned_get_one_sentence(y, sentence):
    with pytest.raises(InvalidInputError, match=f"^{sentence}") as caught:
        fit(y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        (None, "a condition is needed: y must be rows of the columns 0, 1; got None"),
        (["hat", 1.0], "column 0 of y must be among bag, coat, dress; got .*'hat'"),
        (["bag", "much"], "column 1 of y must be a number; got .*'much'"),
        (["bag", 1e200], "column 1 of y must be near the numbers of the training set, of mean .*; got 1e.200"),
        ({"0": "bag", "2": 1.0}, "y must have the columns 0, 1; got 0, 2"),
        ({}, "y must have the columns 0, 1; got "),
        (["bag", np.nan], "column 1 of y has missing labels"),
        (np.array(["bag", np.inf], dtype=object), "column 1 of y contains NaN or infinity"),
        (["bag", None], "column 1 of y has missing labels"),
        (["bag", 1.0, 2.0], r"y must be one row of 2 columns \(0, 1\), or 4 of them; got shape \(3,\)"),
        ("bag", r"y must be one row of 2 columns \(0, 1\), or 4 of them; got shape \(\)"),
        ([["bag", 1.0]] * 3, r"y must be one row of 2 columns \(0, 1\), or 4 of them; got shape \(3, 2\)"),
    ],
)
def test_a_row_that_does_not_fit_the_model_gets_one_sentence(y, sentence):
    with pytest.raises(InvalidInputError, match=f"^{sentence}") as caught:
        fit(table(NAMES, DOSE)).sample(4, y=y)
    assert "\n" not in str(caught.value)


def test_without_labels_examples_are_encoded_under_classes_alone():
    assert fit(NAMES).transform(ROWS).shape == (N, 2)
    for y, wanted in ((DOSE, "numbers"), (table(NAMES, DOSE), "rows of the columns 0, 1")):
        with pytest.raises(InvalidInputError, match=f"^a condition is needed: y must be {wanted}; got None$"):
            fit(y).transform(ROWS)


def test_a_number_of_another_sort_names_the_same_class():
    vae = fit(COUNT)
    expected = vae.sample(2, y=3, random_state=0)
    for same in (3.0, "3", np.int8(3), np.array([3.0, 3.0])):
        np.testing.assert_array_equal(vae.sample(2, y=same, random_state=0), expected)
    names = fit(COUNT.astype(str))
    np.testing.assert_array_equal(names.sample(2, y=3, random_state=0), names.sample(2, y="3", random_state=0))
    with pytest.raises(InvalidInputError, match=r"y must be among 0, 1, 2, 3; got .*2\.5"):
        vae.sample(2, y=2.5)


def test_another_fit_forgets_the_labels_of_the_one_before():
    vae = fit(NAMES)
    vae.fit(ROWS, DOSE)
    assert not hasattr(vae, "classes_")
    assert [type(c) for c in vae.conditions_] == [ContinuousColumn]
    first = vae.conditions_
    vae.partial_fit(ROWS, DOSE + 100)
    assert vae.conditions_ == first


def test_a_classifier_learns_classes_alone():
    with pytest.raises(InvalidInputError, match="a classifier learns from one column of classes"):
        ImageClassifier((4, 4), n_epochs=1).fit(np.zeros((N, 16)), DOSE)


@pytest.mark.filterwarnings("ignore:the posterior has collapsed")
def test_names_of_more_than_a_thousand_classes_are_identifiers():
    rows, names = np.zeros((1001, 2)), np.array([f"customer {k}" for k in range(1001)])
    with pytest.raises(InvalidInputError, match=r"^y has 1001 different names, and at most 1000 are taken for classes"):
        ConditionalVAE(1, n_epochs=1).fit(rows, names)
    with pytest.raises(InvalidInputError, match=r"^y must be among customer 1, .*, customer 115 and more; got 'x'$"):
        ConditionalVAE(1, hidden_sizes=(2,), n_epochs=1).fit(rows[1:], names[1:].astype(object)).sample(1, y="x")
