"""A tiny trained run of every family, made once: nobody may change them."""

import numpy as np
import pytest

from conftest import write_images
from harmonium.cli.main import main
from harmonium.families.registry import family_names

SETTINGS = {
    "bernoulli-rbm": ["--n-hidden", "4"],
    "gaussian-bernoulli-rbm": ["--n-hidden", "4"],
    "vae": ["--n-latent", "2", "--hidden-sizes", "8"],
    "conditional-vae": ["--n-latent", "2", "--hidden-sizes", "8"],
    "sparse-autoencoder": ["--noise", "0.2"],
    "image-classifier": [],
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with own.npz (images of three classes) and table.npy, and runs/FAMILY of each family."""
    assert set(SETTINGS) == set(family_names())
    folder = tmp_path_factory.mktemp("trained")
    own = str(write_images(folder / "own.npz"))
    for family, settings in SETTINGS.items():
        words = ["--data", own, "--run-dir", str(folder / "runs" / family), "--n-epochs", "2", "--no-verbose"]
        assert main(["train", family, *words, *settings]) == 0
    np.save(folder / "table.npy", np.random.default_rng(0).random((40, 30)))
    return folder


@pytest.fixture
def here(trained, tmp_path, monkeypatch):
    """The trained runs, with an empty folder as the working directory."""
    monkeypatch.chdir(tmp_path)
    return trained
