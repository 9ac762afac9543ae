"""Whatever a file of a run or of a search holds, it is read or refused in one sentence that names it.

The files are those of a stranger: their SHA-256 is right, so that what reads them must bear any content.
"""

import shutil
import struct
from contextlib import suppress

import numpy as np
import pytest

from harmonium.estimators.fitting import prepare
from harmonium.exceptions import HarmoniumError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.evaluate import evaluate
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.study import count_ended_on_disk, mend_journal, open_study, summary
from harmonium.experiments.train import train
from harmonium.seals import seal
from harmonium.training.checkpoint import load_checkpoint
from mutations import mutations

CHECKPOINT = "checkpoints/epoch-000002.safetensors"
SETTING = {"seed": 0, "model": "vae"}
WORDS = (
    *(b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 400, b'""', b"[]", b"{}", b"[" * 3000, b'{"a":' * 2000),
    *(b"\x00", b"\xff", b"\x1b[31m", b"../", b"n" * 5000, b"F64", b"BOOL", b'"shape":[99999999999]', b"sha256:"),
)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run with a file of every kind, and a search's journal."""
    folder = tmp_path_factory.mktemp("whole")
    generator = np.random.default_rng(0)
    np.savez(folder / "own.npz", X_train=generator.random((60, 4)), X_test=generator.random((20, 4)))
    config = TrainConfig.resolve("vae", str(folder / "own.npz"), 0, n_latent=1, hidden_sizes=(2,), n_epochs=2)
    run = RunDirectory(folder / "run")
    train(config, run)
    evaluate(run)
    study = open_study(run.path, SETTING)
    trial = study.ask()
    trial.suggest_float("beta", 0.1, 1)
    study.tell(trial, 0.5)
    run.write_study(summary(study))
    run.write_array("map.npy", generator.normal(size=(9, 2)))
    return run


def read_checkpoint(run):
    config = run.config()
    load_checkpoint(prepare(config.make_estimator(), config.load("train").X, None).trainer, run.path / CHECKPOINT)


def read_journal(run):
    mend_journal(run.path / "study.log")
    summary(open_study(run.path, SETTING))


READERS = {
    "config.toml": lambda run: run.check(run.config()),
    "manifest.json": lambda run: run.check_whole(),
    "metrics.json": lambda run: run.check_whole(),
    "history.csv": lambda run: run.check_whole(),
    "study.json": lambda run: run.study(),
    "map.npy": lambda run: run.read_array("map.npy"),
    "model.json": lambda run: run.load_estimator(),
    "model.safetensors": lambda run: run.load_estimator(),
    CHECKPOINT: read_checkpoint,
    "study.log": read_journal,
}


def with_a_right_seal(content):
    """Return the content as its writer would seal it, and the length of a tensor file's header as it is now."""
    if content[8:9] == b"{" and b"}" in content:
        end = content.rfind(b"}") + 1
        content = struct.pack("<Q", end - 8) + content[8:]
    with suppress(ValueError):
        return bytes(seal(content))
    return content


@pytest.mark.parametrize("name", READERS)
def test_any_content_is_read_or_refused(whole, tmp_path, fuzz_cases, name):
    run = RunDirectory(shutil.copytree(whole.path, tmp_path / "run"))
    path, n_read = run.path / name, 0
    content = path.read_bytes()
    for k, other in enumerate(mutations([content], WORDS, fuzz_cases)):
        path.write_bytes(with_a_right_seal(other) if k % 2 else other)
        try:
            READERS[name](run)
            n_read += 1
        except HarmoniumError as error:
            sentence = str(error)
            assert "\n" not in sentence
            assert len(sentence) < 1000
            # a model's two files, and what depends on a run's settings, are told by the folder
            assert path.name in sentence or str(run.path) in sentence, sentence
        count_ended_on_disk(run.path)
    assert n_read < fuzz_cases
    path.write_bytes(content)
    READERS[name](run)
