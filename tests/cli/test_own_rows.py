"""Runs on one's own files: rows held back for the test, folders of their own, a next command that works."""

import shlex
from pathlib import Path

import numpy as np
import pytest

import harmonium
from harmonium.cli.main import main
from harmonium.experiments.run_directory import RunDirectory

FEW = ["--n-epochs", "1", "--no-verbose"]
RBM = ["train", "bernoulli-rbm", "--n-hidden", "3", *FEW]
TUNE = ["tune", "bernoulli-rbm", "--n-trials", "2", "--n-epochs", "1", "--n-final-epochs", "1"]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Own files without a test split, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    X, y = generator.random((90, 6)), np.repeat([0, 1, 2], [60, 20, 10])
    np.save("x.npy", X)
    np.savez("xy.npz", X=X, y=y)
    np.savez("split.npz", X_train=X, X_test=X[:9])
    np.savez("lonely.npz", X=X, y=np.append(y[:-1], 3))
    for folder in ("a b", "c"):
        Path(folder).mkdir()
        np.save(f"{folder}/x.npy", generator.random((50, 6)))
    return tmp_path


def next_command(capsys):
    """The words of the command that a training printed last."""
    said = capsys.readouterr().out
    return shlex.split(said.rpartition("with: ")[2])


@pytest.mark.parametrize("data", ["x.npy", "xy.npz", "split.npz", "a b/x.npy"])
@pytest.mark.parametrize("fraction", ["0", "0.2"])
def test_the_command_that_training_prints_works(files, capsys, data, fraction):
    words = ["--test-fraction", fraction] if data != "split.npz" else []
    assert main([*RBM, "--data", data, *words]) == 0
    program, *command = next_command(capsys)
    assert program == "harmonium"
    assert main(command) == 0
    assert "test_mse" in capsys.readouterr().out


@pytest.mark.parametrize("fraction", ["0", "0.2"])
def test_the_command_that_tuning_prints_works(files, capsys, one_process, fraction):
    assert main([*TUNE, "--data", "xy.npz", "--test-fraction", fraction]) == 0
    assert main(next_command(capsys)[1:]) == 0


def test_the_rows_held_back_are_no_training_rows_and_every_class_has_its_share(files):
    assert main([*RBM, "--data", "xy.npz", "--test-fraction", "0.2", "--run-dir", "run"]) == 0
    config = RunDirectory("run").config()
    assert config.test_fraction == 0.2
    train, test, X = config.load("train"), config.load("test"), np.load("xy.npz")["X"]
    assert np.bincount(test.y).tolist() == [12, 4, 2]
    assert sorted(map(tuple, [*train.X, *test.X])) == sorted(map(tuple, X))
    again = harmonium.BernoulliRBM(3, n_epochs=1, random_state=0).fit(train.X)
    np.testing.assert_array_equal(harmonium.load("run").components_, again.components_)


def test_a_search_does_not_see_the_rows_held_back(files, one_process, monkeypatch):
    seen = set()
    fit = harmonium.BernoulliRBM._check_matrix

    def check(self, X, *, reset):
        seen.update(map(tuple, X) if reset else [])
        return fit(self, X, reset=reset)

    monkeypatch.setattr(harmonium.BernoulliRBM, "_check_matrix", check)
    assert main([*TUNE, "--data", "xy.npz", "--test-fraction", "0.2", "--run-dir", "tuned"]) == 0
    test = RunDirectory("tuned").config().load("test")
    assert len(test.X) == 18
    assert seen.isdisjoint(map(tuple, test.X))


def test_the_seed_draws_the_rows(files):
    for seed in ("0", "0", "1"):
        assert main([*RBM, "--data", "x.npy", "--test-fraction", "0.3", "--seed", seed, "--run-dir", seed]) == 0
    first, other = (RunDirectory(seed).config().load("test").X for seed in ("0", "1"))
    assert len(first) == len(other) == 27
    assert not np.array_equal(first, other)


def test_a_class_of_one_row_does_not_stand_in_the_way(files):
    assert main([*RBM, "--data", "lonely.npz", "--test-fraction", "0.2", "--run-dir", "run"]) == 0
    assert main(["evaluate", "run"]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--data", "split.npz", "--test-fraction", "0.2"], "has a test split of its own"),
        (["--data", "x.npy", "--test-fraction", "1"], "test_fraction must be a number in [0, 1); got 1"),
        (["--data", "x.npy", "--test-fraction", "-0.1"], "test_fraction must be a number in [0, 1); got -0.1"),
        (["--data", "x.npy", "--test-fraction", "0.999"], "cannot be held back"),
    ],
)
@pytest.mark.parametrize("command", [RBM, TUNE])
def test_rows_that_cannot_be_held_back_are_one_sentence(files, capsys, command, words, sentence):
    assert main([*command, *words, "--run-dir", "run"]) == 1
    assert sentence in capsys.readouterr().err
    assert not Path("run").exists()


