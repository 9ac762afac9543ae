"""Which runs there are below a folder, and how far they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harmonium.exceptions import HarmoniumError, InvalidInputError
from harmonium.experiments.run_directory import RunDirectory
from harmonium.families.registry import find_family


def find_runs(folder: Path) -> list[RunDirectory]:
    """Return the run directories in a folder, however deep, sorted by their paths; the folder itself may be one.

    Raises
    ------
    InvalidInputError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} is not a folder of runs")
    return [RunDirectory(path.parent) for path in sorted(folder.rglob("config.toml"))]


def describe(run: RunDirectory) -> dict[str, Any]:
    """Return what a list says of a run, as JSON's types; of one that cannot be read, why.

    Returns
    -------
    dict
        ``run`` (its path) and ``state`` (``"trained"``, ``"measured"``, ``"unfinished"`` or ``"damaged"``), with
        ``reason`` where it is damaged; else ``model``, ``data``, ``seed``, ``n_epochs``, ``epochs_done`` and
        ``metrics``, None before it is measured.
    """
    try:
        config, history, metrics = run.config(), run.history(), run.metrics()
        state = "unfinished" if not run.is_trained else "trained" if metrics is None else "measured"
        return {
            "run": str(run.path),
            "state": state,
            "model": config.model,
            "data": config.data,
            "seed": config.parameters.get("random_state"),
            "n_epochs": config.parameters.get("n_epochs"),
            "epochs_done": len(history),
            "metrics": metrics,
        }
    except (HarmoniumError, OSError) as error:
        return {"run": str(run.path), "state": "damaged", "reason": str(error)}


def main_measure(described: dict[str, Any]) -> tuple[str, float] | None:
    """Return the name and the value of what the family of a run measures first; None before it is measured."""
    try:
        name = next(iter(find_family(described["model"]).measures))
        return name, described["metrics"][name]
    except (HarmoniumError, KeyError, TypeError, StopIteration):
        return None
