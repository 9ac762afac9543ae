"""Training into run directories: resuming, faults, evaluating."""

import shutil

import numpy as np
import pytest
import torch

import harmonium
from earlier_files import as_of_version_1, unseal_run
from harmonium.data.noise import add_noise
from harmonium.exceptions import DamagedFileError, DivergenceError, InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.evaluate import evaluate
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.train import train
from harmonium.families.sparse_autoencoder import TEST_NOISE_SEED
from harmonium.seals import seal
from harmonium.training.checkpoint import checkpoint_paths

SAMPLED = {"objective": "pcd", "negative_phase": "sampled", "optimizer": "sgd", "learning_rate": 0.05}
# the lowest validation loss is the third epoch's: what is saved are not the last weights
HELD_BACK = {"learning_rate_schedule": "cosine", "validation_fraction": 0.2, "patience": 4}
VARIANTS = {
    "cd": ("gaussian-bernoulli-rbm", {"n_hidden": 4, "log_likelihood_every": 2}),
    "pcd": ("gaussian-bernoulli-rbm", {"n_hidden": 4, **SAMPLED}),
    "likelihood": ("gaussian-bernoulli-rbm", {"n_hidden": 4, "objective": "likelihood"}),
    "vae": ("conditional-vae", {"n_latent": 4, "likelihood": "calibrated-gaussian", "n_warmup_epochs": 3}),
    "held-back rbm": ("gaussian-bernoulli-rbm", {"n_hidden": 4, "validation_fraction": 0.2, "patience": 4}),
    "sparse-autoencoder": ("sparse-autoencoder", {"overcompleteness": 4 / 30, "l1": 0.1, "validation_fraction": 0.2}),
    "unrolled": (
        "sparse-autoencoder",
        {"overcompleteness": 4 / 30, "encoder": "unrolled", "n_active": 2, "n_active_of": "batch"},
    ),
    "early-stopping": ("vae", {"n_latent": 4, "hidden_sizes": (16,), "learning_rate": 0.1, "beta": 0.1, **HELD_BACK}),
}


class Killed(BaseException):
    pass


def kill_after(epoch):
    def callback(trainer):
        if trainer.epoch == epoch:
            raise Killed

    return callback


@pytest.fixture(params=VARIANTS)
def config(request, images_file):
    model, settings = VARIANTS[request.param]
    return TrainConfig.resolve(model, str(images_file), 3, n_epochs=6, batch_size=64, **settings)


@pytest.fixture
def uninterrupted(config, tmp_path):
    run = RunDirectory(tmp_path / "uninterrupted")
    train(config, run)
    return run


def weights(run):
    return {k: v.clone() for k, v in run.load_estimator().module_.state_dict().items()}


def assert_same_bits(a, b):
    for name, value in weights(a).items():
        assert torch.equal(value, weights(b)[name]), name
    drop = [{k: v for k, v in row.items() if k != "seconds"} for row in a.history()]
    assert drop == [{k: v for k, v in row.items() if k != "seconds"} for row in b.history()]


def test_a_run_holds_everything_that_is_promised(config, uninterrupted):
    names = {path.name for path in uninterrupted.path.iterdir()}
    assert names >= {"config.toml", "manifest.json", "model.safetensors", "model.json", "history.csv", "checkpoints"}
    assert uninterrupted.config() == config
    manifest = uninterrupted.manifest()
    assert manifest["versions"]["torch"] == torch.__version__
    assert len(manifest["data_sha256"]) == 64
    history = uninterrupted.history()
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5, 6]
    loss = {"gaussian-bernoulli-rbm": "training_mse", "sparse-autoencoder": "squared_error"}.get(
        config.model, "negative_elbo"
    )
    assert history[-1][loss] < history[0][loss]
    assert [path.name for path in checkpoint_paths(uninterrupted.checkpoints)] == [
        "epoch-000006.safetensors",
        "epoch-000005.safetensors",
    ]
    estimator = harmonium.load(uninterrupted.path)
    assert estimator.transform(np.zeros((2, 30))).shape == (2, 4)


@pytest.mark.parametrize("epoch", [1, 4])
def test_a_killed_run_that_goes_on_equals_one_that_was_not(config, uninterrupted, tmp_path, epoch):
    run = RunDirectory(tmp_path / "killed")
    with pytest.raises(Killed):
        train(config, run, kill_after(epoch))
    assert not run.is_trained
    assert len(run.history()) == epoch
    train(config, run)
    assert_same_bits(run, uninterrupted)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"garbage" * 50,
        lambda content: content[:-100],
        lambda content: content[:-9] + bytes([content[-9] ^ 4]) + content[-8:],
    ],
    ids=["empty", "garbage", "cut short", "one bit"],
)
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(config, uninterrupted, tmp_path, caplog, damage):
    run = RunDirectory(tmp_path / "killed")
    with pytest.raises(Killed):
        train(config, run, kill_after(4))
    newest, _ = checkpoint_paths(run.checkpoints)
    newest.write_bytes(damage(newest.read_bytes()))
    epochs = []
    train(config, run, lambda trainer: epochs.append(trainer.epoch))
    assert epochs == [4, 5, 6]
    assert [message for message in caplog.messages if message.startswith(f"passed over: {newest}")]
    assert_same_bits(run, uninterrupted)


