"""What `save` leaves in a folder, whatever happens meanwhile, and what `load` refuses."""

import errno
import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import harmonium
from earlier_files import as_of_version_1
from harmonium import VAE, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.exceptions import DamagedFileError, InvalidInputError


def fitted(seed=0, n_hidden=3):
    X = np.random.default_rng(seed).normal(size=(40, 4))
    return GaussianBernoulliRBM(n_hidden, n_epochs=1, random_state=seed).fit(X)


def weights(estimator):
    return {name: value.tolist() for name, value in estimator.module_.state_dict().items()}


def test_saving_twice_keeps_the_second_and_leaves_two_files(tmp_path):
    for seed in (0, 1):
        fitted(seed).save(tmp_path)
    assert weights(harmonium.load(tmp_path)) == weights(fitted(1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


@pytest.mark.parametrize("at", range(6))
def test_a_save_that_is_cut_short_anywhere_leaves_the_old_model_or_the_new_one(tmp_path, monkeypatch, at):
    """A file is written, flushed, renamed and its folder flushed: twice."""
    old, new = fitted(0, n_hidden=3), fitted(1, n_hidden=5)
    old.save(tmp_path)
    n_done = 0

    def cut(function):
        def one(*arguments, **options):
            nonlocal n_done
            if n_done == at:
                raise KeyboardInterrupt
            n_done += 1
            return function(*arguments, **options)

        return one

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", cut(os.fsync))
        patched.setattr("pathlib.Path.replace", cut(type(tmp_path).replace))
        with pytest.raises(KeyboardInterrupt):
            new.save(tmp_path)
    found = harmonium.load(tmp_path)
    assert weights(found) == weights(new if at == 5 else old)
    assert found.get_params() == (new if at == 5 else old).get_params()
    new.save(tmp_path)
    assert weights(harmonium.load(tmp_path)) == weights(new)


def test_threads_that_save_into_one_folder_leave_a_whole_model_at_each_moment(tmp_path):
    models = [fitted(seed, n_hidden=seed + 1) for seed in range(8)]
    allowed = [weights(model) for model in models]
    models[0].save(tmp_path)

    def save(model):
        for _ in range(40):
            model.save(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        saving = [pool.submit(save, model) for model in models]
        n_loaded = 0
        while n_loaded < 5 or not all(job.done() for job in saving):
            assert weights(harmonium.load(tmp_path)) in allowed
            n_loaded += 1
        for job in saving:
            job.result()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("label", [b"bag", np.datetime64("2020-01-01"), 1j, {1, 2}, object])
def test_what_json_cannot_hold_is_said_before_anything_is_written(tmp_path, label):
    old = fitted()
    old.save(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    new = fitted(1)
    new.feature_names_in_ = np.array([label, *"abc"], dtype=object)
    with pytest.raises(InvalidInputError, match="this GaussianBernoulliRBM cannot be written: it holds "):
        new.save(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "notes").write_text("mine")
    for folder in (tmp_path / "notes", tmp_path / "notes" / "model"):
        with pytest.raises(InvalidInputError, match=r"saved into a folder; .*notes.* is a file"):
            fitted().save(folder)
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_full_disk_names_the_file_and_keeps_the_old_model(tmp_path, monkeypatch):
    fitted().save(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(OSError, match=r"No space left on device: .*model\.json"):
            fitted(1).save(tmp_path)
    assert weights(harmonium.load(tmp_path)) == weights(fitted())


def test_a_model_of_format_1_is_read(tmp_path):
    for estimator in (fitted(), VAE(2, likelihood="gaussian", n_epochs=1, random_state=0).fit(np.eye(4))):
        estimator.save(tmp_path)
        as_of_version_1(tmp_path)
        loaded = harmonium.load(tmp_path)
        assert weights(loaded) == weights(estimator)
        assert loaded.get_params() == estimator.get_params()


def test_a_later_format_is_said(tmp_path):
    fitted().save(tmp_path)
    as_of_version_1(tmp_path, format=3)
    with pytest.raises(InvalidInputError, match=r"model\.json has format 3; this version reads 1 and 2"):
        harmonium.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("scaling.scale", torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=torch.float64), "numbers above 0"),
        ("scaling.scale", torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64), "numbers above 0"),
        ("scaling.scale", torch.full((4,), torch.nan, dtype=torch.float64), "4 finite numbers"),
        ("scaling.mean", torch.full((4,), torch.inf, dtype=torch.float64), "4 finite numbers"),
        ("scaling.mean", torch.zeros(5, dtype=torch.float64), "4 finite numbers"),
        ("scaling.mean", torch.zeros(4, dtype=torch.int64), "4 finite numbers"),
        ("module.weight", torch.full((3, 4), torch.nan), "weight is not finite"),
        ("module.weight", torch.zeros(3, 5), "size mismatch: weight"),
        ("module.weight", torch.zeros(3, 4, dtype=torch.float16), "size mismatch: weight"),
        ("module.more", torch.zeros(3), "more is unknown"),
    ],
)
def test_weights_and_scalings_that_cannot_be_are_refused_without_a_checksum_too(tmp_path, name, value, said):
    fitted().save(tmp_path)
    as_of_version_1(tmp_path)
    path = tmp_path / "model.safetensors"
    save_file(load_file(path) | {name: value}, path)
    with pytest.raises(DamagedFileError, match=rf"model\.safetensors.*{said}"):
        harmonium.load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parameters": {"n_hidden": -1}}, "n_hidden must be a positive integer; got -1"),
        ({"parameters": {"n_hidden": "many"}}, "n_hidden must be a positive integer"),
        ({"parameters": {"no_such": 1}}, "no_such"),
        ({"parameters": []}, "table"),
        ({"n_features": -4}, "damaged"),
        ({"n_features": 4.0}, "integer"),
        ({"n_features": 10**30}, "finite numbers"),
        ({"history": 3}, "damaged"),
        ({"history": [3]}, "damaged"),
        ({"history": [{"epoch": "one"}]}, "rows of numbers"),
        ({"estimator": ["VAE"]}, "name"),
        ({"image_shape": "square"}, "the images must have 4 values"),
        ({"image_shape": [2, 3]}, "the images must have 4 values"),
        ({"feature_names": ["a", "b"]}, "4 names of features"),
        ({"feature_names": 3}, "4 names of features"),
    ],
)
def test_a_description_that_cannot_be_is_the_files_damage_not_the_users_mistake(tmp_path, changes, said):
    fitted().save(tmp_path)
    as_of_version_1(tmp_path, **changes)
    with pytest.raises(DamagedFileError, match=said) as caught:
        harmonium.load(tmp_path)
    assert "model.json" in str(caught.value)
    assert "\n" not in str(caught.value)


