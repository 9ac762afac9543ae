"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

# a name that no other thread, process or host takes, and what earlier versions took
_TEMPORARY = re.compile(r"\.[0-9a-f]{32}\.tmp|\..+\.\d+\.tmp")


def write_atomically(path: Path, content: bytes | bytearray | str) -> None:
    """Write to a temporary name beside `path`, flush it to the disk, rename it, and flush the folder.

    A reader sees the old file or the new one, never a part; after an error (a full disk, a kill) the old one stands.
    When this returns, the new file outlasts a loss of power, as far as the system lets a folder be flushed.

    Raises
    ------
    OSError
        If it cannot be written; its ``filename`` is `path`, for a full disk too.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        try:
            with temporary.open("xb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _flush_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def sweep_temporaries(*folders: Path) -> None:
    """Remove the temporary files that killed processes left in folders.

    Only who alone writes into a folder may call this: it would take another writer's file away.
    """
    for path in (path for folder in folders for path in folder.glob(".*.tmp")):
        if _TEMPORARY.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folder, and one may be written into but not read
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
