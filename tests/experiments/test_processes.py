"""Processes that `run_jobs` starts: they end with the one that started them, and say what concerns a person."""

import os
import signal
import sys

import pytest

from processes import is_alive, start, wait_for

SCRIPT = """
import os, sys, time, warnings
from functools import partial
from pathlib import Path
from rich.console import Console
from harmonium.cli.signals import stop_in_order
from harmonium.experiments.processes import run_jobs

def job(name):
    Path(name).write_text(str(os.getpid()))
    time.sleep(300)

def warn():
    warnings.warn("chains are short")

def search():
    run_jobs({name: partial(job, name) for name in ("a", "b", "c")}, Console(quiet=True), unit="", total=3, n_workers=2)
    return 0

"""


@pytest.fixture(autouse=True)
def light_torch(tmp_path):
    """In place of PyTorch, which takes every process seconds to import."""
    (tmp_path / "torch.py").write_text("def set_num_threads(n): pass")


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def workers(folder):
    return [int(text) for name in ("a", "b") if (folder / name).exists() and (text := (folder / name).read_text())]


@on_linux
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to it alone", "to its group"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_no_process_outlives_the_one_that_started_it(tmp_path, number, code, send):
    script = SCRIPT + "if __name__ == '__main__':\n    sys.exit(stop_in_order(search, at_exit=True))\n"
    process = start(script, tmp_path)
    assert wait_for(lambda: len(workers(tmp_path)) == 2)
    send(process.pid, number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert wait_for(lambda: not any(map(is_alive, workers(tmp_path))))
    if number != signal.SIGKILL:
        assert errors == "stopped; what was done is kept, and the same command goes on\n"
    assert not (tmp_path / "c").exists()


def test_a_script_that_each_process_runs_again_is_told_so(tmp_path):
    process = start(SCRIPT + "search()\n", tmp_path)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.splitlines()[-1].endswith(
        "HarmoniumError: a process could not start; each reads the script again, so in a script this belongs below "
        'if __name__ == "__main__":'
    )


def test_a_warning_in_a_process_is_one_sentence(tmp_path):
    run = "run_jobs({'a': warn}, Console(quiet=True), unit='', total=1)"
    _, errors = start(SCRIPT + f"if __name__ == '__main__':\n    {run}\n", tmp_path).communicate(timeout=60)
    assert errors == "warning: chains are short\n"
