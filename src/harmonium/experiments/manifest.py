"""How a run was made: versions, revision, command, machine."""

from __future__ import annotations

import contextlib
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harmonium.families.family import NUMBER

CONTENTS: Mapping[str, Any] = {"versions": dict, "machine": str, "threads": NUMBER, "data_sha256": str}
_PACKAGES = ("harmonium", "torch", "numpy", "scikit-learn", "numba", "optuna", "openTSNE")


def make_manifest(data_sha256: str) -> dict[str, Any]:
    """Return what is to be known of a run that begins now, as JSON's types.

    Parameters
    ----------
    data_sha256 : str
        Of the data that it is trained on.
    """
    import torch

    return {
        "versions": _versions(),
        "data_sha256": data_sha256,
        "git_revision": _git_revision(),
        "command": " ".join(sys.argv),
        "machine": platform.platform(),
        "device": "cpu",
        "threads": torch.get_num_threads(),
    }


def _versions() -> dict[str, str]:
    """Return the versions of Python and of what is installed of the packages that a run's figures depend on."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):  # one of an extra
            versions[name] = version(name)
    return versions


def _git_revision() -> str | None:
    """Return the revision of the checkout that harmonium runs from, or None outside of one."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None
