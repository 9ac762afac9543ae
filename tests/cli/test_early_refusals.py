"""What cannot be done is refused before PyTorch is imported."""

import subprocess
import sys

import pytest

CALL = """
import sys
from harmonium.cli.main import main
code = main(sys.argv[1:])
print(code, "torch" in sys.modules)
"""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["report", "--run-dir", "nowhere"], "nowhere is not a folder of runs; harmonium reproduce makes one"),
        (["report", "--run-dir", ".", "--to", "docx"], "to must be one of 'ipynb', 'html', 'pdf'; got 'docx'"),
        (["report", "--run-dir", ".", "--report", "notes"], "the report needs a folder; notes is a file"),
        (["reproduce", "--data", "missing.npy"], "missing.npy does not exist"),
        (["reproduce", "--data", "imagenet"], "data must be fashion-mnist, mnist or the path of"),
        (["reproduce", "--report", "notes"], "the report needs a folder; notes is a file"),
    ],
)
def test_a_refusal_does_not_wait_for_pytorch(tmp_path, arguments, sentence):
    (tmp_path / "notes").write_text("mine")
    command = [sys.executable, "-c", CALL, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == "1 False\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


@pytest.mark.parametrize("command", ["report", "reproduce"])
def test_help_does_not_wait_for_pytorch_either(tmp_path, command):
    call = [sys.executable, "-c", CALL, command, "--help"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Where the" in done.stdout
    assert done.stdout.endswith("0 False\n")
