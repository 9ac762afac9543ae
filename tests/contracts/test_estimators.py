"""What every estimator promises, whatever its model."""

import itertools
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import harmonium
from earlier_files import as_of_version_1
from harmonium import VAE, BernoulliRBM, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.data.batches import Batches
from harmonium.exceptions import DamagedFileError, DivergenceError, HarmoniumError, InvalidInputError

HELD_BACK = {"validation_fraction": 0.2, "patience": 2}
SMALL = [
    GaussianBernoulliRBM(3, n_epochs=3, random_state=0),
    GaussianBernoulliRBM(3, n_epochs=3, random_state=0, objective="pcd", negative_phase="sampled", optimizer="sgd"),
    GaussianBernoulliRBM(3, n_epochs=3, random_state=0, objective="likelihood", scaling="feature"),
    GaussianBernoulliRBM(3, n_epochs=3, random_state=0, sigma=2.0, negative_phase="mean-field", scaling="none"),
    GaussianBernoulliRBM(3, n_epochs=3, random_state=0, **HELD_BACK),
    GaussianBernoulliRBM(3, n_epochs=3, random_state=0, initialisation="principal-component-codes"),
    BernoulliRBM(3, n_epochs=3, random_state=0, scaling="unit-interval"),
    VAE(3, n_epochs=3, random_state=0, hidden_sizes=(8,), likelihood="gaussian", scaling="global"),
    VAE(
        3,
        n_epochs=3,
        random_state=0,
        hidden_sizes=(8,),
        likelihood="gaussian",
        scaling="global",
        learning_rate_schedule="cosine",
        **HELD_BACK,
    ),
    ConditionalVAE(
        3,
        n_epochs=3,
        random_state=0,
        hidden_sizes=(8,),
        likelihood="calibrated-gaussian",
        scaling="feature",
        n_warmup_epochs=2,
    ),
    SparseAutoencoder(0.5, n_epochs=3, random_state=0, l1=0.01, n_active=2, n_warmup_epochs=2),
    SparseAutoencoder(0.5, n_epochs=3, random_state=0, l1=0.01, **HELD_BACK),
    SparseAutoencoder(0.5, encoder="unrolled", n_epochs=3, random_state=0, l1=0.01, **HELD_BACK),
    SparseAutoencoder(0.5, n_epochs=3, random_state=0, l1=0.01, n_active=2, n_active_of="batch"),
]


def identify(estimator):
    changed = {k: v for k, v in estimator.get_params().items() if v != type(estimator)().get_params()[k]}
    return f"{type(estimator).__name__}({', '.join(map(str, changed.values()))})"


# for the models that are conditioned on them; the others ignore them
LABELS = np.array(["a", "b", "c"])[np.arange(300) % 3]

MACHINERY = {
    *("initialise", "adopt", "callbacks", "batches", "check_data", "check_parameters", "restore", "encoded_labels")
}

every_estimator = pytest.mark.parametrize("estimator", SMALL, ids=identify)


# a weighted row is drawn more often, a repeated one has a noise of its own: the same in distribution, not in bits
SHUFFLED = "check_sample_weight_equivalence_on_dense_data"


@parametrize_with_checks(SMALL, expected_failed_checks=lambda estimator: {SHUFFLED: "batches are drawn at random"})
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@every_estimator
def test_tab_completion_shows_no_machinery(estimator):
    assert not MACHINERY & set(dir(estimator))


@every_estimator
def test_same_seed_same_bits(estimator, matrix):
    a, b = (clone(estimator).fit(matrix, LABELS) for _ in range(2))
    other = clone(estimator).set_params(random_state=1).fit(matrix, LABELS)
    np.testing.assert_array_equal(a.transform(matrix), b.transform(matrix))
    assert np.any(a.transform(matrix) != other.transform(matrix))