HUGE = {
    "rbm": (lambda: GaussianBernoulliRBM(3, n_epochs=1), {"n_hidden": 20_000_000}),
    "vae": (lambda: VAE(2, likelihood="gaussian", n_epochs=1), {"hidden_sizes": [20_000_000, 20_000_000]}),
    "learned prior": (lambda: VAE(2, likelihood="gaussian", prior="mixture", n_epochs=1), {"n_latent": 20_000_000}),
    "convolutions": (
        lambda: VAE(2, likelihood="gaussian", image_shape=(2, 2), n_epochs=1),
        {"architecture": "convolutional", "hidden_sizes": [20_000_000, 20_000_000]},
    ),
    "sparse": (lambda: SparseAutoencoder(1.0, n_epochs=1), {"overcompleteness": 5e6}),
    "unrolled": (lambda: SparseAutoencoder(1.0, n_epochs=1), {"overcompleteness": 5e4, "encoder": "unrolled"}),
}


def test_a_description_that_claims_much_is_refused_without_taking_the_memory(tmp_path):
    for name, (make, claim) in HUGE.items():
        model = make().fit(np.random.default_rng(0).random((30, 4)))
        model.save(tmp_path / name)
        parameters = json.loads((tmp_path / name / "model.json").read_text())["parameters"]
        as_of_version_1(tmp_path / name, parameters=parameters | claim)
    code = f"""
import resource, harmonium
from harmonium.exceptions import DamagedFileError
from harmonium import VAE
for name in {list(HUGE)!r}:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        harmonium.load({str(tmp_path)!r} + "/" + name)
    except DamagedFileError as error:
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(name, (after - before) // 1024)
"""
    limit = 16 * 2**30
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    taken = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert list(taken) == list(HUGE), done.stderr
    assert max(map(int, taken.values())) < 150, taken  # MiB, of gigabytes claimed; imports of each family among them


class OfNumPy(GaussianBernoulliRBM):
    """A class whose module needs numbers while it is made."""

    def _make_module(self, n_features, generator):
        module = super()._make_module(n_features, generator)
        module.hidden_bias.data.copy_(torch.from_numpy(np.cos(module.weight.detach().numpy()[:, 0])))
        assert float(module.hidden_bias.detach().abs().max()) <= 1
        return module


def test_a_module_that_needs_numbers_while_it_is_made_is_loaded_too(tmp_path):
    model = OfNumPy(3, n_epochs=1, random_state=0).fit(np.random.default_rng(0).normal(size=(30, 4)))
    model.save(tmp_path)
    assert weights(harmonium.load(tmp_path)) == weights(model)
