"""What a run of the benchmark is given: how much to do, and where."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SEED = 0
THREADS = len(os.sched_getaffinity(0))
OWN_PYTHON = sys.executable
PEERS_PYTHON = str(REPOSITORY / ".venv-peers" / "bin" / "python")


@dataclass(frozen=True)
class Setting:
    quick: bool
    scratch: Path  # on a disk, for arrays that every process maps
    figures: Path  # where a section may draw, as <figures>_<name>.png
    out_of_core_gigabytes: float


def environment(threads: int = THREADS) -> dict[str, str]:
    """Return the environment of a process that computes with so many threads, and is otherwise as a user's is."""
    libraries = ("OMP", "MKL", "OPENBLAS", "NUMBA")
    return {
        **os.environ,
        **{f"{library}_NUM_THREADS": str(threads) for library in libraries},
        "PYTHONPATH": str(HERE),
    }


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