@every_estimator
def test_partial_fits_equal_one_fit_bit_for_bit(estimator, matrix):
    whole, parts = clone(estimator).fit(matrix, LABELS), clone(estimator)
    for _ in range(estimator.n_epochs):
        parts.partial_fit(matrix, LABELS)
    np.testing.assert_array_equal(whole.transform(matrix), parts.transform(matrix))
    for part, row in zip(parts.history_, whole.history_, strict=True):
        assert part | {"seconds": 0} == row | {"seconds": 0}


@every_estimator
def test_saved_and_loaded_is_the_same_and_can_go_on(estimator, matrix, tmp_path):
    fitted = clone(estimator).fit(matrix, LABELS)
    fitted.save(tmp_path / "model")
    loaded = harmonium.load(tmp_path / "model")
    assert type(loaded) is type(fitted)
    assert loaded.get_params() == fitted.get_params()
    np.testing.assert_array_equal(loaded.transform(matrix), fitted.transform(matrix))
    np.testing.assert_array_equal(loaded.reconstruct(matrix), fitted.reconstruct(matrix))
    before = loaded.transform(matrix)
    loaded.partial_fit(matrix, LABELS)
    assert np.any(loaded.transform(matrix) != before)
    assert loaded.history_[-1]["epoch"] == 4


class OfTheUsersOwn(VAE):
    """A class that no family declares."""


def test_a_class_of_the_users_own_is_loaded_where_it_is_defined(matrix, tmp_path):
    fitted = OfTheUsersOwn(2, n_epochs=1, hidden_sizes=(4,), likelihood="gaussian", random_state=0).fit(matrix)
    fitted.save(tmp_path)
    loaded = harmonium.load(tmp_path)
    assert type(loaded) is OfTheUsersOwn
    np.testing.assert_array_equal(loaded.transform(matrix), fitted.transform(matrix))
    as_of_version_1(tmp_path, estimator="OfAnother")
    with pytest.raises(DamagedFileError, match="names the estimator 'OfAnother', which is not known here"):
        harmonium.load(tmp_path)


@every_estimator
def test_pickle_keeps_the_fitted_estimator(estimator, matrix):
    fitted = clone(estimator).fit(matrix, LABELS)
    copied = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copied.transform(matrix), fitted.transform(matrix))
    copied.partial_fit(matrix, LABELS)


@every_estimator
def test_feature_names_survive_a_save(estimator, matrix, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not a dependency")
    frame = pandas.DataFrame(matrix, columns=list("abcdef"))
    clone(estimator).fit(frame, LABELS).save(tmp_path)
    assert list(harmonium.load(tmp_path).feature_names_in_) == list("abcdef")


@every_estimator
def test_works_in_a_pipeline_and_names_its_outputs(estimator, matrix):
    pipeline = make_pipeline(StandardScaler(), clone(estimator)).fit(matrix, LABELS)
    assert pipeline.transform(matrix).shape == (300, 3)
    prefix = type(estimator).__name__.lower()
    assert list(pipeline[-1].get_feature_names_out()) == [f"{prefix}{k}" for k in range(3)]


@every_estimator
def test_the_users_array_is_never_written_to(estimator, matrix):
    for dtype in (np.float32, np.float64):
        X = matrix.astype(dtype)
        before = X.copy()
        X.flags.writeable = False
        clone(estimator).fit(X, LABELS).reconstruct(X)
        np.testing.assert_array_equal(X, before)


@every_estimator
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda X: X[0], "X must have two dimensions"),
        (lambda X: X.reshape(300, 1, 1, 3, 2), "X must have two dimensions"),
        (lambda X: X[:0], "0 sample"),
        (lambda X: X[:, :0], "0 feature"),
        (lambda X: np.where(np.arange(6) == 2, np.nan, X), "X contains NaN at row 0, column 2"),
        (lambda X: np.where(np.arange(300)[:, None] == 7, -np.inf, X), "X contains infinity at row 7, column 0"),
        (lambda X: X * 1e300, "must be finite and below"),
        (lambda X: np.full_like(X, "a", dtype=object), "could not convert string to float: 'a'"),
        (lambda X: X + 1j, "Complex data not supported"),
        (lambda X: [[1.0, 2.0], [3.0]], "rows are of one length"),
    ],
)
def test_bad_data_get_one_sentence(estimator, matrix, spoil, sentence):
    fitted = clone(estimator).fit(matrix, LABELS)
    for call in (lambda X: clone(estimator).fit(X, LABELS), fitted.transform, fitted.reconstruct):
        with pytest.raises(InvalidInputError) as caught:
            call(spoil(matrix))
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)


