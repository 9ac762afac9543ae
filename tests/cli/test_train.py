"""What ``harmonium train`` trains: options over recipe over configuration file over the estimator's defaults."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from harmonium.cli.main import main
from harmonium.estimators.gaussian_bernoulli_recipes import RECIPES
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.run_directory import RunDirectory
from harmonium.families.registry import family_names

RBM = ["train", "gaussian-bernoulli-rbm", "--data", "own.npz"]
VAE = ["train", "vae", "--data", "own.npz"]


@pytest.fixture
def asked(images_file, monkeypatch):
    """The configurations and folders that a command would train, in place of training."""
    taken = []
    monkeypatch.setattr("harmonium.experiments.train.train", lambda config, run, *_: taken.append((config, run.path)))
    return taken


def parameters(asked):
    ((config, _),) = asked
    return config.parameters


@pytest.mark.parametrize("model", family_names())
def test_without_options_the_estimators_own_defaults_are_trained(asked, model):
    assert main(["train", model, "--data", "own.npz"]) == 0
    # a recipe, where a model has them, and the shape of the images are all that is added
    added = {"gaussian-bernoulli-rbm": RECIPES["generative"], "image-classifier": {"image_shape": (6, 5)}}
    assert [config for config, _ in asked] == [TrainConfig.resolve(model, "own.npz", 0, **added.get(model, {}))]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["gaussian-bernoulli-rbm"], "gaussian-bernoulli-rbm-own-generative-100-seed0"),
        (
            ["gaussian-bernoulli-rbm", "--recipe", "textbook", "--n-hidden", "7", "--seed", "3"],
            "gaussian-bernoulli-rbm-own-textbook-7-seed3",
        ),
        (["vae"], "vae-own-mlp-bernoulli-standard-16-seed0"),
        (
            [
                "conditional-vae",
                "--likelihood",
                "gaussian",
                "--architecture",
                "convolutional",
                "--hidden-sizes",
                "4",
                "8",
            ],
            "conditional-vae-own-convolutional-gaussian-standard-16-hidden_sizes=4,8-seed0",
        ),
        (["sparse-autoencoder"], "sparse-autoencoder-own-0.5-seed0"),
        (["sparse-autoencoder", "--noise", "1"], "sparse-autoencoder-own-1-seed0"),
        (["image-classifier"], "image-classifier-own-seed0"),
    ],
)
def test_a_run_is_named_after_what_tells_it_from_others(asked, arguments, name):
    assert main(["train", *arguments, "--data", "own.npz"]) == 0
    assert [str(path) for _, path in asked] == [f"runs/{name}"]


def test_a_recipe_is_overridden_by_options(asked):
    assert main([*RBM, "--recipe", "reconstruction", "--sigma", "12"]) == 0
    assert parameters(asked)["sigma"] == 12.0
    assert parameters(asked)["negative_phase"] == "mean-field"


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--hidden-sizes", "16", "32"], "hidden_sizes", [16, 32]),
        (["--hidden-sizes", "16"], "hidden_sizes", [16]),
        (["--sigma-bounds", "0.1", "3"], "sigma_bounds", [0.1, 3.0]),
        (["--image-shape", "6", "5"], "image_shape", [6, 5]),
        (["--sigma", "learned"], "sigma", "learned"),
        (["--random-state", "8"], "random_state", 8),
        (["--patience", "2", "--validation-fraction", "0.25"], "patience", 2),
    ],
)
def test_values_are_typed_as_the_estimator_takes_them(asked, words, name, value):
    assert main([*(RBM if "sigma" in name else VAE), *words]) == 0
    assert parameters(asked)[name] == value


def test_the_shape_of_images_and_sizes_follow_from_the_data_and_can_be_given(asked, tmp_path):
    np.savez("larger.npz", X_train=np.random.default_rng(0).random((9, 8, 12)))
    convolutional = ["train", "vae", "--architecture", "convolutional", "--data", "larger.npz"]
    assert main(convolutional) == 0
    assert main([*convolutional, "--hidden-sizes", "4", "8", "--image-shape", "12", "8"]) == 0
    followed, given = (config.parameters for config, _ in asked)
    assert (followed["image_shape"], followed["hidden_sizes"]) == ([8, 12], [16, 32, 256])
    assert (given["image_shape"], given["hidden_sizes"]) == ([12, 8], [4, 8])


def test_a_run_is_trained_again_from_its_configuration(images_file, capsys):
    assert main([*RBM, "--n-hidden", "3", "--n-epochs", "2", "--seed", "5", "--run-dir", "first", "--no-verbose"]) == 0
    assert main(["train", "--config", "first/config.toml", "--run-dir", "second"]) == 0
    first, second = (RunDirectory(name) for name in ("first", "second"))
    assert first.config() == second.config()
    np.testing.assert_array_equal(first.load_estimator().components_, second.load_estimator().components_)
    assert main(["train", "--config", "first/config.toml", "--run-dir", "first"]) == 0
    assert "first is trained already" in capsys.readouterr().out


def test_a_configuration_is_overridden_by_options(asked, tmp_path):
    file = TrainConfig.resolve("gaussian-bernoulli-rbm", "own.npz", 4, n_hidden=3, **RECIPES["reconstruction"])
    Path("config.toml").write_text(file.to_toml())
    shutil.copy("own.npz", "other.npz")
    command = ["train", "gaussian-bernoulli-rbm", "--config", "config.toml"]
    assert main(command) == 0
    assert main([*command, "--n-hidden", "9", "--seed", "6", "--data", "other.npz"]) == 0
    assert main([*command, "--recipe", "textbook"]) == 0
    (same, path), (options, _), (recipe, _) = asked
    assert same == file  # the default recipe does not come between
    assert str(path) == "runs/gaussian-bernoulli-rbm-own-3-seed4"
    assert options.data == str(tmp_path / "other.npz")
    assert options.parameters == file.parameters | {"n_hidden": 9, "random_state": 6}
    assert recipe.parameters == file.parameters | RECIPES["textbook"]


def test_a_configuration_may_leave_out_what_has_a_default(asked):
    Path("mine.toml").write_text("[parameters]\nn_latent = 2\nhidden_sizes = [8, 4]\n")
    assert main([*VAE, "--config", "mine.toml"]) == 0
    assert [config for config, _ in asked] == [
        TrainConfig.resolve("vae", "own.npz", 0, n_latent=2, hidden_sizes=(8, 4))
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('model = "vae"\ndata = "own.npz"', "c.toml configures the model vae, not gaussian-bernoulli-rbm"),
        ("model = ", "c.toml is not TOML"),
        (
            "model = 3",
            "c.toml must hold the texts model and data, the number test_fraction and the table parameters; found model",
        ),
        ("n_hidden = 3", "found n_hidden = 3"),
        ("[parameters]\nhiden = 3", "c.toml: gaussian-bernoulli-rbm has no parameter 'hiden'"),
        ('data = "missing.npy"', "missing.npy does not exist"),
        ("[parameters]\nn_hidden = 3", "--data is missing"),
        ('data = "own.npz"\n[parameters]\nn_hidden = 0', "n_hidden must be a positive integer; got 0"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(images_file, capsys, text, sentence):
    Path("c.toml").write_text(text)
    assert main(["train", "gaussian-bernoulli-rbm", "--config", "c.toml"]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no model is named; it must be one of bernoulli-rbm, conditional-vae"),
        (["--config", "mine.toml"], "no model is named in mine.toml"),
        (["vea", "--data", "own.npz"], "model must be one of bernoulli-rbm, conditional-vae"),
        (["--seed", "3"], "options follow the model's name, as in harmonium train MODEL --seed"),
        (["vae", "--data", "own.npz", "--architecture", "convolutional", "--image-shape", "9", "9"], "81 pixels"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(images_file, capsys, arguments, sentence):
    Path("mine.toml").write_text("[parameters]\n")
    assert main(["train", *arguments]) == 1
    assert sentence in capsys.readouterr().err


def test_progress_is_shown_unless_it_is_not_wanted(images_file, capsys):
    few = ["--n-hidden", "3", "--n-epochs", "1"]
    assert main([*RBM, *few, "--run-dir", "loud"]) == 0
    assert "epoch 1/1" in capsys.readouterr().err
    assert main([*RBM, *few, "--run-dir", "quiet", "--no-verbose"]) == 0
    assert capsys.readouterr().err == ""
    assert RunDirectory("loud").config() == RunDirectory("quiet").config()


def test_the_classifier_is_trained_and_measured(images_file, capsys):
    assert main(["train", "image-classifier", "--data", "own.npz", "--n-epochs", "2", "--run-dir", "judge"]) == 0
    assert main(["evaluate", "judge"]) == 0
    assert "test_accuracy" in capsys.readouterr().out


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_sentence_without_a_place_in_the_code(images_file, capsys):
    words = "--beta 1000 --learning-rate 0.01 --n-epochs 60 --hidden-sizes 8 --run-dir collapsed"
    assert main(["train", "vae", "--data", str(images_file), *words.split()]) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "collapsed:" in line]
    assert line.startswith("warning: the posterior has collapsed: its KL divergence")
