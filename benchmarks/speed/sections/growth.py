"""How an epoch's cost grows with rows, hidden units and features, beside the floor's own growth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from contest import Contest, Result
from images import write_tiled
from setting import Setting
from tables import number, table
from tasks import Task

from sections.training import find

TITLE = "Growth"
_TASK = Task("growth", "rbm", "tiled", 1, n_hidden=100, negative_phase="mean-visible")
_ROWS_FOR_SIZES = 6400  # fifty batches
_SOLVERS = ("gemm_floor", "harmonium")
_AXES = {
    "rows": (15_000, 30_000, 60_000, 1_000_000),
    "M": (10, 50, 100, 250, 1000, 4096),
    "features": (196, 784, 3072, 12_288),
}
_QUICK = {"rows": (3000, 6000), "M": (10, 250), "features": (196, 784)}


def measure(setting: Setting) -> str:
    measured = {}
    with Contest(setting.scratch) as contest:
        for axis, values in (_QUICK if setting.quick else _AXES).items():
            measured[axis] = [(value, measure_point(setting, contest, axis, value)) for value in values]
    draw(measured, setting.figures.with_name(f"{setting.figures.name}_growth.png"))
    rows = []
    for axis, points in measured.items():
        for value, results in points:
            cells = [number(median(result.seconds)) if result.seconds else "–" for result in results]
            rows.append((f"{axis} = {value:,}", *cells))
        rows.append((f"**slope in {axis}**", *(f"**{slope(points, solver):.2f}**" for solver in _SOLVERS)))
    lead = (
        "CD-1 with v = mean, M = 100, 784 features unless said; seconds an epoch: of the rows given, and for M and "
        f"features of {_ROWS_FOR_SIZES:,} rows. `fit` whole, its checks and scaling included. The slope is that of log "
        "seconds against log size over all points. Images are repeated to the size."
    )
    return lead + "\n\n" + table(("", "floor", "harmonium, fit"), rows)


def measure_point(setting: Setting, contest: Contest, axis: str, value: int) -> list[Result]:
    n_rows = value if axis == "rows" else 1280 if setting.quick else _ROWS_FOR_SIZES
    n_features = value if axis == "features" else 784
    data = f"tiled-{axis}-{value}"
    path = setting.scratch / f"{data}_train.npy"
    X = np.load(setting.scratch / "fashion-mnist_train.npy")
    write_tiled(path, X, n_rows, n_features)
    write_tiled(setting.scratch / f"{data}_test.npy", X, 10, n_features)
    task = replace(_TASK, name=f"{axis} = {value:,}", data=data)
    if axis == "M":
        task = replace(task, n_hidden=value)
    n_rounds = 3 if n_rows > 100_000 else 9  # a fit of few rows takes less than what disturbs it
    results = contest.run(task, n_rounds=1 if setting.quick else n_rounds, only=_SOLVERS)
    path.unlink()
    return results


def curve(points: list[tuple[int, list[Result]]], solver: str) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(value, find(results, solver)) for value, results in points]
    kept = [(value, median(result.seconds)) for value, result in pairs if result is not None and result.seconds]
    return np.array([value for value, _ in kept], dtype=float), np.array([seconds for _, seconds in kept])


def slope(points: list[tuple[int, list[Result]]], solver: str) -> float:
    sizes, seconds = curve(points, solver)
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0]) if len(sizes) > 1 else float("nan")


def draw(measured: dict[str, list[tuple[int, list[Result]]]], path: Path) -> None:
    import matplotlib.pyplot as plt

    from harmonium.figures.style import COLOURS, LINES, MARKERS, style

    with style():
        figure, grid = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
        for axes, (axis, points) in zip(grid, measured.items(), strict=True):
            for k, (solver, label) in enumerate(zip(_SOLVERS, ("floor", "harmonium, fit"), strict=True)):
                sizes, seconds = curve(points, solver)
                named = f"{label}: slope {slope(points, solver):.2f}"
                axes.loglog(
                    sizes, seconds, color=COLOURS[1 - k], marker=MARKERS[k], linestyle=LINES[1 - k], label=named
                )
            axes.set(xlabel=axis, ylabel="seconds an epoch")
            axes.legend()
        figure.savefig(path)
        plt.close(figure)
