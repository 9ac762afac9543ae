"""Refusing what does not fit into memory before it is tried: Linux promises more than there is, and kills later."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harmonium.exceptions import TooLargeError

COPIES = 3  # of rows that are decoded, scaled back and returned
_CGROUP = Path("/sys/fs/cgroup")


@contextmanager
def memory_for(what: str, n_bytes: float) -> Iterator[None]:
    """Do what is inside where its memory is there, and say so where it is not.

    Parameters
    ----------
    what : str
        Begins the error's sentence.
    n_bytes : float
        At least needed.

    Raises
    ------
    TooLargeError
        If that is more than is available, or what is inside runs out of it.
    """
    available = available_memory()
    if n_bytes > available:
        raise TooLargeError(f"{what} needs {_size(n_bytes)} of memory or more; {_size(available)} is available")
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # PyTorch has no class of its own for it
        if isinstance(error, TooLargeError) or (isinstance(error, RuntimeError) and "allocate" not in str(error)):
            raise
        raise TooLargeError(f"{what} does not fit into memory; {_size(available)} is available") from error


def available_memory() -> float:
    """Return the bytes that this process can still take without swapping, infinity where the system does not say."""
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        of_machine = 1024.0 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        try:
            of_machine = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        except (AttributeError, OSError, ValueError):
            of_machine = float("inf")
    try:  # what a container may take
        limit, used = (int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # none, or "max"
        return of_machine
    return min(of_machine, float(limit - used))


def _size(n_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if n_bytes < 1000 or unit == "TB":
            break
        n_bytes /= 1000
    return f"{n_bytes:.3g} {unit}"