@every_estimator
@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3)])
def test_images_are_the_rows_of_their_pixels(estimator, matrix, shape, tmp_path):
    images, of_rows = matrix.reshape(300, *shape), clone(estimator).fit(matrix, LABELS)
    fitted = clone(estimator).fit(images, LABELS)
    for given in (images, images.tolist(), np.asfortranarray(images), matrix):
        np.testing.assert_array_equal(fitted.transform(given), of_rows.transform(matrix))
    np.testing.assert_array_equal(of_rows.reconstruct(images), of_rows.reconstruct(matrix))
    assert fitted.reconstruct(images).shape == (300, 6)
    fitted.save(tmp_path)
    for model in (fitted, harmonium.load(tmp_path), pickle.loads(pickle.dumps(fitted))):
        assert model.image_shape_ == shape
        with pytest.raises(
            InvalidInputError, match=r"^X must hold images of shape \(.*2, 3\), those of the model; got \(3, 2\)$"
        ):
            model.transform(matrix.reshape(300, 3, 2))
        with pytest.raises(InvalidInputError, match=r"X has 4 features, but \w+ is expecting 6 features"):
            model.transform(matrix[:, :4].reshape(300, 2, 2))
        model.partial_fit(images, LABELS)
    assert not hasattr(of_rows, "image_shape_")
    assert not hasattr(fitted.fit(matrix, LABELS), "image_shape_")
    assert fitted.fit(matrix.reshape(300, 2, 3, 1), LABELS).image_shape_ == (2, 3)  # one channel is none


@every_estimator
def test_another_number_of_features_is_refused(estimator, matrix):
    with pytest.raises(InvalidInputError, match=r"X has 5 features, but \w+ is expecting 6 features"):
        clone(estimator).fit(matrix, LABELS).transform(matrix[:, :5])


@every_estimator
@pytest.mark.parametrize(
    ("parameter", "value", "sentence"),
    [
        ("learning_rate", 0, "learning_rate must be a positive number; got 0"),
        ("learning_rate", np.nan, "learning_rate must be a positive number; got nan"),
        ("batch_size", 0, "batch_size must be a positive integer; got 0"),
        ("n_epochs", 1.5, "n_epochs must be a positive integer; got 1.5"),
        ("optimizer", "adamw", "optimizer must be one of 'adam', 'sgd'; got 'adamw'"),
        ("momentum", 1.0, r"momentum must be a number in \[0, 1\); got 1.0"),
        ("scaling", None, "scaling must be one of .*'none'.*; got None"),
        ("random_state", -1, "random_state must be a non-negative integer, a NumPy generator or None; got -1"),
    ],
)
def test_a_wrong_hyper_parameter_is_named_with_what_is_allowed(estimator, matrix, parameter, value, sentence):
    with pytest.raises(InvalidInputError, match=f"^{sentence}$"):
        clone(estimator).set_params(**{parameter: value}).fit(matrix, LABELS)


def answers(fitted, X):
    """What a fitted estimator says of X, and of its training."""
    return fitted.transform(X), fitted.reconstruct(X), [row["epoch"] for row in fitted.history_]


