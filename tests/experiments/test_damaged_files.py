"""No flipped, lost or added byte of any file that is read back gives another result: the file is named, or it is whole.

One run directory holds a file of each kind. A refused checkpoint leaves the trainer as it was.
"""

import shutil

import numpy as np
import pytest
import torch

from harmonium.data.datasets import load_dataset
from harmonium.estimators.fitting import prepare
from harmonium.exceptions import DamagedFileError, HarmoniumError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.evaluate import evaluate
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.train import train
from harmonium.training.checkpoint import load_checkpoint, save_checkpoint

CHECKPOINT = "checkpoints/epoch-000003.safetensors"
FILES = [
    "config.toml",
    "manifest.json",
    "history.csv",
    "metrics.json",
    "study.json",
    "map.npy",
    "model.json",
    "model.safetensors",
    CHECKPOINT,
]
N_DAMAGES = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run with a file of every kind; nobody may change it."""
    folder = tmp_path_factory.mktemp("whole")
    generator = np.random.default_rng(0)
    np.savez(folder / "own.npz", X_train=generator.random((80, 5)), X_test=generator.random((30, 5)))
    config = TrainConfig.resolve(
        "vae", str(folder / "own.npz"), 0, n_latent=2, hidden_sizes=(4,), n_epochs=3, validation_fraction=0.2
    )
    run = RunDirectory(folder / "run")
    train(config, run)
    evaluate(run)
    run.write_study({"setting": {"seed": 0}, "trials": [{"number": 0, "parameters": {"beta": 0.5}}]})
    run.write_array("map.npy", generator.normal(size=(20, 2)))
    return run


@pytest.fixture
def run(whole, tmp_path):
    return RunDirectory(shutil.copytree(whole.path, tmp_path / "run"))


def new_trainer(run):
    config = run.config()
    data = load_dataset(config.data, "train")
    return prepare(config.make_estimator(), data.X, data.labels).trainer


def state_of(trainer):
    tensors = {f"objective.{k}": v.clone() for k, v in trainer.objective.state_dict().items()}
    for index, state in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value).clone() for key, value in state.items()}
    generators = {"order": trainer.generator, **trainer.objective.generators()}
    tensors |= {f"generator.{name}": generator.get_state() for name, generator in generators.items()}
    tensors |= {f"best.{k}": v.clone() for k, v in (trainer.best_state or {}).items()}
    return {k: v.tolist() for k, v in tensors.items()}, trainer.epoch, list(trainer.history), trainer.has_ended


def estimator_of(run):
    estimator = run.load_estimator()
    weights = {name: value.tolist() for name, value in estimator.module_.state_dict().items()}
    scaling = estimator.scaling_.mean.tolist(), estimator.scaling_.scale.tolist()
    return type(estimator), estimator.get_params(), estimator.history_, weights, scaling, estimator.n_features_in_


def content_of(run, name, trainer):
    """What is made of a file."""
    if name == CHECKPOINT:
        load_checkpoint(trainer, run.path / CHECKPOINT)
        return state_of(trainer)
    read = {
        "config.toml": run.config,
        "history.csv": run.history,
        "map.npy": lambda: run.read_array(name).tolist(),
        "model.json": lambda: estimator_of(run),
        "model.safetensors": lambda: estimator_of(run),
    }
    return read.get(name, lambda: run.read_json(name))()


def damaged(content, generator):
    """Yield the content with damages of every kind, in every region: the first bytes and the last ones most of all."""
    n = len(content)
    places = [
        *range(8),
        *range(n - 4, n),
        *generator.integers(0, min(n, 300), 20),
        *generator.integers(0, n, N_DAMAGES),
    ]
    for place in map(int, places):
        yield content[:place] + bytes([content[place] ^ 1 << int(generator.integers(8))]) + content[place + 1 :]
    for place in map(int, [0, 1, n // 2, n - 1, *generator.integers(0, n, 10)]):
        yield content[:place]  # cut short
        yield content[:place] + content[place + 1 :]  # a byte lost
        yield content[:place] + b"0" + content[place:]  # a byte too many
        yield content[:place] + bytes(min(64, n - place)) + content[place + 64 :]  # a block of zeros
    yield content + b"\n"
    yield content + content
    yield content[: n // 2] + generator.bytes(n - n // 2)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_or_gives_the_same(run, name):
    path, trainer = run.path / name, new_trainer(run)
    before, fresh = content_of(run, name, new_trainer(run)), state_of(trainer)
    content, n_refused, n = path.read_bytes(), 0, 0
    for other in damaged(content, np.random.default_rng(FILES.index(name))):
        path.write_bytes(other)
        n += 1
        try:
            found = content_of(run, name, trainer)
        except HarmoniumError as error:
            n_refused += 1
            assert path.name in str(error)
            assert "\n" not in str(error)
            assert state_of(trainer) == fresh
        else:
            assert found == before
            trainer = new_trainer(run)
    assert n_refused > 0.9 * n


@pytest.mark.parametrize("name", ["epoch-000003.safetensors", "epoch-000002.safetensors"])
def test_a_checkpoint_under_another_name_or_of_another_model_changes_nothing(run, tmp_path, name):
    trainer = new_trainer(run)
    other = TrainConfig.resolve("vae", run.config().data, 0, n_latent=3, hidden_sizes=(4,))
    data = load_dataset(other.data, "train")
    of_another = prepare(other.make_estimator(), data.X, data.labels).trainer
    before = state_of(trainer)
    for path, said in (
        (shutil.copy(run.checkpoints / name, tmp_path / "epoch-000009.safetensors"), "it holds epoch"),
        (tmp_path / "of another", "size mismatch"),
    ):
        if said == "size mismatch":
            save_checkpoint(of_another, path)
        with pytest.raises(DamagedFileError, match=said):
            load_checkpoint(trainer, path)
        assert state_of(trainer) == before
