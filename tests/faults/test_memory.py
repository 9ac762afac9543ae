"""What does not fit into memory is refused in a sentence, before it is tried where its size is known."""

import numpy as np
import pytest
import torch

from harmonium import VAE, BernoulliRBM, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder, memory
from harmonium.cli.main import main
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.exceptions import HarmoniumError, InvalidInputError, TooLargeError
from harmonium.memory import available_memory, memory_for

COMMON = {"n_epochs": 1, "random_state": 0}
NETWORK = {"hidden_sizes": (8,), "likelihood": "gaussian", "scaling": "global"}
HUGE = 10**12
LABELS = np.array(["a", "b", "c"])[np.arange(300) % 3]
UNTRAINED = [
    GaussianBernoulliRBM(HUGE, **COMMON),
    GaussianBernoulliRBM(10**6, **COMMON),  # whose couplings with one another are the more
    GaussianBernoulliRBM(HUGE, initialisation="principal-component-codes", **COMMON),
    BernoulliRBM(HUGE, scaling="unit-interval", optimizer="sgd", momentum=0.9, **COMMON),
    VAE(HUGE, **NETWORK, **COMMON),
    VAE(2, **(NETWORK | {"hidden_sizes": (HUGE,)}), **COMMON),
    VAE(2, **(NETWORK | {"hidden_sizes": (10**6, 10**6)}), **COMMON),
    VAE(2, prior="mixture", n_components=HUGE, **NETWORK, **COMMON),
    VAE(2, architecture="convolutional", image_shape=(2, 3), **(NETWORK | {"hidden_sizes": (4, HUGE)}), **COMMON),
    ConditionalVAE(HUGE, **NETWORK, **COMMON),
    SparseAutoencoder(1e12, **COMMON),
    SparseAutoencoder(1e6, encoder="unrolled", **COMMON),
    ImageClassifier((2, 3), n_outputs=HUGE, **COMMON),
]


@pytest.mark.parametrize("model", UNTRAINED, ids=repr)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_sizes_that_do_not_fit_are_refused_before_they_are_tried(model, method, matrix):
    if isinstance(model, ImageClassifier):
        model._check_parameters = lambda: None  # images of six pixels are too small for it
    sentence = rf"^{type(model).__name__} of these sizes needs \S+ TB of memory or more; \S+ [kMGT]B is available$"
    with pytest.raises(TooLargeError, match=sentence):
        getattr(model, method)(matrix, LABELS)
    assert not hasattr(model, "module_")


@pytest.fixture(scope="module")
def trained():
    X = np.random.default_rng(0).normal(size=(300, 6))
    return {
        "exact": GaussianBernoulliRBM(3, **COMMON).fit(X),
        "annealed": GaussianBernoulliRBM(21, **COMMON).fit(X),
        "bernoulli": BernoulliRBM(3, scaling="unit-interval", **COMMON).fit(X),
        "vae": VAE(2, **NETWORK, **COMMON).fit(X),
        "conditional": ConditionalVAE(2, **NETWORK, **COMMON).fit(X, LABELS),
        "sparse": SparseAutoencoder(1.5, **COMMON).fit(X),
    }


CALLS = {
    "a sample": ("exact", lambda model: model.sample(HUGE)),
    "a sample without noise": ("annealed", lambda model: model.sample(HUGE, noise=False)),
    "steps": ("annealed", lambda model: model.sample(1, HUGE)),
    "a binary sample": ("bernoulli", lambda model: model.sample(HUGE)),
    "beyond 64 bits": ("vae", lambda model: model.sample(10**40)),
    "a decoded sample": ("vae", lambda model: model.sample(HUGE)),
    "a sample of a class": ("conditional", lambda model: model.sample(HUGE, "a")),
    "a manifold": ("vae", lambda model: model.manifold(10**6)),
    "an interpolation": ("vae", lambda model: model.interpolate(np.zeros(6), np.ones(6), HUGE)),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_result_that_does_not_fit_is_refused_before_it_is_tried(call, trained):
    model, ask = CALLS[call]
    with pytest.raises(
        TooLargeError, match=r"^an? \w+ of 10{6,} rows.* needs \S+ TB of memory or more; |^a sample of 1 "
    ):
        ask(trained[model])


@pytest.mark.parametrize(
    ("model", "ask"),
    [
        ("exact", lambda model: model.sample(1000)),
        ("vae", lambda model: model.sample(1000)),
        ("vae", lambda model: model.decode(np.zeros((1000, 2)))),
        ("vae", lambda model: model.traverse(np.zeros(2), 0, np.zeros(1000))),
        ("sparse", lambda model: model.inverse_transform(np.zeros((1000, 9)))),
    ],
)
def test_it_is_the_memory_that_is_there_which_counts(model, ask, trained, monkeypatch):
    ask(trained[model])
    monkeypatch.setattr(memory, "available_memory", lambda: 1000.0)
    with pytest.raises(TooLargeError, match=r"needs \S+ kB of memory or more; 1 kB is available$"):
        ask(trained[model])


def test_steps_that_are_not_taken_need_no_memory(trained):
    assert trained["exact"].sample(1, HUGE).shape == (1, 6)


def test_a_batch_is_never_larger_than_the_data(matrix):
    GaussianBernoulliRBM(3, batch_size=HUGE, n_gibbs_steps=2, **COMMON).fit(matrix)


@pytest.mark.parametrize(
    "ask", [lambda: torch.empty(10**15), lambda: np.empty(10**15), lambda: bytearray(10**16), lambda: [0] * 10**15]
)
def test_what_fails_all_the_same_is_one_sentence(ask):
    with (
        pytest.raises(TooLargeError, match=r"^what is tried does not fit into memory; \S+ \w+ is available$") as caught,
        memory_for("what is tried", 0),
    ):
        ask()
    for kind in (HarmoniumError, InvalidInputError, MemoryError):
        assert isinstance(caught.value, kind)


def test_other_failures_are_left_alone():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), memory_for("what is tried", 0):
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_what_is_available_is_between_nothing_and_the_machines_own(monkeypatch, tmp_path):
    of_machine = available_memory()
    assert 2**20 < of_machine < 2**50
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    (tmp_path / "memory.current").write_text("100\n")
    for limit, expected in (("1100\n", 1000), ("max\n", None), ("99999999999999\n", None)):
        (tmp_path / "memory.max").write_text(limit)
        assert (available_memory() == expected) if expected else available_memory() > 2**20


def test_the_command_line_says_it_and_exits_with_one(images_file, tmp_path, capsys):
    options = ["--data", str(images_file), "--run-dir", str(tmp_path / "run"), "--no-verbose"]
    assert main(["train", "bernoulli-rbm", "--n-hidden", str(HUGE), *options]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: BernoulliRBM of these sizes needs")
    assert said.count("\n") == 1