def test_rows_of_a_file_that_has_changed_are_not_taken_for_those_held_back(files, capsys):
    assert main([*RBM, "--data", "x.npy", "--test-fraction", "0.2", "--run-dir", "run"]) == 0
    np.save("x.npy", np.random.default_rng(1).random((90, 6)))
    assert main(["evaluate", "run"]) == 1
    assert "has changed since run was trained on it" in capsys.readouterr().err


def test_a_run_without_test_rows_says_what_to_do(files, capsys):
    assert main([*RBM, "--data", "x.npy", "--run-dir", "run"]) == 0
    for command in ("evaluate", "score"):
        assert main([command, "run"]) == 1
        assert "name other rows by --data, or hold some back before training by --test-fraction" in (
            capsys.readouterr().err
        )


def test_no_two_runs_share_a_default_folder_and_each_finds_its_own_again(files, capsys):
    runs = [
        ["--data", "x.npy"],
        ["--data", "a b/x.npy"],
        ["--data", "c/x.npy"],
        ["--data", "x.npy", "--learning-rate", "0.02"],
        ["--data", "x.npy", "--test-fraction", "0.2"],
        ["--data", "x.npy", "--n-gibbs-steps", "2", "--batch-size", "16"],
    ]
    np.savez("x.npz", X=np.load("x.npy"))
    runs.append(["--data", "x.npz"])
    runs = [[*RBM, *words] for words in runs]
    runs.append([*RBM[:-3], "--n-epochs", "2", "--no-verbose", "--data", "x.npy"])
    for state in ("trained into", "is trained already"):
        for words in runs:
            assert main(words) == 0
            assert state in capsys.readouterr().out
    assert len(list(Path("runs").iterdir())) == len(runs)
    assert {"bernoulli-rbm-x-3-seed0", "bernoulli-rbm-x-3-seed0-2", "bernoulli-rbm-x-3-learning_rate=0.02-seed0"} <= {
        path.name for path in Path("runs").iterdir()
    }


def test_no_two_searches_share_a_default_folder(files, one_process):
    assert main([*TUNE, "--data", "x.npy"]) == 0
    assert main([*TUNE, "--data", "xy.npz"]) == 0
    assert main([*TUNE, "--data", "c/x.npy"]) == 0
    assert main([*TUNE, "--data", "x.npy"]) == 0
    names = {path.name for path in Path("runs").iterdir()}
    assert names == {f"tuned-bernoulli-rbm-{end}" for end in ("x-seed0", "xy-seed0", "x-seed0-2")}


def test_a_folders_name_is_one_folder_and_not_too_long(files):
    np.save("a long name " + "x" * 230 + ".npy", np.random.default_rng(0).random((40, 3)))
    assert main([*RBM, "--data", "a long name " + "x" * 230 + ".npy"]) == 0
    (run,) = Path("runs").iterdir()
    assert (run / "config.toml").exists()
    assert " " not in run.name
    assert main(["train", "vae", "--data", "x.npy", "--hidden-sizes", "4", "2", *FEW]) == 0
    assert Path("runs/vae-x-mlp-bernoulli-standard-16-hidden_sizes=4,2-seed0").exists()


def test_a_run_is_used_from_every_folder(files, monkeypatch):
    assert main([*RBM, "--data", "xy.npz", "--test-fraction", "0.2", "--run-dir", "run"]) == 0
    monkeypatch.chdir("c")
    assert main(["evaluate", "../run"]) == 0
    assert main(["embed", "../run", "--out", "h.npy"]) == 0
    assert main(["train", "--config", "../run/config.toml", "--run-dir", "again"]) == 0
    assert RunDirectory("again").config() == RunDirectory("../run").config()
    assert main([*RBM, "--data", "../xy.npz", "--test-fraction", "0.2", "--run-dir", "../run"]) == 0


def test_a_run_whose_path_was_written_as_it_was_typed_goes_on(files, capsys):
    assert main([*RBM, "--data", "x.npy", "--run-dir", "run"]) == 0
    config = Path("run/config.toml")
    lines = [line for line in config.read_text().splitlines() if not line.startswith(("#", "data"))]
    config.write_text("\n".join(['data = "x.npy"', *lines]))
    assert main([*RBM, "--data", "x.npy", "--run-dir", "run"]) == 0
    assert "run is trained already" in capsys.readouterr().out
