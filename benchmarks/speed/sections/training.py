"""Seconds an epoch of every solver on every task, in turns."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from contest import Contest, Result
from setting import Setting
from tables import ratio, spread, table
from tasks import TASKS, Task, shorter

TITLE = "Training"
_HEADER = ("", "seconds an epoch", "/ floor", "/ harmonium", "test error a pixel")


def measure(setting: Setting) -> str:
    with Contest(setting.scratch) as contest:
        results = {}
        for task in [shorter(task) for task in TASKS] if setting.quick else TASKS:
            results[task] = contest.run(task)
    draw(results, setting.figures.with_name(f"{setting.figures.name}.png"))
    parts = [
        "Median of the rounds (least–largest); ratios within a round, then the median. After a warm-up, every round is "
        "one turn of each solver; the error is that after as many epochs as there are rounds."
    ]
    for task, of_task in results.items():
        parts += [f"### {task.name}", f"Epochs of {task.data}: {task.n_epochs}.", render(of_task)]
    notes = {result.label: result.note for of_task in results.values() for result in of_task}
    parts.append("\n".join(f"- {label}: {note}." for label, note in notes.items()))
    return "\n\n".join(parts)


def find(results: list[Result], solver: str) -> Result | None:
    return next((result for result in results if result.solver == solver), None)


def render(results: list[Result]) -> str:
    floor, own = find(results, "gemm_floor"), find(results, "harmonium")
    rows = [
        (
            result.label,
            spread(result.seconds),
            ratio(result.ratio_to(floor)),
            ratio(result.ratio_to(own)),
            f"{result.quality:.4f}" if result.quality is not None and result.quality == result.quality else "–",
        )
        for result in results
        if result.seconds
    ]
    failures = [f"Left out: {result.label}: {result.failure}." for result in results if result.failure]
    return "\n\n".join([table(_HEADER, rows), *summary(results), *failures])


def summary(results: list[Result]) -> list[str]:
    floor, own = find(results, "gemm_floor"), find(results, "harmonium")
    if own is None or not own.seconds:
        return []
    of_epochs = median(a / b for a, b in zip(own.seconds, own.in_epochs, strict=True))
    said = [
        f"`fit` takes {ratio(own.ratio_to(floor))} times the floor and {of_epochs:.3f} times as long as its own epochs."
    ]
    others = [result for result in results if result not in (floor, own)]
    for kind, of_kind in (
        ("peer", [result for result in others if result.is_peer]),
        ("plain loop", [result for result in others if not result.is_peer]),
    ):
        ratios = {r.label: of_own for r in of_kind if (of_own := r.ratio_to(own)) is not None}
        if ratios:
            nearest = min(ratios, key=ratios.__getitem__)
            said.append(f"The fastest {kind}, {nearest}, takes {ratios[nearest]:.1f} times as long as `fit`.")
    return [" ".join(said)]


def draw(results: dict[Task, list[Result]], path: Path) -> None:
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    from harmonium.figures.style import COLOURS, style

    with style():
        figure, grid = plt.subplots(2, 4, figsize=(15, 6.5), layout="constrained")
        for axes, (task, of_task) in zip(grid.flat, results.items(), strict=False):
            shown = [result for result in of_task if result.seconds and task.n_epochs]
            values = [median(result.seconds) for result in shown]
            colours = [COLOURS[0] if "harmonium" in r.label else "#999999" for r in shown]
            axes.barh([result.label.split(":")[0] for result in shown], values, color=colours)
            axes.bar_label(axes.containers[0], [f"{value:.3g}" for value in values], padding=3, fontsize=8)
            axes.invert_yaxis()
            axes.set(xlabel="seconds an epoch (log)", xscale="log", xlim=(min(values) / 2, max(values) * 3))
            axes.set_title(task.name, fontsize=10)
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.tick_params(axis="y", labelsize=8)
            axes.grid(axis="y", visible=False)
        for axes in grid.flat[len(results) :]:
            axes.axis("off")
        figure.savefig(path)
        plt.close(figure)
