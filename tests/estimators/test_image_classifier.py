"""The classifier that judges generated images."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

import harmonium
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.exceptions import InvalidInputError

SHAPE = (8, 6)
NAMES = np.array(["dress", "bag", "coat"])
CLASSIFIER = ImageClassifier(SHAPE, n_outputs=5, n_epochs=4, batch_size=50, random_state=0)


def planted(n, seed):
    """A bright row, whose height alone is the class, beside a bright column that means nothing; 60%, 30% and 10%."""
    generator = np.random.default_rng(seed)
    y = generator.choice(3, size=n, p=[0.6, 0.3, 0.1])
    X = generator.uniform(0, 0.4, size=(n, *SHAPE))
    X[np.arange(n), :, generator.integers(0, 6, n)] += 0.5
    X[np.arange(n), np.array([1, 3, 6])[y]] += 0.5
    return X.reshape(n, -1), NAMES[y]


@pytest.fixture(scope="module")
def fitted():
    return clone(CLASSIFIER).fit(*planted(600, 0))


def test_it_finds_a_planted_class_again_in_new_images(fitted):
    X, y = planted(400, 1)
    assert fitted.classes_.tolist() == ["bag", "coat", "dress"]
    indices = fitted.predict_indices(X)
    for name in NAMES:  # the rarest too
        assert (fitted.classes_[indices[y == name]] == name).mean() > 0.95, name
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[indices])
    assert fitted.score(X, y) == np.mean(fitted.classes_[indices] == y)
    assert fitted.history_[-1]["cross_entropy"] < 0.2 * fitted.history_[0]["cross_entropy"]


def test_one_channel_may_be_named(fitted):
    X, y = planted(600, 0)
    other = clone(CLASSIFIER).set_params(image_shape=(*SHAPE, 1)).fit(X.reshape(-1, *SHAPE, 1), y)
    np.testing.assert_array_equal(other.transform(X), fitted.transform(X))


def test_a_mirrored_image_is_judged_alike(fitted):
    X = np.random.default_rng(2).random((200, 48))
    mirrored = X.reshape(-1, *SHAPE)[:, :, ::-1].reshape(X.shape)
    assert len(set(fitted.predict_indices(X))) > 1
    np.testing.assert_array_equal(fitted.predict_indices(X), fitted.predict_indices(mirrored))


def test_an_image_is_judged_alone_or_in_company_alike(fitted):
    X, _ = planted(50, 3)
    alone = np.concatenate([fitted.transform(x[None]) for x in X])
    assert alone.shape == (50, 5)
    np.testing.assert_allclose(fitted.transform(X), alone, atol=1e-5)


def test_same_seed_same_bits_in_one_fit_or_in_parts_and_the_global_generator_is_left_alone(fitted):
    X, y = planted(600, 0)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    again = clone(CLASSIFIER)
    for _ in range(4):
        again.partial_fit(X, y)
    other = clone(CLASSIFIER).set_params(random_state=1, n_epochs=1).fit(X, y)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
    assert np.any(other.transform(X) != fitted.transform(X))


def test_saved_and_loaded_is_the_same(fitted, tmp_path):
    X, y = planted(100, 4)
    fitted.save(tmp_path)
    loaded = harmonium.load(tmp_path)
    assert loaded.get_params() == fitted.get_params()
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    np.testing.assert_array_equal(loaded.predict_indices(X), fitted.predict_indices(X))
    assert loaded.score(X, y) == fitted.score(X, y)


def test_looking_at_features_between_epochs_changes_nothing():
    X, y = planted(100, 0)
    watched, unwatched = clone(CLASSIFIER).partial_fit(X, y), clone(CLASSIFIER).partial_fit(X, y)
    watched.transform(X)
    expected = unwatched.partial_fit(X, y).transform(X)
    np.testing.assert_array_equal(watched.partial_fit(X, y).transform(X), expected)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"n_outputs": 0}, "n_outputs must be a positive integer; got 0"),
        ({"image_shape": (3, 16)}, r"image_shape must be at least 4 each way; got \(3, 16\)"),
        ({"image_shape": (3, 16, 1)}, r"image_shape must be at least 4 each way; got \(3, 16, 1\)"),
        (
            {"image_shape": (4, 4, 3)},
            r"image_shape must be \(height, width\), of images with one channel; got \(4, 4, 3\)",
        ),
        ({"image_shape": (48,)}, r"image_shape must be \(height, width\), of images with one channel; got \(48,\)"),
        ({"image_shape": (6, 6)}, r"image_shape \(6, 6\) has 36 pixels; X has 48 features"),
    ],
)
def test_a_wrong_hyper_parameter_is_named_with_what_is_allowed(settings, sentence):
    with pytest.raises(InvalidInputError, match=f"^{sentence}$"):
        clone(CLASSIFIER).set_params(**settings).fit(*planted(20, 0))


def test_labels_have_their_own_sentences(fitted):
    X, y = planted(20, 0)
    with pytest.raises(InvalidInputError, match=r"^ImageClassifier requires y to be passed, but the target y is None$"):
        clone(CLASSIFIER).fit(X)
    with pytest.raises(InvalidInputError, match=r"one label a row of X, shape \(20,\); got \(19,\)"):
        clone(CLASSIFIER).fit(X, y[1:])
    with pytest.raises(InvalidInputError, match="y contains NaN or infinity; every label must be a value"):
        clone(CLASSIFIER).fit(X, np.where(np.arange(20) == 3, np.nan, 1.0))
    with pytest.raises(InvalidInputError, match=r"y must be among bag, coat, dress; got .*'hat'"):
        fitted.score(X, np.where(np.arange(20) == 3, "hat", "bag"))
