"""Training that went wrong is an error or a warning with what to change, and training that went well is neither."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

import harmonium
from harmonium import VAE, BernoulliRBM, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.cli.main import main
from harmonium.estimators.fitting import prepare
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.exceptions import (
    DeadUnitsWarning,
    DivergenceError,
    NothingLearnedWarning,
    PosteriorCollapseWarning,
    SigmaAtBoundWarning,
    TrainingWarning,
)

DIGITS, NAMES = load_digits(return_X_y=True)
X, y = DIGITS[:400] / 16, NAMES[:400]
COMMON = {"n_epochs": 2, "random_state": 0, "batch_size": 50}
NETWORK = {"hidden_sizes": (32,), "likelihood": "calibrated-gaussian", "scaling": "global"}
FAMILIES = {
    "collapsed": GaussianBernoulliRBM(8, **COMMON),
    "persistent": GaussianBernoulliRBM(8, objective="pcd", negative_phase="sampled", **COMMON),
    "likelihood": GaussianBernoulliRBM(4, objective="likelihood", **COMMON),
    "reconstruction": GaussianBernoulliRBM.from_recipe("reconstruction", n_hidden=8, **COMMON),
    "codes": GaussianBernoulliRBM(8, initialisation="principal-component-codes", **COMMON),
    "bernoulli": BernoulliRBM(8, **COMMON),
    "bernoulli persistent": BernoulliRBM(8, objective="pcd", **COMMON),
    "vae": VAE(2, hidden_sizes=(32,), **COMMON),
    "grey": VAE(2, hidden_sizes=(32,), likelihood="continuous-bernoulli", **COMMON),
    "mixture": VAE(2, prior="mixture", n_components=4, **NETWORK, **COMMON),
    "flow": VAE(2, prior="flow", **NETWORK, **COMMON),
    "images": VAE(2, architecture="convolutional", image_shape=(8, 8), hidden_sizes=(4, 16), **COMMON),
    "conditional": ConditionalVAE(2, **NETWORK, **COMMON),
    "sparse": SparseAutoencoder(1.5, **COMMON),
    "unrolled": SparseAutoencoder(1.5, encoder="unrolled", **COMMON),
    "of a batch": SparseAutoencoder(1.5, n_active=5, n_active_of="batch", **COMMON),
    "classifier": ImageClassifier((8, 8), **COMMON),
}
every_family = pytest.mark.parametrize("family", FAMILIES)
every_optimizer = pytest.mark.parametrize("optimizer", ["adam", "sgd"])
SENTENCE = r"^training diverged in epoch 1: .* may help$"


@every_family
@every_optimizer
@pytest.mark.parametrize("rate", [1e4, 1e6, 1e12])
def test_a_rate_beyond_reason_is_divergence_within_an_epoch(family, optimizer, rate):
    wild = clone(FAMILIES[family]).set_params(learning_rate=rate, optimizer=optimizer, momentum=0.9)
    for train in (wild.fit, wild.partial_fit):
        with pytest.raises(DivergenceError, match=SENTENCE):
            train(X, y)
        assert not hasattr(wild, "module_")


@every_family
@every_optimizer
def test_a_reasonable_rate_is_neither_error_nor_warning(family, optimizer):
    rate = {"adam": 3e-3, "sgd": 3e-4}[optimizer]
    clone(FAMILIES[family]).set_params(learning_rate=rate, optimizer=optimizer, momentum=0.9).fit(X, y)


@every_family
@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_no_unit_of_the_data_is_taken_for_an_explosion(family, scale):
    """Not even where the data are far from the model's start, and nothing is scaled."""
    model = clone(FAMILIES[family])
    if getattr(model, "scaling", None) == "global":
        model.set_params(scaling="none")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingWarning)  # what is learned in two epochs is another matter
            model.fit(X * scale, y)