def test_a_folder_with_a_checkpoints_name_is_passed_over_and_left_alone(config, uninterrupted, tmp_path, caplog):
    run = RunDirectory(tmp_path / "killed")
    with pytest.raises(Killed):
        train(config, run, kill_after(4))
    newest, _ = checkpoint_paths(run.checkpoints)
    newest.unlink()
    newest.mkdir()
    epochs = []
    train(config, run, lambda trainer: epochs.append(trainer.epoch))
    assert epochs == [4, 5, 6]
    assert newest.is_dir()
    said = [message for message in caplog.messages if newest.name in message]
    assert [message.partition(":")[0] for message in said[:1]] == ["passed over"]
    assert said[1:] == [f"no checkpoint of epoch 4 is written: {newest} is a folder"]
    assert_same_bits(run, uninterrupted)


def test_a_configuration_that_was_edited_by_hand_is_refused(config, uninterrupted, tmp_path):
    run = RunDirectory(shutil.copytree(uninterrupted.path, tmp_path / "copy"))
    text = (run.path / "config.toml").read_text()
    (run.path / "config.toml").write_text(text.replace("n_epochs = 6", "n_epochs = 9"))
    for use in (lambda: train(config, run), lambda: evaluate(run)):
        with pytest.raises(DamagedFileError, match=r"config\.toml is damaged: it has changed since it was written"):
            use()


def test_a_run_of_a_version_without_checksums_goes_on_and_is_read(config, uninterrupted, tmp_path):
    run = RunDirectory(tmp_path / "killed")
    with pytest.raises(Killed):
        train(config, run, kill_after(4))
    unseal_run(run.path)
    epochs = []
    train(config, run, lambda trainer: epochs.append(trainer.epoch))
    assert epochs == [5, 6]
    assert_same_bits(run, uninterrupted)
    as_of_version_1(run.path)
    unseal_run(run.path)
    assert not train(config, run)
    assert_same_bits(run, uninterrupted)
    assert evaluate(run)["test_mse"] == evaluate(uninterrupted)["test_mse"]


def test_what_is_trained_is_not_trained_again(config, uninterrupted):
    before = weights(uninterrupted)
    train(config, uninterrupted, kill_after(1))  # would raise if an epoch were run
    assert all(torch.equal(before[name], value) for name, value in weights(uninterrupted).items())


@pytest.mark.parametrize("name", ["model.safetensors", "model.json"])
def test_damaged_weights_are_made_again_from_the_last_checkpoint(config, uninterrupted, tmp_path, name):
    run = RunDirectory(shutil.copytree(uninterrupted.path, tmp_path / "copy"))
    (run.path / name).write_bytes(b"")
    train(config, run, kill_after(6))  # would raise if the last epoch were run again
    assert_same_bits(run, uninterrupted)


def test_data_that_changed_under_a_run_are_refused_and_nothing_is_lost(config, images_file, tmp_path):
    run = RunDirectory(tmp_path / "run")
    with pytest.raises(Killed):
        train(config, run, kill_after(2))
    kept = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    arrays = dict(np.load(images_file))
    np.savez(images_file, **(arrays | {"X_train": arrays["X_train"][::-1]}))
    with pytest.raises(InvalidInputError, match=r"was begun on other data: .* has changed since"):
        train(config, run)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == kept


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda X: X[:, :, :4], "the test split of .*: X has 24 features, but .* is expecting 30"),
        (lambda X: np.where(np.arange(5) == 1, np.nan, X), "the test split of .*: X contains NaN at row 0, column 1"),
    ],
)
def test_a_test_split_that_does_not_fit_is_said_before_training(config, images_file, tmp_path, spoil, sentence):
    arrays = dict(np.load(images_file))
    np.savez(images_file, **(arrays | {"X_test": spoil(arrays["X_test"])}))
    run = RunDirectory(tmp_path / "run")
    with pytest.raises(InvalidInputError, match=sentence):
        train(config, run, kill_after(1))
    assert not run.path.exists()


def test_training_rows_never_stand_in_for_a_missing_or_broken_test_split(config, images_file, tmp_path):
    arrays = dict(np.load(images_file))
    np.savez(images_file, X_train=arrays["X_train"], y_train=arrays["y_train"])
    run = RunDirectory(tmp_path / "run")
    train(config, run)
    with pytest.raises(InvalidInputError, match="must hold an array X_test; it holds"):
        evaluate(run)
    np.savez(images_file, **(arrays | {"y_test": arrays["y_test"][1:]}))
    with pytest.raises(InvalidInputError, match="100 rows in X and 99 labels in y"):
        evaluate(run, str(images_file))


def test_a_folder_of_another_configuration_is_refused_by_name(config, uninterrupted):
    other = TrainConfig(config.model, config.data, config.parameters | {"batch_size": 5})
    with pytest.raises(InvalidInputError, match=r"holds a run with batch_size = 64, not 5; choose another run dir"):
        train(other, uninterrupted)


