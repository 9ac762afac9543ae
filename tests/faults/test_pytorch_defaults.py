"""Nothing depends on PyTorch's global defaults, which are its user's to change."""

import copy
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone

import harmonium
from harmonium import VAE, BernoulliRBM, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.metrics.partition_function import log_partition

COMMON = {"n_epochs": 2, "random_state": 0, "batch_size": 50}
NETWORK = {"hidden_sizes": (8,), "likelihood": "calibrated-gaussian", "scaling": "global"}
FAMILIES = {
    "collapsed": GaussianBernoulliRBM(3, validation_fraction=0.2, **COMMON),
    "fixed sigma": GaussianBernoulliRBM(3, sigma=2.0, negative_phase="mean-field", **COMMON),
    "persistent": GaussianBernoulliRBM(3, objective="pcd", negative_phase="sampled", optimizer="sgd", **COMMON),
    "likelihood": GaussianBernoulliRBM(3, objective="likelihood", **COMMON),
    "codes": GaussianBernoulliRBM(3, initialisation="principal-component-codes", **COMMON),
    "bernoulli": BernoulliRBM(3, scaling="unit-interval", **COMMON),
    "mixture": VAE(2, prior="mixture", n_components=4, **NETWORK, **COMMON),
    "flow": VAE(2, prior="flow", **(NETWORK | {"likelihood": "gaussian"}), **COMMON),
    "images": VAE(
        2,
        architecture="convolutional",
        image_shape=(6, 8),
        hidden_sizes=(2, 8),
        scaling="global",
        likelihood="gaussian",
        **COMMON,
    ),
    "conditional": ConditionalVAE(2, **NETWORK, prior="mixture", n_components=6, **COMMON),
    "conditional images": ConditionalVAE(
        2,
        architecture="convolutional",
        image_shape=(6, 8),
        hidden_sizes=(2, 8),
        scaling="global",
        likelihood="gaussian",
        **COMMON,
    ),
    "sparse": SparseAutoencoder(1.5, **COMMON),
    "unrolled": SparseAutoencoder(1.5, encoder="unrolled", n_active=3, n_active_of="batch", **COMMON),
    "classifier": ImageClassifier((6, 8), **COMMON),
}
CALLS = (
    lambda model, X: model.transform(X),
    lambda model, X: model.reconstruct(X),
    lambda model, X: model.score(X, LABELS),
    lambda model, X: model.sample(5, random_state=1),
    lambda model, X: model.sample(5, 50, noise=False, random_state=1),
    lambda model, X: model.sample(5, "a", noise=True, random_state=1),
    lambda model, X: model.elbo(X, LABELS),
    lambda model, X: model.manifold(3, "b"),
    lambda model, X: model.inverse_transform(model.transform(X)),
)  # fmt: skip
DEFAULTS = (torch.float64, torch.bfloat16, torch.float16, "meta")
LABELS = np.array(["a", "b", "c"])[np.arange(100) % 3]


@contextmanager
def another_default(kind):
    if isinstance(kind, torch.dtype):
        before = torch.get_default_dtype()
        torch.set_default_dtype(kind)
        try:
            yield
        finally:
            torch.set_default_dtype(before)
    else:
        with torch.device(kind):  # as torch.set_default_device, but for this thread
            yield


def said(model, X, folder):
    """Everything that a model trained, continued, saved and loaded says of X: arrays, or what it has no answer for."""
    model = clone(model).fit(X, LABELS).partial_fit(X, LABELS)
    model.save(folder)
    answers = [[value for key, value in row.items() if key != "seconds"] for row in model.history_]
    for one in (model, harmonium.load(folder), copy.deepcopy(model)):
        for call in CALLS:
            try:
                answers.append(call(one, X))
            except (AttributeError, TypeError, harmonium.exceptions.InvalidInputError) as error:
                answers.append(type(error).__name__)
    return answers


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_bits_under_every_default(family, tmp_path):
    X = np.random.default_rng(0).normal(size=(100, 48)) + np.arange(48) % 5
    expected = said(FAMILIES[family], X, tmp_path)
    assert sum(isinstance(answer, np.ndarray) for answer in expected) >= 3
    for default in DEFAULTS:
        with another_default(default):
            np.testing.assert_equal(said(FAMILIES[family], X, tmp_path), expected)


@pytest.mark.filterwarnings("ignore:.*annealed chains")
@pytest.mark.parametrize("kind", [GaussianBernoulliRBM, BernoulliRBM])
def test_annealed_chains_draw_the_same_bits_under_every_default(kind):
    X = np.random.default_rng(0).uniform(size=(100, 24))

    def drawn():
        model = kind(21, **COMMON).fit(X)
        generator = torch.Generator().manual_seed(1)
        estimate = log_partition(model.module_, generator, n_chains=16, n_temperatures=20)
        return model.sample(5, 20, random_state=1), estimate

    expected = drawn()
    for default in DEFAULTS:
        with another_default(default):
            np.testing.assert_equal(drawn(), expected)


def test_every_new_tensor_says_what_it_is_made_of():
    """The makers of tensors that ask PyTorch's defaults are never called without a type and a device."""
    maker = re.compile(r"torch\.(zeros|ones|empty|full|rand|randn|randperm|arange|linspace|eye|tensor|as_tensor)\(")
    source = Path(harmonium.__file__).parent
    for path in (
        path
        for folder in ("modules", "objectives", "samplers", "estimators", "metrics", "data", "random")
        for path in (source / folder).rglob("*.py")
    ):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if maker.search(line) and ">>>" not in line:
                assert re.search(r"\*\*(SINGLE|DOUBLE|INTEGER)|device=", line), f"{path.name}:{number}: {line.strip()}"
