"""``harmonium train --continue``: more epochs for a run, as if it had had them from the beginning."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from harmonium.cli.main import main
from harmonium.experiments.run_directory import RunDirectory
from harmonium.training.checkpoint import checkpoint_paths

FAMILIES = {
    "bernoulli-rbm": ["--n-hidden", "3"],
    "gaussian-bernoulli-rbm": ["--n-hidden", "3", "--recipe", "textbook"],
    "vae": ["--n-latent", "2", "--hidden-sizes", "4", "--validation-fraction", "0.2"],
    "conditional-vae": ["--n-latent", "2", "--hidden-sizes", "4"],
    "sparse-autoencoder": ["--overcompleteness", "0.2", "--learning-rate-schedule", "constant"],
    "image-classifier": ["--learning-rate-schedule", "constant"],
}
RBM = ["train", "bernoulli-rbm", "--data", "own.npz", "--n-hidden", "3", "--no-verbose"]


def train(*words):
    return main(["train", *words, "--no-verbose"])


def assert_same_run(a, b):
    a, b = RunDirectory(a), RunDirectory(b)
    assert a.config() == b.config()
    one, other = (run.load_estimator() for run in (a, b))
    assert one.get_params() == other.get_params()
    for name, value in one.module_.state_dict().items():
        np.testing.assert_array_equal(value, other.module_.state_dict()[name], err_msg=name)
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in run.history()] for run in (a, b)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_that_is_continued_equals_one_of_all_epochs_bit_for_bit(images_file, family):
    words = [family, "--data", "own.npz", *FAMILIES[family]]
    assert train(*words, "--n-epochs", "2", "--run-dir", "run") == 0
    assert main(["evaluate", "run"]) == 0
    assert train("run", "--continue", "--n-epochs", "5") == 0
    assert train(*words, "--n-epochs", "5", "--run-dir", "whole") == 0
    assert_same_run("run", "whole")
    assert not Path("run/metrics.json").exists()  # they were of fewer epochs
    assert main(["evaluate", "run"]) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--continue", "run", "--n-epochs", "3"],
        ["run", "--continue", "--n-epochs", "3"],
        ["--continue", "--run-dir", "run", "--n-epochs", "3"],
        ["bernoulli-rbm", "--run-dir", "run", "--continue", "--n-epochs", "3"],
        ["bernoulli-rbm", "--data", "own.npz", "--n-hidden", "3", "--run-dir", "run", "--continue", "--n-epochs", "3"],
    ],
)
def test_a_run_to_continue_is_named_in_any_order(images_file, words):
    assert main([*RBM, "--n-epochs", "1", "--run-dir", "run"]) == 0
    assert train(*words) == 0
    assert len(RunDirectory("run").history()) == RunDirectory("run").config().parameters["n_epochs"] == 3


def test_the_same_settings_find_their_run_whatever_its_epochs(images_file):
    assert main([*RBM, "--n-epochs", "1"]) == 0
    assert main([*RBM, "--n-epochs", "3", "--continue"]) == 0
    (run,) = Path("runs").iterdir()
    assert len(RunDirectory(run).history()) == 3


def test_a_stop_while_continuing_leaves_the_run_as_it_was_and_the_same_command_goes_on(images_file, monkeypatch):
    assert main([*RBM, "--n-epochs", "2", "--run-dir", "run"]) == 0
    shutil.copytree("run", "before")
    taken = []

    def stop(self, trainer):
        taken.append(trainer.epoch)
        if trainer.epoch == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("harmonium.training.progress.ProgressBar.__call__", stop)
        assert main(["train", "run", "--continue", "--n-epochs", "6"]) == 130
    assert_same_run("run", "before")
    assert main(["evaluate", "run"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(
            "harmonium.training.progress.ProgressBar.__call__", lambda self, trainer: taken.append(trainer.epoch)
        )
        assert main(["train", "run", "--continue", "--n-epochs", "6"]) == 0
    assert taken == [3, 4, 5, 6]
    assert main([*RBM, "--n-epochs", "6", "--run-dir", "whole"]) == 0
    assert_same_run("run", "whole")


def test_a_run_made_again_does_not_take_the_checkpoint_of_more_epochs(images_file):
    assert main([*RBM, "--n-epochs", "2", "--run-dir", "run"]) == 0
    shutil.copytree("run", "before")
    assert main([*RBM, "--n-epochs", "5", "--run-dir", "longer"]) == 0
    for path in checkpoint_paths(Path("longer/checkpoints")):
        shutil.copy(path, "run/checkpoints")
    for path in checkpoint_paths(Path("run/checkpoints"))[2:]:
        path.unlink()
    Path("run/model.safetensors").write_bytes(b"damaged")
    assert main([*RBM, "--n-epochs", "2", "--run-dir", "run"]) == 0
    assert_same_run("run", "before")


def test_a_run_that_was_stopped_is_continued_too(images_file, monkeypatch):
    def stop(self, trainer):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("harmonium.training.progress.ProgressBar.__call__", stop)
        assert main(["train", "bernoulli-rbm", "--data", "own.npz", "--n-hidden", "3", "--run-dir", "run"]) == 130
    assert train("run", "--continue", "--n-epochs", "30") == 0
    assert main([*RBM, "--n-epochs", "30", "--run-dir", "whole"]) == 0
    assert_same_run("run", "whole")


def test_a_cosine_schedule_is_stretched_and_this_is_said(images_file, caplog):
    words = ["vae", "--data", "own.npz", "--n-latent", "2", "--hidden-sizes", "4"]
    words += ["--learning-rate-schedule", "cosine"]
    assert train(*words, "--n-epochs", "2", "--run-dir", "run") == 0
    assert not caplog.records
    assert train("run", "--continue", "--n-epochs", "4") == 0
    assert "the cosine schedule now spans 4 epochs" in caplog.text


def test_what_ended_early_stays_ended(images_file):
    words = ["vae", "--data", "own.npz", "--n-latent", "2", "--hidden-sizes", "4", "--learning-rate", "0.1"]
    words += ["--validation-fraction", "0.2", "--patience", "1"]
    assert train(*words, "--n-epochs", "50", "--run-dir", "run") == 0
    n_epochs = len(RunDirectory("run").history())
    assert n_epochs < 50
    assert train("run", "--continue", "--n-epochs", "60") == 0
    assert len(RunDirectory("run").history()) == n_epochs


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "--continue", "--n-epochs", "1"], "run is a run of 2 epochs; n_epochs must be at least that; got 1"),
        (["nowhere", "--continue", "--n-epochs", "5"], "nowhere holds no run to continue: config.toml is missing"),
        (["--continue", "--n-epochs", "5"], "a run to continue is missing, as in harmonium train RUN --continue"),
        (["vae", "--data", "own.npz", "--continue", "--n-epochs", "5"], "no run of these settings to continue"),
        (["vae", "--run-dir", "run", "--continue"], "configures the model bernoulli-rbm, not vae"),
        (
            ["bernoulli-rbm", "--run-dir", "run", "--continue", "--n-epochs", "5", "--n-hidden", "4"],
            "holds a run with n_hidden = 3, not 4",
        ),
        (["--config", "run/config.toml", "--run-dir", "run", "--n-epochs", "5"], "or --continue this run"),
    ],
)
def test_what_cannot_be_continued_is_one_sentence(images_file, capsys, words, sentence):
    assert main([*RBM, "--n-epochs", "2", "--run-dir", "run"]) == 0
    assert train(*words) == 1
    assert sentence in capsys.readouterr().err.replace("\n", " ")


def test_other_data_or_no_checkpoint_leave_the_run_as_it_was(images_file, capsys):
    assert main([*RBM, "--n-epochs", "2", "--run-dir", "run"]) == 0
    shutil.copytree("run", "before")
    arrays = dict(np.load("own.npz"))
    np.savez("own.npz", **(arrays | {"X_train": arrays["X_train"] / 2}))
    assert train("run", "--continue", "--n-epochs", "3") == 1
    assert "has changed since" in capsys.readouterr().err
    np.savez("own.npz", **arrays)
    shutil.rmtree("run/checkpoints")
    assert train("run", "--continue", "--n-epochs", "3") == 1
    assert "no checkpoint" in capsys.readouterr().err
    assert_same_run("run", "before")


def test_nothing_is_done_where_there_is_nothing_more_to_do(images_file, capsys):
    assert main([*RBM, "--n-epochs", "2", "--run-dir", "run"]) == 0
    assert train("run", "--continue") == 0
    assert train("run", "--continue", "--n-epochs", "2") == 0
    assert capsys.readouterr().out.count("run is trained already") == 2
