"""What a parameter that is set on a fitted estimator does, and which values a parameter may have."""

import numpy as np
import pytest
from sklearn.base import clone

import harmonium
from harmonium import VAE, BernoulliRBM, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.exceptions import InvalidInputError

LABELS = np.array(["a", "b", "c"])[np.arange(300) % 3]
OF_VAES = {"hidden_sizes": (8,), "likelihood": "gaussian", "scaling": "global"}
FITTED = {
    "gaussian": GaussianBernoulliRBM(3, n_epochs=2, random_state=0),
    "sampled": GaussianBernoulliRBM(3, n_epochs=2, random_state=0, objective="pcd", negative_phase="sampled"),
    "bernoulli": BernoulliRBM(3, n_epochs=2, random_state=0, scaling="unit-interval"),
    "vae": VAE(3, n_epochs=2, random_state=0, **OF_VAES),
    "conditional": ConditionalVAE(3, n_epochs=2, random_state=0, **OF_VAES),
    "sparse": SparseAutoencoder(0.5, n_epochs=2, random_state=0, l1=0.01),
    "classifier": ImageClassifier((4, 4), n_epochs=2, random_state=0),
}
EVERYONES = {
    "learning_rate": 0.05,
    "learning_rate_schedule": {"constant": "cosine", "cosine": "constant"},
    "batch_size": 17,
    "optimizer": {"adam": "sgd", "sgd": "adam"},
    "momentum": 0.5,
}
CHANGED = {
    "gaussian": {"n_gibbs_steps": 3, "negative_phase": "sampled", "objective": "pcd", "sigma_learning_rate": 0.1},
    "sampled": {"n_gibbs_steps": 3, "negative_phase": "collapsed", "objective": "cd"},
    "bernoulli": {"n_gibbs_steps": 3, "negative_phase": "mean-field", "objective": "likelihood"},
    "vae": {"beta": 5.0, "n_warmup_epochs": 20},
    "conditional": {"beta": 5.0, "n_warmup_epochs": 20},
    "sparse": {"l1": 3.0, "noise": 4.0, "n_warmup_epochs": 20},
    "classifier": {},
}
FIXED = {
    "gaussian": {"n_hidden": 4, "sigma": 1.0, "sigma_bounds": (0.1, 9), "initialisation": "principal-component-codes"},
    "sampled": {"n_hidden": 4},
    "bernoulli": {"n_hidden": 4},
    "vae": {"n_latent": 5, "hidden_sizes": (9,), "likelihood": "calibrated-gaussian", "prior": "mixture"},
    "conditional": {"n_latent": 5, "architecture": "convolutional", "n_components": 7, "image_shape": (2, 3)},
    "sparse": {"overcompleteness": 1.0, "encoder": "unrolled", "n_steps": 2, "n_active": 1, "n_active_of": "batch"},
    "classifier": {"n_outputs": 7, "image_shape": (8, 2)},
}


def pairs(of):
    return [pytest.param(kind, name, id=f"{kind}-{name}") for kind, names in of.items() for name in names]


@pytest.fixture(scope="module")
def data(matrix_of):
    return {kind: matrix_of(16 if kind == "classifier" else 6) for kind in FITTED}


@pytest.fixture(scope="module")
def matrix_of():
    return lambda n_features: np.random.default_rng(0).normal(size=(300, n_features)) * 2 + 5


def value_of(estimator, kind, name):
    value = {**EVERYONES, **CHANGED[kind], **FIXED[kind]}[name]
    return value[getattr(estimator, name)] if isinstance(value, dict) else value


@pytest.mark.parametrize(("kind", "name"), pairs({k: [*EVERYONES, *CHANGED[k]] for k in FITTED}))
def test_a_parameter_set_before_partial_fit_takes_effect(kind, name, data):
    X = data[kind]
    as_before, changed = (clone(FITTED[kind]).fit(X, LABELS) for _ in range(2))
    changed.set_params(**{name: value_of(changed, kind, name)})
    for estimator in (as_before, changed):
        estimator.set_params(n_epochs=10)  # a schedule is that of so many
        estimator.partial_fit(X, LABELS).partial_fit(X, LABELS)
    assert np.any(as_before.transform(X) != changed.transform(X))


@pytest.mark.parametrize(("kind", "name"), pairs({k: ["random_state", *FIXED[k]] for k in FITTED}))
def test_a_parameter_that_the_model_was_made_with_is_refused(kind, name, data):
    fitted = clone(FITTED[kind]).fit(data[kind], LABELS)
    before = getattr(fitted, name)
    after = 1 if name == "random_state" else value_of(fitted, kind, name)
    expected = fitted.transform(data[kind])
    fitted.set_params(**{name: after})
    with pytest.raises(InvalidInputError) as caught:
        fitted.partial_fit(data[kind], LABELS)
    if "was" in str(caught.value):  # some pairs are refused as they would be by fit
        assert str(caught.value).startswith(f"{name} was {before!r} when the model was made, and partial_fit cannot")
        assert repr(after) in str(caught.value)
    np.testing.assert_array_equal(fitted.transform(data[kind]), expected)
    fitted.set_params(**{name: before}).partial_fit(data[kind], LABELS)