@every_estimator
def test_bad_data_leave_the_estimator_as_it_was(estimator, matrix):
    fitted = clone(estimator).fit(matrix, LABELS)
    before = answers(fitted, matrix)
    for train in (fitted.fit, fitted.partial_fit):
        for spoilt in (np.full((300, 6), np.nan), np.full((300, 4), np.nan), matrix[:0]):
            with pytest.raises(InvalidInputError):
                train(spoilt, LABELS)
            np.testing.assert_equal(answers(fitted, matrix), before)
    # nor does what comes after them notice
    unspoilt = clone(estimator).fit(matrix, LABELS).partial_fit(matrix, LABELS)
    np.testing.assert_equal(answers(fitted.partial_fit(matrix, LABELS), matrix), answers(unspoilt, matrix))


@every_estimator
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_diverging_call_leaves_the_estimator_as_it_was(estimator, matrix, method):
    # unpickled, it has no optimiser, and so partial_fit takes the wild rate as fit does
    fitted = pickle.loads(pickle.dumps(clone(estimator).fit(matrix, LABELS)))
    fitted.set_params(learning_rate=1e38, optimizer="sgd", momentum=0.999)
    with pytest.raises(DivergenceError):
        for _ in range(20):  # some calls may do their one epoch; the one that does not leaves what they made
            before = answers(fitted, matrix)
            getattr(fitted, method)(matrix, LABELS)
    np.testing.assert_equal(answers(fitted, matrix), before)
    assert all(np.isfinite(values).all() for values in before)


def interrupted(batches, generator, epoch=Batches.epoch):
    yield from itertools.islice(epoch(batches, generator), 2)
    raise KeyboardInterrupt


@every_estimator
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_an_interrupted_call_leaves_no_trace(estimator, matrix, method, monkeypatch):
    """Not in what the estimator says, nor in what it learns next: optimiser and generators are as before too."""
    fitted, other = (clone(estimator).fit(matrix, LABELS) for _ in range(2))
    before = answers(fitted, matrix)
    with monkeypatch.context() as patched:
        patched.setattr(Batches, "epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            getattr(fitted, method)(matrix, LABELS)
    np.testing.assert_equal(answers(fitted, matrix), before)
    for one in (fitted, other):
        one.partial_fit(matrix, LABELS)
    np.testing.assert_equal(answers(fitted, matrix), answers(other, matrix))


@every_estimator
def test_a_diverging_rate_is_said_and_leaves_the_estimator_unfitted(estimator, matrix):
    wild = clone(estimator).set_params(learning_rate=1e38, optimizer="sgd", momentum=0.999, n_epochs=20)
    if hasattr(wild, "sigma_bounds"):
        wild.set_params(sigma_bounds=(1e-3, 1e3))
    what = r"(\S+ is no longer finite|the loss a value of the training rows has grown from \S+ to \S+)"
    with pytest.raises(DivergenceError, match=rf"^training diverged in epoch \d+: {what}; a learning_rate below"):
        wild.fit(matrix, LABELS)
    with pytest.raises(Exception, match="not fitted"):
        wild.transform(matrix)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "cut", "garbage", "empty"])
def test_a_damaged_save_is_one_sentence(matrix, tmp_path, name, damage):
    clone(SMALL[0]).fit(matrix, LABELS).save(tmp_path)
    path = tmp_path / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"cut": content[: len(content) // 2], "garbage": b"\xff" * 100, "empty": b""}[damage])
    expected = InvalidInputError if damage == "missing" else DamagedFileError
    with pytest.raises(expected) as caught:
        harmonium.load(tmp_path)
    assert isinstance(caught.value, HarmoniumError)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_of_another_machine_are_refused(matrix, tmp_path):
    for n_hidden, folder in ((3, "a"), (4, "b")):
        GaussianBernoulliRBM(n_hidden, n_epochs=1).fit(matrix).save(tmp_path / folder)
    (tmp_path / "a" / "model.safetensors").write_bytes((tmp_path / "b" / "model.safetensors").read_bytes())
    with pytest.raises(DamagedFileError, match=r"a model\.safetensors and a model\.json of two models"):
        harmonium.load(tmp_path / "a")
