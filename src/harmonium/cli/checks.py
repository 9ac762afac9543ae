"""What a command can find wrong before it imports what takes seconds."""

from __future__ import annotations

from pathlib import Path

from harmonium.exceptions import DamagedFileError


def check_data(name: str) -> None:
    """Find that data have a known name or are a file; raise the error of `load_dataset` where they are neither."""
    from harmonium.data.registry import REGISTRY

    if name not in REGISTRY and not Path(name).is_file():
        from harmonium.data.datasets import load_dataset

        load_dataset(name, "train")


def check_run(path: Path) -> None:
    """Find that a folder is that of a run; raise DamagedFileError where it is not."""
    if not (path / "config.toml").is_file():
        raise DamagedFileError(f"{path} is not a whole run directory: config.toml is missing")