@pytest.mark.parametrize("beta", [0.0, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("n_warmup_epochs", [0, 10])
def test_no_weight_of_the_divergence_is_taken_for_an_explosion(beta, n_warmup_epochs):
    vae = VAE(4, beta=beta, n_warmup_epochs=n_warmup_epochs, hidden_sizes=(32,), learning_rate=1e-2, **COMMON)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PosteriorCollapseWarning)
        vae.set_params(n_epochs=8).fit(X)


def test_what_comes_back_from_the_wild_is_left_alone():
    """The first steps may be as wild as they like, where the epoch ends well."""
    vae = VAE(2, hidden_sizes=(64,), learning_rate=0.1, n_epochs=3, random_state=0, batch_size=10).fit(X)
    assert vae.history_[0]["negative_elbo"] > vae.history_[-1]["negative_elbo"]


def test_a_model_worse_than_its_start_is_a_warning():
    sentence = (
        r"nothing was learned: the loss a value of the training rows has grown from .* to .*; a learning_rate below 10 "
    )
    with pytest.warns(NothingLearnedWarning, match=sentence):
        BernoulliRBM(8, learning_rate=10.0, **COMMON).fit(X)


@pytest.mark.parametrize(
    ("settings", "bound"),
    [({"sigma_bounds": (0.98, 10.0), "learning_rate": 0.03}, "0.98"), ({"sigma_bounds": (0.05, 0.5)}, "0.5")],
)
def test_sigma_at_a_bound_is_a_warning(settings, bound):
    rbm = GaussianBernoulliRBM(8, sigma_learning_rate=0.1, **settings, **COMMON)
    with pytest.warns(
        SigmaAtBoundWarning, match=rf"^sigma of \d+% of the features is at its bound, {bound}, in units "
    ):
        rbm.set_params(n_epochs=5).fit(X)


def test_sigma_of_constant_features_may_stand_at_its_floor():
    margin = np.hstack([X, np.zeros((400, 60))])
    rbm = GaussianBernoulliRBM(8, sigma_learning_rate=0.3, **COMMON).set_params(n_epochs=5).fit(margin)
    assert np.mean(rbm.sigma_ < 0.0501) > 0.4


def test_units_that_died_are_a_warning():
    with pytest.warns(DeadUnitsWarning, match=r"^units have died: of 96 units \S+ are active in an example; a lower"):
        SparseAutoencoder(1.5, encoder="unrolled", l1=10, learning_rate=1.0, **COMMON).fit(X)
    model = SparseAutoencoder(1.5, n_active=1, **COMMON)
    prepared = prepare(model, X[:10], None)
    prepared.trainer.objective.usage.zero_()  # as thousands of steps without any use leave it
    prepared.run(2)
    with pytest.warns(DeadUnitsWarning, match=r"^units have died: \d+% of the units are never active; a lower"):
        model._adopt(prepared.trainer)


def test_a_warning_made_an_error_leaves_the_estimator_as_it_was():
    rbm = BernoulliRBM(8, **COMMON).fit(X)
    before = rbm.transform(X)
    with warnings.catch_warnings(), pytest.raises(NothingLearnedWarning):
        warnings.simplefilter("error")
        rbm.set_params(learning_rate=10.0).fit(X)
    np.testing.assert_array_equal(rbm.transform(X), before)


def test_a_warning_points_at_the_line_that_called(recwarn):
    BernoulliRBM(8, learning_rate=10.0, **COMMON).fit(X)
    assert [warning.filename for warning in recwarn] == [__file__]


def test_the_command_line_says_it_and_exits_with_one(images_file, tmp_path, capsys):
    options = ["--n-epochs", "2", "--run-dir", str(tmp_path / "run"), "--no-verbose"]
    arguments = ["train", "bernoulli-rbm", "--data", str(images_file), "--n-hidden", "4", *options]
    assert main([*arguments, "--learning-rate", "1e6"]) == 1
    assert "error: training diverged in epoch 1:" in capsys.readouterr().err
    assert not (tmp_path / "run" / "model.json").exists()


def test_a_resumed_run_is_compared_with_the_same_start(tmp_path, matrix):
    """A model far from its start has lost nothing where it was loaded: a stream's own start is where it stands."""
    fitted = VAE(2, hidden_sizes=(8,), likelihood="gaussian", scaling="global", **COMMON).fit(matrix)
    fitted.save(tmp_path)
    loaded = harmonium.load(tmp_path)
    with pytest.raises(DivergenceError, match="training diverged in epoch 3"):
        loaded.set_params(learning_rate=1e6).partial_fit(matrix)
    assert len(loaded.history_) == 2