def test_a_full_disk_leaves_the_last_checkpoint_and_no_litter(config, uninterrupted, tmp_path, monkeypatch):
    run = RunDirectory(tmp_path / "full")

    def fill_the_disk(trainer):
        if trainer.epoch == 3:
            monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))

    with pytest.raises(OSError, match="No space left"):
        train(config, run, fill_the_disk)
    monkeypatch.undo()
    assert checkpoint_paths(run.checkpoints)[0].name == "epoch-000003.safetensors"
    assert not list(run.path.rglob("*.tmp"))
    monkeypatch.chdir(tmp_path)
    train(config, run)
    assert_same_bits(run, uninterrupted)


def test_a_diverging_run_keeps_its_last_good_checkpoint(images_file, tmp_path):
    config = TrainConfig.resolve("gaussian-bernoulli-rbm", str(images_file), 0, n_hidden=4, n_epochs=6)
    run = RunDirectory(tmp_path / "diverging")

    def spoil(trainer):
        if trainer.epoch == 2:
            trainer.optimizer.param_groups[0]["lr"] = 1e38

    with pytest.raises(DivergenceError, match=r"diverged in epoch [3-6]"):
        train(config, run, spoil)
    assert len(checkpoint_paths(run.checkpoints)) == 2
    assert not run.is_trained
    train(config, run)  # with the configured rate it goes on
    assert run.is_trained


def test_evaluation_measures_the_test_split_and_writes_it_down(uninterrupted, images_file):
    metrics = evaluate(uninterrupted)
    test = harmonium.load_dataset(images_file, "test")
    estimator = uninterrupted.load_estimator()
    model = uninterrupted.config().model
    given = (test.X, test.labels) if model == "conditional-vae" else (test.X,)
    if model == "sparse-autoencoder":  # it is asked to denoise
        given = (add_noise(test.X, estimator.noise, TEST_NOISE_SEED),)
    assert metrics["test_mse"] == pytest.approx(np.square(estimator.reconstruct(*given) - test.X).mean(), rel=1e-6)
    if model == "gaussian-bernoulli-rbm":
        assert metrics["test_log_likelihood"] == pytest.approx(estimator.score_samples(test.X).mean(), rel=1e-6)
        assert metrics["log_likelihood_standard_error"] == 0
        assert metrics["effective_sample_size"] is None
    elif model != "sparse-autoencoder":
        assert metrics["negative_elbo"] == pytest.approx(-estimator.elbo(*given).mean(), rel=1e-6)
        assert metrics["negative_iwae"] < metrics["negative_elbo"]
        assert metrics["kl"] > 0
        assert 0 <= metrics["active_units"] <= 4
    assert uninterrupted.metrics() == metrics


def test_evaluation_on_another_file_writes_nothing(uninterrupted, tmp_path):
    np.save(tmp_path / "other.npy", np.zeros((5, 30)))
    assert evaluate(uninterrupted, str(tmp_path / "other.npy"))["test_mse"] > 0
    assert uninterrupted.metrics() is None


@pytest.mark.parametrize("name", ["config.toml", "history.csv", "metrics.json", "manifest.json"])
def test_a_damaged_file_of_a_run_is_named(uninterrupted, tmp_path, name):
    evaluate(uninterrupted)
    run = RunDirectory(shutil.copytree(uninterrupted.path, tmp_path / "copy"))
    (run.path / name).write_text("epoch\n{[x\n")
    read = {
        "config.toml": run.config,
        "history.csv": run.history,
        "metrics.json": run.metrics,
        "manifest.json": run.manifest,
    }
    with pytest.raises(DamagedFileError, match=name.replace(".", r"\.")):
        read[name]()


def test_an_unknown_parameter_is_refused_with_those_there_are():
    with pytest.raises(
        InvalidInputError, match=r"gaussian-bernoulli-rbm has no parameter 'n_latent'; it has .*n_hidden"
    ):
        TrainConfig.resolve("gaussian-bernoulli-rbm", "mnist", 0, n_latent=3)
    with pytest.raises(InvalidInputError, match=r"model must be one of .*gaussian-bernoulli-rbm, .*vae; got 'rbm'"):
        TrainConfig.resolve("rbm", "mnist", 0)


def test_a_run_of_before_a_parameter_was_there_goes_on_as_with_its_default(images_file, tmp_path):
    settings = {"n_hidden": 3, "n_epochs": 1}
    config = TrainConfig.resolve("gaussian-bernoulli-rbm", str(images_file), 0, **settings)
    run = RunDirectory(tmp_path / "run")
    train(config, run)
    text = (run.path / "config.toml").read_text()
    (run.path / "config.toml").write_bytes(seal(text.replace("validation_fraction = 0.0\n", "")))
    assert "validation_fraction" not in run.config().parameters
    run.check(config)
    other = TrainConfig.resolve(config.model, config.data, 0, validation_fraction=0.5, **settings)
    with pytest.raises(InvalidInputError, match=r"holds a run with validation_fraction = 0\.0, not 0\.5"):
        run.check(other)
