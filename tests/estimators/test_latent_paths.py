"""Rows along lines through the latent space: their ends are the examples, and a linear decoder makes lines of them."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from harmonium import VAE, ConditionalVAE
from harmonium.exceptions import InvalidInputError

SMALL = {"hidden_sizes": (8,), "likelihood": "gaussian", "scaling": "feature", "random_state": 0, "n_epochs": 2}
LABELS = np.array(["bag", "coat"])[np.arange(300) % 2]


@pytest.fixture
def plain(matrix):
    return VAE(3, **SMALL).fit(matrix)


@pytest.fixture
def linear(plain):
    """A VAE whose mean of x is W z + b in the module's units."""
    plain.module_.decoder = nn.Linear(3, 6)
    return plain


def in_users_units(vae, z):
    decoder, scaling = vae.module_.decoder, vae.scaling_
    weight, bias = (part.detach().double().numpy() for part in (decoder.weight, decoder.bias))
    return (z @ weight.T + bias) * scaling.scale + scaling.mean


def test_a_path_between_two_examples_ends_in_their_reconstructions(plain, matrix):
    path = plain.interpolate(matrix[3], matrix[8], 7)
    assert path.shape == (7, 6)
    np.testing.assert_allclose(path[[0, -1]], plain.reconstruct(matrix[[3, 8]]), rtol=1e-12)
    np.testing.assert_allclose(plain.interpolate(matrix[8], matrix[3], 7), path[::-1], rtol=1e-12)
    assert np.ptp(path, axis=0).min() > 0
    np.testing.assert_allclose(plain.interpolate(matrix[[3]], matrix[3].tolist(), 2)[0], path[0])  # of any type


def test_a_linear_decoder_goes_in_equal_steps(linear, matrix):
    path = linear.interpolate(matrix[3], matrix[8], 5)
    ends = in_users_units(linear, linear.transform(matrix[[3, 8]]))
    np.testing.assert_allclose(path, np.linspace(*ends, 5), rtol=1e-10)


def test_all_of_a_path_is_under_one_condition(matrix):
    vae = ConditionalVAE(2, **SMALL).fit(matrix, LABELS)
    path = vae.interpolate(matrix[3], matrix[8], 4, y="coat")
    np.testing.assert_allclose(path[[0, -1]], vae.reconstruct(matrix[[3, 8]], ["coat", "coat"]), rtol=1e-12)
    z = vae.transform(matrix[[3]], "bag")[0]
    np.testing.assert_allclose(vae.traverse(z, 0, [z[0]], y="bag"), vae.reconstruct(matrix[[3]], "bag"), rtol=1e-12)
    for call in (lambda: vae.interpolate(matrix[3], matrix[8], 4), lambda: vae.traverse(z, 0, [0.0])):
        with pytest.raises(InvalidInputError, match="a condition is needed: y must be labels among bag, coat"):
            call()


def test_a_traversal_moves_one_coordinate_and_leaves_the_others(linear):
    z, values = np.array([0.3, -1.0, 2.0]), [-2.0, 0.0, 2.5]
    expected = np.array([[0.3, value, 2.0] for value in values])
    np.testing.assert_allclose(linear.traverse(z, 1, values), in_users_units(linear, expected), rtol=1e-10)
    assert z.tolist() == [0.3, -1.0, 2.0]  # the caller's own stays


def test_inverse_transform_is_decode_and_works_in_a_pipeline(matrix):
    pipeline = make_pipeline(StandardScaler(), VAE(3, **SMALL)).fit(matrix)
    vae, Z = pipeline[-1], pipeline.transform(matrix)
    np.testing.assert_array_equal(vae.inverse_transform(Z), vae.decode(Z))
    expected = pipeline[0].inverse_transform(vae.reconstruct(pipeline[0].transform(matrix)))
    np.testing.assert_allclose(pipeline.inverse_transform(Z), expected, rtol=1e-10)
    vae = ConditionalVAE(3, **SMALL).fit(matrix, LABELS)
    np.testing.assert_array_equal(vae.inverse_transform(Z, LABELS), vae.decode(Z, LABELS))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda vae, x: vae.interpolate(x, x, 1), "n must be 2 or more, for both ends; got 1"),
        (lambda vae, x: vae.interpolate(x, x, 2.0), "n must be a positive integer; got 2.0"),
        (lambda vae, x: vae.interpolate(x, x[:4], 3), "X has 4 features, but VAE is expecting 6"),
        (lambda vae, x: vae.interpolate(x, x * np.nan, 3), "X contains NaN"),
        (lambda vae, x: vae.traverse([0, 0, 0], 3, [0.0]), "dimension must be an integer from 0 to 2; got 3"),
        (lambda vae, x: vae.traverse([0, 0, 0], -1, [0.0]), "dimension must be an integer from 0 to 2; got -1"),
        (lambda vae, x: vae.traverse([0, 0], 1, [0.0]), r"z must be finite and of shape \(n_samples, 3\)"),
        (lambda vae, x: vae.traverse([0, 0, 0], 1, [np.nan]), "values must be finite"),
    ],
)
def test_a_wrong_argument_gets_one_sentence(plain, matrix, call, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        call(plain, matrix[0])


def test_an_unfitted_model_says_so():
    for call in (lambda: VAE().interpolate([0.0], [1.0], 2), lambda: VAE().traverse([0.0], 0, [1.0])):
        with pytest.raises(Exception, match="not fitted"):
            call()
