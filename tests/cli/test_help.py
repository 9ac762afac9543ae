"""What a user sees first: examples in each help text that can be typed, completion, ``python -m``, the Tab key."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import harmonium
from harmonium.cli.examples import EXAMPLES
from harmonium.cli.main import app, main


@pytest.mark.parametrize("command", EXAMPLES)
def test_the_help_of_each_command_ends_with_its_examples(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    main([command, "--help"])
    _, _, shown = capsys.readouterr().out.partition("Examples")
    assert [line.strip() for line in shown.splitlines() if line.strip()] == list(EXAMPLES[command])


ROOT = Path(__file__).parents[2]
DOCUMENTED = [
    line
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for line in re.findall(r"^harmonium .*$", page.read_text(encoding="utf-8"), re.MULTILINE)
    if "ppca" not in line  # a family of the reader's own
]


@pytest.mark.parametrize("line", [*(line for lines in EXAMPLES.values() for line in lines), *DOCUMENTED])
def test_an_example_can_be_typed(line):
    program, *words = shlex.split(line, comments=True)
    assert program == "harmonium"
    app.parse_args(words, exit_on_error=False, print_error=False)


def test_every_command_has_examples(capsys):
    main(["--help"])
    said = capsys.readouterr().out
    names = {line.split()[1] for line in said.splitlines() if line.startswith("│ ") and line[2].islower()}
    assert set(EXAMPLES) <= names


def test_completion_is_installed_for_a_shell_and_knows_every_command(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert main(["--install-completion", "--shell", "bash"]) == 0
    (script,) = (path for path in tmp_path.rglob("harmonium*") if path.is_file())
    text = script.read_text()
    for word in (*EXAMPLES, "--n-latent", "--quantile", "--continue"):
        assert word in text


def test_python_m_is_the_command(tmp_path):
    call = [sys.executable, "-m", "harmonium", "--version"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == harmonium.__version__


def test_the_tab_key_offers_models_and_no_imports():
    assert dir(harmonium) == sorted(
        [
            *("BernoulliRBM", "ConditionalVAE", "GaussianBernoulliRBM", "OutlierDetector"),
            *("SparseAutoencoder", "VAE"),
            *("load", "load_dataset", "__version__"),
        ]
    )
    for name in dir(harmonium):
        assert getattr(harmonium, name)


FEW = "--n-epochs 1 --no-verbose"
COMMANDS = [
    f"train bernoulli-rbm --data own.npz --n-hidden 3 {FEW} --run-dir run",
    "train --config run/config.toml --run-dir run",
    "train run --continue --n-epochs 2",
    "evaluate run",
    "evaluate run --data own.npz",
    "sample run -n 2 --out x.npy",
    "reconstruct run --out x.npy",
    "denoise run --out x.csv",
    "embed run --out x.npy",
    "score run --quantile 0.1",
    "runs list .",
    "runs compare run run",
    "data list",
    "tune bernoulli-rbm --data own.npz --n-trials 2 --n-epochs 1 --n-final-epochs 1 --run-dir tuned",
]


def test_json_is_one_object_on_stdout_and_nothing_else(images_file, capsys, one_process):
    for command in COMMANDS:
        assert main([*command.split(), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert isinstance(found, dict), command
        assert found, command


def test_json_has_no_number_that_json_does_not_know(images_file, capsys, monkeypatch):
    assert main(COMMANDS[0].split()) == 0
    measured = {"test_mse": float("nan"), "test_log_likelihood": float("-inf")}
    monkeypatch.setattr("harmonium.experiments.evaluate.measure", lambda *_: measured)
    capsys.readouterr()
    assert main(["evaluate", "run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == dict.fromkeys(measured)


def test_output_that_is_not_read_to_its_end_is_no_error(trained):
    command = [sys.executable, "-m", "harmonium", "runs", "list", str(trained / "runs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_an_output_that_is_closed_is_no_error(trained):
    command = [sys.executable, "-m", "harmonium", "runs", "list", str(trained / "runs")]
    done = subprocess.run(command, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1), check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_error_leaves_stdout_empty(images_file, capsys):
    assert main(["evaluate", "nowhere", "--json"]) == 1
    assert capsys.readouterr().out == ""
    assert not Path("nowhere").exists()
