"""Many cycles leave nothing behind, and threads may share one fitted estimator."""

import gc
import itertools
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone

import harmonium
from harmonium import VAE, BernoulliRBM, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.data.tensors import as_tensor
from harmonium.estimators.image_classifier import ImageClassifier

N_CYCLES = int(os.environ.get("CYCLES", "100"))  # as many as patience allows; a thousand have been run
N_THREADS = 8
X = np.random.default_rng(0).uniform(size=(40, 784)).astype(np.float32)
y = np.array(["a", "b"])[np.arange(40) % 2]
COMMON = {"n_epochs": 1, "random_state": 0}
NETWORK = {"hidden_sizes": (32,), "likelihood": "calibrated-gaussian", "scaling": "global"}
# whose weights take 20 kB and more, and what trains them several times that
MODELS = {
    "gaussian": GaussianBernoulliRBM(6, **COMMON),
    "persistent": GaussianBernoulliRBM(6, objective="pcd", negative_phase="sampled", **COMMON),
    "bernoulli": BernoulliRBM(6, **COMMON),
    "vae": VAE(2, prior="mixture", n_components=2, **NETWORK, **COMMON),
    "held back": VAE(2, prior="flow", validation_fraction=0.2, **NETWORK, **COMMON),
    "conditional": ConditionalVAE(2, **NETWORK, **COMMON),
    "sparse": SparseAutoencoder(0.05, **COMMON),
    "unrolled": SparseAutoencoder(0.05, encoder="unrolled", n_active=3, n_active_of="batch", **COMMON),
    "classifier": ImageClassifier((28, 28), n_outputs=4, **COMMON),
}


def cycle(model, folder):
    fitted = clone(model).fit(X, y).partial_fit(X, y)
    fitted.save(folder)
    loaded = harmonium.load(folder)
    loaded.transform(X)
    if hasattr(loaded, "sample"):
        loaded.sample(10, *(["a"] if isinstance(loaded, ConditionalVAE) else []))
    with pytest.raises(harmonium.exceptions.InvalidInputError):
        loaded.partial_fit(X * np.nan, y)


def held():
    """What this process holds: bytes, file handles, threads and tensors."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    n_tensors = sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())
    return resident, len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), n_tensors


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_cycles_of_fit_sample_save_and_load_leave_nothing_behind(tmp_path):
    """Tensors are counted; other memory may grow by 10 kB a cycle at most."""
    models = itertools.cycle(MODELS.items())
    for name, model in itertools.islice(models, 3 * len(MODELS)):  # what is made once: compiled code, caches
        cycle(model, tmp_path / name)
    before = held()
    for name, model in itertools.islice(models, N_CYCLES // len(MODELS) * len(MODELS)):
        cycle(model, tmp_path / name)
    after = held()
    assert after[1:] == before[1:]
    assert after[0] - before[0] < 4e6 + 1e4 * N_CYCLES


def answers(model, folder):
    """Everything that a fitted estimator is asked, by name."""
    of_class = ["a"] if isinstance(model, ConditionalVAE) else []
    asked = {
        "transform": lambda: model.transform(X),
        "save": lambda: model.save(folder),
        "score": lambda: model.score(X, y),
    }
    if not isinstance(model, ImageClassifier):
        asked["reconstruct"] = lambda: model.reconstruct(X)
    if hasattr(model, "sample"):
        asked["sample"] = lambda: model.sample(20, *of_class, random_state=1)
    if hasattr(model, "elbo"):
        asked["elbo"] = lambda: model.elbo(X, y, n_samples=2)
    return asked


@pytest.mark.parametrize("name", MODELS)
def test_threads_that_share_an_estimator_get_what_one_gets_alone(name, tmp_path):
    alone, shared = (clone(MODELS[name]).fit(X, y) for _ in range(2))
    expected = {what: ask() for what, ask in answers(alone, tmp_path / "alone").items()}
    start = threading.Barrier(N_THREADS)

    def one_after_another(thread):
        asked = list(answers(shared, tmp_path / str(thread)).items())
        start.wait()
        return {what: ask() for what, ask in asked[thread % len(asked) :] + asked[: thread % len(asked)]}

    with ThreadPoolExecutor(N_THREADS) as pool:
        for got in pool.map(one_after_another, range(N_THREADS)):
            np.testing.assert_equal(got, expected)
    assert shared.module_.training  # nobody switched it over


def test_threads_may_ask_while_another_trains(tmp_path):
    """What is asked is answered by the estimator before the call or after it, never by one in between."""
    model = VAE(2, **NETWORK, **(COMMON | {"n_epochs": 2})).fit(X)
    steps = [model.transform(X)]
    copied = clone(model).fit(X)
    for _ in range(10):
        steps.append(copied.partial_fit(X).transform(X))
    with ThreadPoolExecutor(4) as pool:
        training = pool.submit(lambda: [model.partial_fit(X) for _ in range(10)])
        asked = []
        while not training.done():
            asked.append(model.transform(X))
    training.result()
    assert len(asked) > 0
    assert all(any(np.array_equal(answer, step) for step in steps) for answer in asked)


def test_views_of_read_only_arrays_leave_the_warnings_filters_alone():
    """They are one list for all threads: to change and restore them would undo what another thread sets meanwhile."""
    read_only = X.copy()
    read_only.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = warnings.filters, list(warnings.filters)
        tensor = as_tensor(read_only)
        assert warnings.filters is before[0]
        assert warnings.filters == before[1]
    assert tensor.data_ptr() == read_only.ctypes.data
    del read_only
    np.testing.assert_array_equal(tensor.numpy(), X)
