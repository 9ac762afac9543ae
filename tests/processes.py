"""Processes that tests start and end."""

import subprocess
import sys
import time
from pathlib import Path


def start(code, folder, *arguments):
    """Run a script in a process group of its own, as a terminal does; its input stays open."""
    (folder / "script.py").write_text(code)
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-m", "script", *arguments]
    return subprocess.Popen(command, cwd=folder, text=True, start_new_session=True, **streams)


def wait_for(is_so, seconds=60):
    """Look until something is so; say whether it came to be."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
