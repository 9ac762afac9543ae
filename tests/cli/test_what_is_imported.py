"""Help texts and mistakes are answered before anything is imported that takes seconds."""

import subprocess
import sys

import numpy as np
import pytest

HEAVY = ("torch", "sklearn", "numba", "matplotlib", "optuna", "openTSNE")
CODE = """
import sys
from harmonium.__main__ import main
try:
    code = main(sys.argv[1:])
except SystemExit as error:
    code = error.code
print("exit code", code)
print("imported", *sys.modules)
"""


def run(*arguments, code=CODE):
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    said, _, imported = done.stdout.rpartition("imported")
    return said, done.stderr, set(imported.split())


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--help"], 0, "Latent-variable models"),
        (["--version"], 0, "0.1.0"),
        (["train", "--help"], 0, "sparse-autoencoder"),
        (["sample", "--help"], 0, "--class"),
        (["reconstruct", "--help"], 0, "--out"),
        (["denoise", "--help"], 0, "--out"),
        (["embed", "--help"], 0, "--out"),
        (["score", "--help"], 0, "--quantile"),
        (["runs", "--help"], 0, "compare"),
        (["sample", "here", "--out", "rows.txt"], 1, "must end in .npy"),
        (["embed", "here", "--out", "z.npy", "--data", "missing.npy"], 1, "missing.npy does not exist"),
        (["score", "here", "--data", "missing.npy"], 1, "missing.npy does not exist"),
        (["sample", "here", "--out", "x.npy", "--clas", "Dress"], 2, "Did you mean --class?"),
        (["runs", "list", "nowhere"], 1, "nowhere is not a folder of runs"),
        (["train", "nowhere", "--continue"], 1, "nowhere holds no run to continue"),
        (["train", "vae", "--help"], 0, "--n-latent"),
        (["train", "gaussian-bernoulli-rbm", "--help"], 0, "exact-likelihood"),
        (["tune", "--help"], 0, "sparse-autoencoder"),
        (["evaluate", "--help"], 0, "The run directory."),
        (["data", "--help"], 0, "fetch"),
        (["reproduce", "--help"], 0, "--quick"),
        (["report", "--help"], 0, "ipynb,html,pdf"),
        (["trian"], 2, 'Did you mean "train"?'),
        (["train", "vea"], 1, "model must be one of"),
        (["train", "vae", "--n-latnet", "3"], 2, "Did you mean --n-latent?"),
        (["train", "vae", "--likelihood", "bernouli"], 2, "bernoulli"),
        (["tune", "vae", "--data", "mnist", "--n-trails", "3"], 2, "Did you mean --n-trials?"),
        (["evaluate", "here", "--dat", "mnist"], 2, "Did you mean --data?"),
        (["reproduce", "--sed", "3"], 2, "Did you mean --seeds?"),
        (["report", "--rundir", "here"], 2, "Did you mean --run-dir?"),
        (["train", "vae", "--data", "missing.npy"], 1, "missing.npy does not exist"),
        (["train", "gaussian-bernoulli-rbm", "--data", "imagenet"], 1, "data must be"),
        (["train", "vae"], 1, "--data is missing"),
        (["train", "--config", "missing.toml"], 1, "missing.toml: No such file"),
        (["reproduce", "--data", "missing.npy"], 1, "missing.npy does not exist"),
        (["report", "--run-dir", "nowhere"], 1, "nowhere is not a folder of runs"),
        (["evaluate", "nowhere"], 1, "nowhere is not a whole run directory: config.toml is missing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_help_and_mistakes_import_nothing_heavy(tmp_path, monkeypatch, arguments, code, sentence):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    said, errors, imported = run(*arguments)
    assert f"exit code {code}\n" in said
    assert sentence in said + errors
    assert imported.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["vae", "--data", "missing.npy"], "missing.npy does not exist"),
        (["rbm", "--data", "own.npy"], "to be tuned; got 'rbm'"),
        (["vae", "--data", "own.npy", "--space", "missing.toml"], "missing.toml: No such file"),
    ],
)
def test_a_search_that_cannot_begin_does_not_import_pytorch(tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    np.save("own.npy", np.eye(4))
    said, errors, imported = run("tune", *arguments)
    assert "exit code 1\n" in said
    assert sentence in errors
    assert "torch" not in imported


def test_a_help_text_imports_no_estimator():
    """Of their folder only the table of recipes, which declarations name."""
    _, _, imported = run("train", "vae", "--help")
    found = {module for module in imported if module.startswith("harmonium.estimators")}
    assert found <= {"harmonium.estimators", "harmonium.estimators.gaussian_bernoulli_recipes"}


def test_the_package_itself_is_light():
    _, _, imported = run(code="import sys, harmonium\nprint('imported', *sys.modules)")
    assert imported.isdisjoint({*HEAVY, "numpy", "cyclopts", "rich"})
