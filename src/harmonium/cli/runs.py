"""``harmonium runs``: which runs there are, and how they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclopts import App

from harmonium.cli.examples import examples_of
from harmonium.cli.printing import AsJson, print_found

app = App(name="runs", help="List trained runs, or compare some.", help_epilogue=examples_of("runs"))


@app.command(name="list")
def list_runs(folder: Path = Path("runs"), /, *, json: AsJson = False) -> None:
    """List the runs in a folder: state, model, epochs, and what is measured first.

    Parameters
    ----------
    folder
        It is looked through however deep.
    """
    from harmonium.experiments.run_list import describe, find_runs, main_measure

    found = [describe(run) for run in find_runs(folder)]
    rows: list[tuple[str, ...]] = []
    for one in found:
        if one["state"] == "damaged":
            rows.append((one["run"], "damaged", one["reason"]))
            continue
        measure = main_measure(one)
        epochs = f"{one['epochs_done']}/{one['n_epochs']} epochs"
        rows.append((one["run"], one["state"], one["model"], epochs, "" if measure is None else _measure(*measure)))
    print_found({"runs": found}, _table(rows) or [f"there is no run in {folder}"], as_json=json)


@app.command
def compare(*runs: Path, out: Path | None = None, json: AsJson = False) -> None:
    """Say how runs differ: the settings that are not the same, and what was measured.

    Parameters
    ----------
    runs
        Two run directories or more.
    out
        A .png file for the curves: what each epoch of the runs recorded.
    """
    from harmonium.experiments.output_files import PICTURES, check_output

    if out is not None:
        check_output(out, PICTURES)
    from harmonium.experiments.run_comparison import compare as compare_runs
    from harmonium.experiments.run_directory import RunDirectory

    found = compare_runs([RunDirectory(run) for run in runs])
    header = [("", *found["names"])]
    settings = [(name, *map(_value, values)) for name, values in found["settings"].items()]
    metrics = [(name, *map(_value, values)) for name, values in found["metrics"].items()]
    lines = _table([*header, *settings, *metrics])
    if not settings:
        lines.append("the settings are the same")
    if out is not None:
        from harmonium.experiments.run_curves import draw_curves

        draw_curves(out, found["names"], found["histories"])
        found["out"] = str(out)
        lines.append(f"written: {out}")
    print_found(found, lines, as_json=json)


def _measure(name: str, value: Any) -> str:
    return f"{name} {_value(value)}"


def _value(value: Any) -> str:
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines whose columns stand below one another."""
    widths = [0] * max(map(len, rows), default=0)
    for row in rows:
        for k, cell in enumerate(row[:-1]):
            widths[k] = max(widths[k], len(cell))
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
