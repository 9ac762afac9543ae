"""What a process that `run_jobs` starts does first."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import warnings
from multiprocessing.process import BaseProcess

from harmonium.visible import visible


def begin_worker(n_threads: int) -> None:
    """End with the parent, whatever ends it, and say warnings in one sentence; then import what the jobs need.

    Parameters
    ----------
    n_threads : int
        Of PyTorch.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
    # a file and a line of a process that nobody sees say nothing
    warnings.showwarning = lambda message, *_, **__: _say(f"warning: {message}")
    import torch  # takes seconds

    torch.set_num_threads(n_threads)


def _end_after(parent: BaseProcess) -> None:
    parent.join()  # a pipe whose other end the parent alone holds: it closes after SIGKILL too
    os._exit(1)


def _say(line: str) -> None:
    sys.stderr.write(f"{visible(line)}\n")
