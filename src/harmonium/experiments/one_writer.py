"""One process at a time writes into a folder; a second one is told of the first."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from harmonium.exceptions import HarmoniumError, InvalidInputError
from harmonium.files import sweep_temporaries, write_atomically

logger = logging.getLogger(__name__)
_LOCK, _WRITER = ".lock", ".writer"
_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_SECONDS = 0.2  # so long may the one before take to let go
_LONGEST = 200


class AnotherWriterError(HarmoniumError):
    """Another process writes into the folder."""


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Be the one process that writes into a folder, which is made where there is none.

    The lock is the kernel's (``flock``): it ends with the process, SIGKILL included. A thread that holds it may take it
    again. What killed writers left is swept. A folder that this process cannot write into needs no lock.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    AnotherWriterError
        If another process, or another thread of this one, writes there; it says which.
    InvalidInputError
        If the folder is a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InvalidInputError(f"{folder} is a file, and a folder is needed") from error
    if not os.access(folder, os.W_OK):
        yield
        return
    lock = FileLock(folder.resolve() / _LOCK, timeout=_SECONDS, is_singleton=True)
    is_outermost = not lock.is_locked
    try:
        lock.acquire()
    except Timeout as error:
        raise AnotherWriterError(_refusal(folder)) from error
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
        logger.warning("the disk of %s keeps no locks; see that no second process writes there", folder)
        yield
        return
    try:
        if is_outermost:
            sweep_temporaries(folder, folder / "checkpoints", folder / "figures")
            with suppress(OSError):  # on a full disk a second process is refused without this one's name
                write_atomically(folder / _WRITER, json.dumps(_this_process()))
        yield
    finally:
        if is_outermost:
            with suppress(OSError):
                (folder / _WRITER).unlink(missing_ok=True)
                (folder / _LOCK).unlink(missing_ok=True)
        lock.release()


def sweep_below(folder: Path) -> None:
    """Remove what killed processes left in the run directories below a folder, but for those that are written into."""
    places = {path.parent for path in folder.rglob(".*.tmp")}
    for place in {place.parent if place.name in ("checkpoints", "figures") else place for place in places}:
        with suppress(AnotherWriterError), one_writer(place):
            pass  # it sweeps


def _this_process() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": shlex.join(sys.argv)[:_LONGEST],
        "since": datetime.now().astimezone().isoformat(" ", "seconds"),
    }


def _refusal(folder: Path) -> str:
    try:
        writer = json.loads((folder / _WRITER).read_text(encoding="utf-8"))
        pid, host, command, since = (str(writer[key])[:_LONGEST] for key in ("pid", "host", "command", "since"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return f"another process writes into {folder}; wait for it to end, or choose another folder"
    parent = multiprocessing.parent_process()
    if parent is not None and pid == str(parent.pid):
        return (
            f"the process that started this one writes into {folder}; each process reads the script again, so in a "
            'script this belongs below if __name__ == "__main__":'
        )
    return (
        f"process {pid} on {host} writes into {folder} since {since} ({command}); "
        "wait for it to end, or choose another folder"
    )
