"""``harmonium reproduce``: the assignment, from the data to the report."""

from __future__ import annotations

from pathlib import Path

from harmonium.assignment.report import check_needs, write_report
from harmonium.cli.terminal import Terminal
from harmonium.data.datasets import load_dataset
from harmonium.data.registry import REGISTRY
from harmonium.report.build import FORMATS


def reproduce_all(
    *,
    seeds: int = 1,
    data: str = "fashion-mnist",
    n_hidden: tuple[int, ...] | None = None,
    n_epochs: int | None = None,
    quick: bool = False,
    runs: Path = Path("runs"),
    report: Path = Path("report"),
) -> None:
    """Train, measure and report the assignment's problems; what is done already is not done again.

    Parameters
    ----------
    seeds
        How many seeds; figures are their means.
    data
        The data set; problem 3 takes MNIST, as the assignment does, unless another is named here.
    n_hidden
        The numbers of hidden units of the RBMs: 10, 50, 100 and 250, or for a quick look 10 and 50.
    n_epochs
        Passes over the data for the RBMs: 25, or for a quick look 2.
    quick
        Less of everything, on the first images of the data: a look at whether all works, no result.
    runs
        Where the run directories are written.
    report
        Where the notebook, the page, the PDF and metrics.json are written.
    """
    console = Terminal()
    check_needs(report, FORMATS)
    if data not in REGISTRY:
        load_dataset(data, "test")
        data = str(Path(data).resolve())  # the notebook is read in another folder
    if n_hidden is None:
        n_hidden = (10, 50) if quick else (10, 50, 100, 250)
    if n_epochs is None:
        n_epochs = 2 if quick else 25
    # imported here, with PyTorch: what is refused above does not wait for it
    from harmonium.assignment.protocol import Assignment
    from harmonium.assignment.time_left import show_time_left
    from harmonium.experiments.one_writer import one_writer, sweep_below

    assignment = Assignment.make(runs, data, seeds, n_hidden, n_epochs)
    assignment.check()
    with one_writer(runs):
        sweep_below(runs)
        if quick:
            assignment = assignment.shortened(runs)
        with show_time_left(assignment, console):
            assignment.solve(console)
            write_report(runs, report, FORMATS, console)
