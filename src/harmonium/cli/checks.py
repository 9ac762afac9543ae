"""What a command can find wrong before it imports what takes seconds."""

from __future__ import annotations

import os.path

from harmonium.data.registry import REGISTRY


def check_data(name: str) -> None:
    """Find that data have a known name or are a file; raise the error of `load_dataset` where they are neither."""
    if name not in REGISTRY and not os.path.isfile(name):  # noqa: PTH113  # pathlib's raises for a name of no file
        from harmonium.data.datasets import load_dataset

        load_dataset(name, "train")