@pytest.mark.parametrize(("kind", "name"), pairs(FIXED))
def test_what_is_saved_are_the_parameters_of_the_fit(kind, name, data, tmp_path):
    fitted = clone(FITTED[kind]).fit(data[kind], LABELS)
    before = fitted.get_params()
    fitted.set_params(**{name: value_of(fitted, kind, name)}).save(tmp_path)
    loaded = harmonium.load(tmp_path)
    assert loaded.get_params() == before
    np.testing.assert_array_equal(loaded.transform(data[kind]), fitted.transform(data[kind]))


def test_a_list_written_into_after_the_fit_is_no_parameter_of_it(data, tmp_path):
    sizes = [8]
    fitted = clone(FITTED["vae"]).set_params(hidden_sizes=sizes).fit(data["vae"])
    sizes[0] = 9
    fitted.save(tmp_path)
    assert harmonium.load(tmp_path).hidden_sizes == (8,)


def test_a_stream_is_learned_from_to_its_end():
    """However many chunks come, under a schedule that falls over `n_epochs` as under none."""
    generator = np.random.default_rng(0)
    basis = generator.normal(size=(4, 16))
    chunks = [generator.laplace(size=(100, 4)) @ basis for _ in range(150)]
    errors = {}
    for schedule in ("constant", "cosine"):
        model = SparseAutoencoder(l1=0.02, noise=0.1, learning_rate_schedule=schedule, random_state=0)
        for chunk in chunks[:140]:
            model.partial_fit(chunk)
        errors[schedule] = np.mean([np.square(model.reconstruct(chunk) - chunk).mean() for chunk in chunks[140:]])
    few = SparseAutoencoder(l1=0.02, noise=0.1, random_state=0)
    for chunk in chunks[:20]:
        few.partial_fit(chunk)
    of_few = np.mean([np.square(few.reconstruct(chunk) - chunk).mean() for chunk in chunks[140:]])
    assert errors["cosine"] < 1.4 * errors["constant"]
    assert errors["cosine"] < 0.5 * of_few


def spellings(value):
    """Return a value as other types have it, as a grid made by NumPy does."""
    if isinstance(value, tuple):
        return [list(value), np.array(value)]
    if isinstance(value, bool):
        return [np.bool_(value)]
    if isinstance(value, int):
        return [np.int64(value), np.uint8(value)]
    if isinstance(value, float):
        return [np.float64(value), *([int(value)] if value == int(value) else [])]
    return [np.str_(value)] if isinstance(value, str) else []


OF_MORE_KINDS = {
    **FITTED,
    "recording": clone(FITTED["gaussian"]).set_params(log_likelihood_every=1, validation_fraction=0.25, patience=2),
    "mixture": clone(FITTED["vae"]).set_params(prior="mixture", n_components=2, n_warmup_epochs=1, momentum=0.0),
    "convolutional": VAE(3, architecture="convolutional", image_shape=(2, 3), **{**OF_VAES, "hidden_sizes": (3, 8)}),
    "unrolled": clone(FITTED["sparse"]).set_params(encoder="unrolled", n_active=2, n_active_of="batch"),
}


@pytest.mark.parametrize("kind", OF_MORE_KINDS)
def test_numpys_numbers_are_as_good_as_pythons(kind, data, tmp_path):
    X = data.get(kind, data["vae"])
    estimator = clone(OF_MORE_KINDS[kind]).set_params(n_epochs=2, batch_size=50, random_state=0)
    expected = clone(estimator).fit(X, LABELS).transform(X)
    for name, value in estimator.get_params().items():
        for other in spellings(value):
            fitted = clone(estimator).set_params(**{name: other}).fit(X, LABELS)
            np.testing.assert_array_equal(fitted.transform(X), expected, err_msg=f"{name}={other!r}")
            fitted.save(tmp_path)
            assert harmonium.load(tmp_path).get_params() == estimator.get_params() | {"verbose": fitted.verbose}
            fitted.partial_fit(X, LABELS)
    single = clone(estimator).set_params(momentum=np.float32(0.5), learning_rate=np.float32(0.01))
    single.fit(X, LABELS)  # not the same number


def test_a_number_in_place_of_sizes_is_told_how_sizes_are_written():
    with pytest.raises(InvalidInputError, match=r"hidden_sizes must be one or more .*, such as \(64,\); got 64$"):
        VAE(hidden_sizes=64).fit(np.zeros((9, 2)))


@pytest.mark.parametrize("method", ["elbo", "iwae", "kl", "transform", "score_samples"])
def test_a_number_is_not_taken_for_labels(method, data):
    vae = clone(FITTED["vae"]).fit(data["vae"])
    with pytest.raises(InvalidInputError, match=r"y must be labels, .*; got 200: pass all that follows y by its name"):
        getattr(vae, method)(data["vae"], 200)
    with pytest.raises(TypeError, match="positional"):
        vae.elbo(data["vae"], None, 200)
