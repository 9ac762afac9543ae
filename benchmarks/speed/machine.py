"""What the numbers were measured on: machine, threads, versions, date."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from setting import OWN_PYTHON, PEERS_PYTHON, SEED, THREADS

_PACKAGES = ("torch", "numpy", "scikit-learn", "numba", "openTSNE", "learnergy", "rbms", "pythae")
_ASK = (
    "import json, importlib.metadata as m\n"
    "have = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
    f"print(json.dumps({{p: have[p.lower()] for p in {_PACKAGES!r} if p.lower() in have}}))"
)


def versions(python: str) -> str:
    if not Path(python).exists():
        return "not there; `make bench` makes it"
    found = json.loads(subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=True).stdout)
    return ", ".join(f"{name} {number}" for name, number in found.items())


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def describe() -> str:
    load = os.getloadavg()[0]
    facts = [
        f"{processor()}, {os.cpu_count()} cores, {THREADS} threads; {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}; harmonium {version('harmonium')}, {versions(OWN_PYTHON)}",
        f"peers in an environment of their own: {versions(PEERS_PYTHON)}",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {SEED}, load average at the start {load:.1f}",
    ]
    return "\n".join(f"- {fact}" for fact in facts)
