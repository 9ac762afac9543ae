"""What the variational autoencoders add to the contract of every estimator."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA

import harmonium
from harmonium import VAE, ConditionalVAE
from harmonium.exceptions import DivergenceError, InvalidInputError, TooLargeError

SMALL = {"hidden_sizes": (16,), "likelihood": "gaussian", "scaling": "global", "random_state": 0}
CONVOLUTIONAL = {"architecture": "convolutional", "image_shape": (2, 3), "hidden_sizes": (4, 8)}


@pytest.fixture
def labelled():
    """Noise around one of three means that the label alone decides."""
    generator = np.random.default_rng(0)
    names = np.array(["bag", "coat", "dress"])
    y = names[generator.integers(0, 3, 900)]
    centres = {"bag": [0, 0, 9, 0], "coat": [5, 0, 0, 1], "dress": [0, -5, 0, 2]}
    return np.array([centres[name] for name in y]) + generator.normal(size=(900, 4)) * 0.5, y


def test_labels_that_decide_everything_are_used(labelled):
    X, y = labelled
    settings = SMALL | {"n_epochs": 60, "learning_rate": 3e-3}
    conditional, plain = ConditionalVAE(2, **settings).fit(X, y), VAE(2, **settings).fit(X)
    for name in np.unique(y):
        drawn = conditional.sample(300, y=name, random_state=0)
        assert np.all(np.abs(drawn.mean(0) - X[y == name].mean(0)) < 0.3), name
    assert conditional.history_[-1]["kl"] < 0.5 * plain.history_[-1]["kl"]
    assert conditional.elbo(X, y).mean() > plain.elbo(X).mean()
    # and an example's own label is found again where none is given
    np.testing.assert_array_equal(conditional.encode(X[:50])[0], conditional.encode(X[:50], y[:50])[0])


def test_the_bound_reaches_probabilistic_pca_on_linear_data(matrix):
    """The best linear-Gaussian model is known in closed form; a VAE that fits is near it, and never far above."""
    X = np.tile(matrix, (20, 1))
    vae = VAE(2, n_epochs=80, learning_rate=3e-3, **SMALL).fit(X)
    assert PCA(2).fit(X).score(X) == pytest.approx(vae.elbo(X, n_samples=20).mean(), abs=0.3)


def test_bounds_are_in_the_users_units(matrix):
    metres = VAE(2, n_epochs=2, **SMALL).fit(matrix)
    millimetres = VAE(2, n_epochs=2, **SMALL).fit(matrix * 1000)
    difference = metres.elbo(matrix) - millimetres.elbo(matrix * 1000)
    np.testing.assert_allclose(difference, 6 * np.log(1000), atol=1e-2)


def test_more_importance_samples_tighten_the_bound(matrix):
    vae = VAE(2, n_epochs=5, **SMALL).fit(matrix)
    assert vae.elbo(matrix, n_samples=50).mean() < vae.iwae(matrix, n_importance=5).mean()
    assert vae.iwae(matrix, n_importance=5).mean() < vae.iwae(matrix, n_importance=500).mean()
    assert vae.score(matrix) == pytest.approx(vae.iwae(matrix, n_importance=50).mean())


def test_encode_decode_reconstruct_agree(matrix):
    vae = VAE(3, n_epochs=2, **SMALL).fit(matrix)
    mean, sd = vae.encode(matrix)
    assert mean.shape == sd.shape == (300, 3)
    assert np.all(sd > 0)
    np.testing.assert_array_equal(vae.transform(matrix), mean)
    np.testing.assert_allclose(vae.decode(mean), vae.reconstruct(matrix))


def test_the_manifold_runs_over_the_priors_quantiles(labelled):
    X, y = labelled
    vae = ConditionalVAE(2, n_epochs=2, **SMALL).fit(X, y)
    grid = vae.manifold(5, y="coat")
    assert grid.shape == (25, 4)
    np.testing.assert_allclose(grid[12], vae.decode([[0.0, 0.0]], "coat")[0], atol=1e-9)  # the median is in the middle
    corner = vae.decode([[-2.0537, 2.0537]], "coat")[0]  # the 2% and 98% quantiles, upper left
    np.testing.assert_allclose(grid[0], corner, atol=1e-3)
    with pytest.raises(InvalidInputError, match=r"manifold needs n_latent=2; got 3"):
        VAE(3, n_epochs=1, **SMALL).fit(X).manifold()


def test_samples_can_carry_the_likelihoods_noise(matrix):
    vae = VAE(2, n_epochs=20, **SMALL).fit(matrix)
    assert np.all(vae.sample(2000, random_state=0).std(0) < vae.sample(2000, noise=True, random_state=0).std(0))
    np.testing.assert_array_equal(vae.sample(5, random_state=3), vae.sample(5, random_state=3))
    assert np.all(vae.sample(5) != vae.sample(5))  # None draws anew, as in scikit-learn


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"n_latent": 0}, "n_latent must be a positive integer; got 0"),
        ({"architecture": "cnn"}, "architecture must be one of 'mlp', 'convolutional'; got 'cnn'"),
        (
            {**CONVOLUTIONAL, "image_shape": None},
            r"needs images: X of shape .* or rows and image_shape=\(height, width\)",
        ),
        ({"image_shape": (6,)}, r"image_shape must be \(height, width\) or \(height, width, channels\); got \(6,\)"),
        ({**CONVOLUTIONAL, "image_shape": (2, 2)}, r"has 4 pixels; X has 6 features"),
        ({**CONVOLUTIONAL, "hidden_sizes": (4,)}, "of one or more numbers of channels and a width; got"),
        ({**CONVOLUTIONAL, "hidden_sizes": (4, 4, 8)}, "cannot be halved 2 times"),
        ({"hidden_sizes": ()}, "hidden_sizes must be one or more positive integers"),
        ({"hidden_sizes": (8, 0)}, "every one of hidden_sizes must be a positive integer; got 0"),
        ({"likelihood": "poisson"}, "likelihood must be one of"),
        ({"likelihood": "bernoulli"}, "likelihood='bernoulli' needs X in \\[0, 1\\] and so scaling='none'"),
        ({"likelihood": "bernoulli", "scaling": "none"}, r"needs X in \[0, 1\]; found values from -"),
        ({"beta": -1}, "beta must be a number of at least 0; got -1"),
        ({"n_warmup_epochs": -1}, "n_warmup_epochs must be a number of at least 0; got -1"),
    ],
)
def test_a_wrong_hyper_parameter_is_named_with_what_is_allowed(matrix, settings, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        VAE(**({"n_latent": 2} | SMALL | settings)).fit(matrix)


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
def test_convolutions_learn_the_shape_of_images(shape, tmp_path):
    images = np.random.default_rng(0).random((60, *shape))
    settings = {"architecture": "convolutional", "hidden_sizes": (4, 8), "n_epochs": 2, "random_state": 0}
    told = VAE(2, image_shape=shape, **settings).fit(images.reshape(60, -1))
    learned = VAE(2, **settings).fit(images)
    expected = told.reconstruct(images)
    np.testing.assert_array_equal(learned.reconstruct(images), expected)
    assert (learned.image_shape, learned.image_shape_) == (None, shape)
    learned.save(tmp_path)
    np.testing.assert_array_equal(harmonium.load(tmp_path).reconstruct(images.reshape(60, -1)), expected)
    np.testing.assert_array_equal(clone(learned).fit(images).reconstruct(images), expected)
    np.testing.assert_allclose(learned.interpolate(*images[:2], 2), expected[:2], rtol=1e-10)
    with pytest.raises(InvalidInputError, match=r"^X must hold images of shape .*, those of the model; got \(4, 5"):
        VAE(2, image_shape=shape, **settings).fit(images.swapaxes(1, 2))
    with pytest.raises(InvalidInputError, match="cannot be halved 3 times"):
        VAE(2, **(settings | {"hidden_sizes": (4, 4, 4, 8)})).fit(images)
    with pytest.raises(InvalidInputError, match="needs images: X of shape"):
        learned.fit(images.reshape(60, -1))


def test_colours_of_an_image_are_told_apart():
    """Plain images of one colour each: a network that took the channels for places would not make them plain."""
    colours = np.random.default_rng(0).random((300, 3))
    images = np.broadcast_to(colours[:, None, None], (300, 4, 4, 3)).copy()
    settings = {"architecture": "convolutional", "hidden_sizes": (8, 16), "likelihood": "gaussian", "beta": 0.01}
    vae = VAE(3, n_epochs=60, learning_rate=1e-2, random_state=0, **settings).fit(images)
    again = vae.reconstruct(images).reshape(images.shape)
    assert np.square(again - images).mean() < 0.1 * images.var(0).mean()
    assert again.var(axis=(1, 2)).mean() < 0.1 * images.var(0).mean()


def test_labels_have_their_own_sentences(labelled):
    X, y = labelled
    with pytest.raises(InvalidInputError, match="requires y to be passed"):
        ConditionalVAE(2, n_epochs=1, **SMALL).fit(X)
    with pytest.raises(InvalidInputError, match=r"one label a row of X, shape \(900,\); got \(899,\)"):
        ConditionalVAE(2, n_epochs=1, **SMALL).fit(X, y[1:])
    vae = ConditionalVAE(2, n_epochs=1, **SMALL).fit(X, y)
    with pytest.raises(InvalidInputError, match=r"y must be among bag, coat, dress; got .*'hat'"):
        vae.sample(3, y="hat")
    with pytest.raises(InvalidInputError, match="y must be labels among bag, coat, dress; got None"):
        vae.sample(3)
    with pytest.raises(InvalidInputError, match=r"z must be finite and of shape \(n_samples, 2\); got shape \(3, 4\)"):
        vae.decode(np.zeros((3, 4)), "bag")


def test_an_examples_class_does_not_depend_on_its_neighbours(labelled):
    X, y = labelled
    vae = ConditionalVAE(2, n_epochs=2, **SMALL).fit(X, y)
    np.testing.assert_allclose(vae.encode(X)[0][100:150], vae.encode(X[100:150])[0], atol=1e-9)


def test_a_calibrated_sigma_is_that_of_the_errors_after_a_few_steps(matrix):
    """15 steps: a long memory would still hold the errors of the untrained network."""
    settings = SMALL | {"likelihood": "calibrated-gaussian", "learning_rate": 1e-2}
    vae = VAE(2, n_epochs=5, batch_size=100, **settings).fit(matrix)
    drawn, found = vae.sample(4000, noise=True, random_state=0).var(0).sum(), matrix.var(0).sum()
    assert drawn < 2 * found


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (np.array(["a", None] * 150, dtype=object), "y has missing labels"),
        (np.array(["a", np.nan] * 150, dtype=object), "y has missing labels"),
        (np.array(["a", 1] * 150, dtype=object), "y must hold labels of one sort"),
    ],
)
def test_labels_that_are_missing_or_mixed_are_refused(matrix, labels, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        ConditionalVAE(2, n_epochs=1, **SMALL).fit(matrix, labels)


def test_sizes_that_do_not_fit_into_memory_are_one_sentence(matrix):
    with pytest.raises(TooLargeError, match=r"VAE of these sizes needs .* TB of memory or more; .* is available"):
        VAE(10**12, **SMALL).fit(matrix)


def test_a_loss_that_leaves_the_finite_numbers_is_divergence(matrix):
    with pytest.raises(DivergenceError, match="is no longer finite; a learning_rate below 1e"):
        VAE(2, n_epochs=3, **(SMALL | {"learning_rate": 1e9})).fit(matrix)
