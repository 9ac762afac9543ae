"""Data of any unit are trained on as in any other, or refused in one sentence that does not blame the learning rate."""

import numpy as np
import pytest

from harmonium import VAE, BernoulliRBM, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.exceptions import InvalidInputError

X = np.random.default_rng(0).normal(size=(200, 5))
COMMON = {"n_epochs": 2, "random_state": 0}
MODELS = [
    *(GaussianBernoulliRBM(3, scaling=kind, **COMMON) for kind in ("global", "feature", "unit-interval")),
    BernoulliRBM(3, scaling="unit-interval", **COMMON),
    *(SparseAutoencoder(1.5, scaling=kind, noise=0.0, **COMMON) for kind in ("global", "feature", "unit-interval")),
    VAE(2, hidden_sizes=(8,), likelihood="gaussian", scaling="global", **COMMON),
]


def name(model):
    return f"{type(model).__name__} {model.scaling}"


@pytest.mark.parametrize("model", MODELS, ids=name)
@pytest.mark.parametrize("unit", [1e-35, 1e-10, 1e10, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_unit_matters_that_single_precision_holds(model, unit, dtype):
    expected = model.fit(X).transform(X)
    rows = (X * unit).astype(dtype)
    np.testing.assert_allclose(model.fit(rows).transform(rows), expected, atol=1e-3)


@pytest.mark.parametrize("model", MODELS, ids=name)
@pytest.mark.parametrize("unit", [1e-300, 1e-320, 1e-160, 1e-100, 1e-40])
def test_values_too_near_to_each_other_are_refused(model, unit):
    sentence = (
        r"^the values in column 0 of X differ by \S+ at most, and scaling='\S+' needs 1.2e-38 or more; give X in "
    )
    with pytest.raises(InvalidInputError, match=sentence):
        model.fit(X * unit)


@pytest.mark.parametrize("model", MODELS, ids=name)
@pytest.mark.parametrize("value", [0.0, 1.0, 1e-300])
def test_constant_values_are_constant_at_any_scale(model, value):
    constant = np.hstack([X, np.full((200, 1), value)])
    scale = model.fit(constant).scaling_.scale
    assert scale[5] == (1 if model.scaling == "none" else scale[:5].max())


@pytest.mark.parametrize("scaling", ["global", "feature", "unit-interval"])
def test_noise_in_another_unit_than_the_data_is_refused(scaling):
    sentence = r"^noise is in the units of X, and 0.5 is \S+ times the \S+e-3\d that scaling='\S+' divides by; at most "
    model = SparseAutoencoder(1.5, scaling=scaling, **COMMON)
    with pytest.raises(InvalidInputError, match=sentence):
        model.fit(X * 1e-30)
    model.set_params(noise=0.5e-30).fit(X * 1e-30)
