"""What the kernel of a notebook does first: it sees to it that no process outlives the command that started it."""

from __future__ import annotations

import subprocess

# A process of the kernel's own group waits, whatever native code the kernel is busy in, for the end of its input. The
# command alone holds the other end, which closes after SIGKILL too: then the group ends, with all that cells started.
_WATCH = "trap '' INT TERM HUP; read -r _; kill -KILL 0"
_watch: subprocess.Popen[bytes] | None = None


def load_ipython_extension(shell: object) -> None:
    """Start the watch; IPython calls this as the kernel begins."""
    global _watch
    _watch = subprocess.Popen(["sh", "-c", _WATCH], stdin=0)  # noqa: S603, S607  # its text is this file's own
